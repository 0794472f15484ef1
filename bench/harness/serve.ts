/** The side of a peer: does what the parent asks, one line at a time. */

import { type Choice, Missing, type PeerTasks, type Prepared } from "./peer.ts";
import { type Answer, linesOf, type Request } from "./protocol.ts";
import { samples, warmUp } from "./timing.ts";

/** How long engines get to warm up, for each mode and for the chosen one. */
const [TRIAL_MS, WARM_MS] = [60, 200];

type Asked = Extract<Request, { readonly do: "prepare" | "first" }>;

/** Answers until the parent closes the pipe. */
export async function serve(
  { version, tasks }: { readonly version: string; readonly tasks: PeerTasks },
): Promise<void> {
  // Libraries that print must not disturb the conversation.
  console.log = console.error;
  const server = new Server(tasks);
  await say({ ready: version });
  for await (const line of linesOf(Deno.stdin.readable)) {
    await say(await server.answer(JSON.parse(line)));
  }
}

async function say(answer: Answer): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(answer) + "\n");
  for (let at = 0; at < bytes.length;) {
    at += await Deno.stdout.write(bytes.subarray(at));
  }
}

class Server {
  private prepared: Prepared | null = null;
  private calls = 1;

  constructor(private readonly tasks: PeerTasks) {}

  async answer(request: Request): Promise<Answer> {
    try {
      switch (request.do) {
        case "prepare":
          return await this.prepare(request);
        case "first":
          return await this.first(request);
        case "time":
          return { times: await this.time(request.seconds) };
        case "release":
          return this.release();
        default:
          return request satisfies never;
      }
    } catch (error) {
      this.release();
      if (error instanceof Missing) return { missing: error.message };
      return { error: `${error}` };
    }
  }

  private async prepare(asked: Asked): Promise<Answer> {
    const given = await this.start(asked);
    const modes = "modes" in given ? given.modes : { "": () => given };
    const best = await fastest(modes);
    this.prepared = best.prepared;
    this.calls = await warmUp(best.prepared, WARM_MS);
    return { check: best.check, mode: best.mode };
  }

  /** The first call of a task whose inputs exist: tracing, compiling, running. */
  private async first(asked: Asked): Promise<Answer> {
    const given = await this.start(asked);
    const { run, finish } = "modes" in given
      ? Object.values(given.modes)[0]!()
      : given;
    const start = performance.now();
    await run();
    await finish?.();
    return { times: [performance.now() - start] };
  }

  private start({ task, sizes }: Asked) {
    const make = this.tasks[task] as
      | ((
        given: typeof sizes,
      ) => Prepared | Choice | Promise<Prepared | Choice>)
      | undefined;
    if (!make) throw new Missing("–");
    return make(sizes);
  }

  private time(seconds: number): Promise<number[]> {
    if (!this.prepared) throw new Error("Nothing is prepared");
    return samples(this.prepared, { calls: this.calls, seconds });
  }

  private release(): Answer {
    this.prepared?.release?.();
    this.prepared = null;
    return { times: [] };
  }
}

/** Tries all modes; what the slower ones hold is freed. */
async function fastest(modes: Choice["modes"]) {
  const names = Object.keys(modes);
  const tried = [];
  for (const mode of names) {
    const prepared = modes[mode]!();
    const check = await prepared.check();
    if (names.length === 1) return { mode, prepared, check };
    const calls = await warmUp(prepared, TRIAL_MS);
    const times = await samples(prepared, { calls, seconds: TRIAL_MS / 1000 });
    tried.push({ mode, prepared, check, time: Math.min(...times) });
  }
  const best = tried.reduce((a, b) => b.time < a.time ? b : a);
  for (const other of tried) if (other !== best) other.prepared.release?.();
  return best;
}
