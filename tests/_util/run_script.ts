/** Runs scripts as users write them: away from this folder and its settings. */

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

/** What a script prints that has no permission beyond `flags`, and ends by itself. */
export async function runScript(
  text: string,
  flags: readonly string[] = [],
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/script.ts`;
    await Deno.writeTextFile(script, text);
    const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-config",
        "--no-check",
        ...flags,
        script,
      ],
      cwd: folder,
      signal: AbortSignal.timeout(60_000),
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Does something while the files of the project can be had from a host. */
export async function whileServed<T>(
  f: (host: string) => Promise<T>,
): Promise<T> {
  const server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
  }, async (request) => {
    const path = new URL(request.url).pathname;
    const body = await Deno.readTextFile(new URL(`.${path}`, root)).catch(() =>
      null
    );
    return body === null
      ? new Response("not found", { status: 404 })
      : new Response(body, {
        headers: { "content-type": "application/typescript" },
      });
  });
  try {
    return await f(`127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}
