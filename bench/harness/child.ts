/** The parent's side of one peer: a process that is asked and answers. */

import { type Answer, linesOf, type Request } from "./protocol.ts";

/** How a peer is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How much of what a peer prints is kept, for the message when it fails. */
const KEPT_OUTPUT = 2000;

/** A peer's process. */
export class Child implements AsyncDisposable {
  /** What its library calls its version. */
  version = "";
  private readonly process: Deno.ChildProcess;
  private readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  private readonly lines: AsyncGenerator<string>;
  private complaints = "";
  private readonly drained: Promise<void>;

  private constructor({ command, args, env = {} }: Launch) {
    this.process = new Deno.Command(command, {
      args: [...args],
      env: { ...env, NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.writer = this.process.stdin.getWriter();
    this.lines = linesOf(this.process.stdout);
    this.drained = this.listen();
  }

  /** A process that has said it is ready. */
  static async start(launch: Launch, seconds: number): Promise<Child> {
    const child = new Child(launch);
    const answer = await child.next(seconds);
    if ("ready" in answer) child.version = answer.ready;
    else throw new Error("error" in answer ? answer.error : "Did not start");
    return child;
  }

  /** Asks, and kills the process if it has not answered in time. */
  async ask(request: Request, seconds: number): Promise<Answer> {
    try {
      const line = JSON.stringify(request) + "\n";
      await this.writer.write(new TextEncoder().encode(line));
    } catch {
      return { error: `ended: ${this.complaints.trim()}` };
    }
    return await this.next(seconds);
  }

  private async next(seconds: number): Promise<Answer> {
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      this.kill();
    }, 1000 * seconds);
    try {
      for (;;) {
        const { value, done } = await this.lines.next();
        if (timedOut) return { error: `took more than ${seconds} s` };
        if (done) {
          await this.drained;
          return { error: `ended: ${this.complaints.trim()}` };
        }
        if (value.startsWith("{")) return JSON.parse(value);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  private async listen(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of this.process.stderr) {
      const text = this.complaints + decoder.decode(bytes, { stream: true });
      this.complaints = text.slice(-KEPT_OUTPUT);
    }
  }

  private kill(): void {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It had ended by itself.
    }
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.process.status;
    await this.drained;
    await this.writer.close().catch(() => {});
    await this.lines.return(undefined).catch(() => {});
  }
}
