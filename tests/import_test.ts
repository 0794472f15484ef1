import { assertEquals, assertStringIncludes } from "@std/assert";

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
