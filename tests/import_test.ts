import { assertEquals, assertStringIncludes } from "@std/assert";
import * as sources from "../mod.ts";

// What a user's script sees: the library by URL, no import map, no permissions
// beyond the import itself, and a process that ends by itself.

const root = new URL("../", import.meta.url);

/** Runs a script that imports the library from `url`, away from our configuration. */
async function runScript(
  url: string,
  flags: readonly string[],
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/script.ts`;
    await Deno.writeTextFile(
      script,
      `import { grad, jit, numpy as np } from "${url}";
       const f = jit((x) => np.sum(np.multiply(x, x)));
       console.log(JSON.stringify(grad(f)(np.array([1, 2, 3])).js()));`,
    );
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

Deno.test("a script that imports mod.ts by file URL needs no permission and ends", async () => {
  assertStringIncludes(
    await runScript(new URL("mod.ts", root).href, []),
    "[2,4,6]",
  );
});

Deno.test("a script that imports mod.ts by http URL needs no permission and ends", async () => {
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
  const host = `127.0.0.1:${server.addr.port}`;
  try {
    const out = await runScript(`http://${host}/mod.ts`, [
      `--allow-import=${host}`,
    ]);
    assertStringIncludes(out, "[2,4,6]");
  } finally {
    await server.shutdown();
  }
});

Deno.test("the file that is delivered has all names of the sources, and needs no permission", async () => {
  const build = new Deno.Command(Deno.execPath(), {
    args: ["task", "build"],
    cwd: root,
  });
  const { code, stderr } = await build.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { href } = new URL("dist/dinograd.js", root);
  assertEquals(namesIn(await import(href)), namesIn(sources));
  assertStringIncludes(await runScript(href, []), "[2,4,6]");
});

/**
 * Where everything is and what it calls itself: names of classes are saved with
 * trees and names of functions are in messages, so they must survive.
 */
function namesIn(module: object, path = ""): readonly string[] {
  return Object.entries(module).flatMap(([key, value]) => {
    const here = `${path}.${key}`;
    if (value && typeof value === "object") return namesIn(value, here);
    return [typeof value === "function" ? `${here} = ${value.name}` : here];
  }).sort();
}
