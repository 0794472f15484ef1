/** Runs the examples as a user does: as processes. */

const root = new URL("../../", import.meta.url);

/** What a run of an example left behind. */
export interface ExampleRun {
  readonly code: number;
  /** Standard output and errors. */
  readonly output: string;
}

/**
 * Runs an example in a folder without caches. `stopAfter` interrupts it, as
 * Ctrl-C does, once its output contains that text.
 */
export async function runExample(
  name: string,
  args: readonly string[],
  { stopAfter }: { readonly stopAfter?: string } = {},
): Promise<ExampleRun> {
  const cache = await Deno.makeTempDir();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", `examples/${name}`, ...args],
    cwd: root,
    env: { XDG_CACHE_HOME: cache, NO_COLOR: "1", DENO_DIR: await denoFolder() },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const follow = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const before = output.includes(stopAfter ?? "\0");
      output += text;
      if (!before && output.includes(stopAfter ?? "\0")) child.kill("SIGINT");
    }
  };
  const [{ code }] = await Promise.all([
    child.status,
    follow(child.stdout),
    follow(child.stderr),
  ]);
  await Deno.remove(cache, { recursive: true });
  return { code, output };
}

/** Where Deno keeps packages: another cache folder must not make it fetch them again. */
async function denoFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}
