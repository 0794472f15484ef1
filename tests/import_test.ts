import { assertEquals, assertStringIncludes } from "@std/assert";
import * as sources from "../mod.ts";
import { runScript, whileServed } from "./_util/run_script.ts";

// What a user's script sees: the library by URL, no import map, no permissions
// beyond the import itself, and a process that ends by itself.

const root = new URL("../", import.meta.url);

/** A script that imports the library from `url`. */
const scriptFrom = (url: string) => `
  import { grad, jit, numpy as np } from "${url}";
  const f = jit((x) => np.sum(np.multiply(x, x)));
  console.log(JSON.stringify(grad(f)(np.array([1, 2, 3])).js()));
`;

Deno.test("a script that imports mod.ts by file URL needs no permission and ends", async () => {
  const script = scriptFrom(new URL("mod.ts", root).href);
  assertStringIncludes(await runScript(script), "[2,4,6]");
});

Deno.test("a script that imports mod.ts by http URL needs no permission and ends", () =>
  whileServed(async (host) => {
    const script = scriptFrom(`http://${host}/mod.ts`);
    const out = await runScript(script, [`--allow-import=${host}`]);
    assertStringIncludes(out, "[2,4,6]");
  }));

Deno.test("the file that is delivered has all names of the sources, and needs no permission", async () => {
  const build = new Deno.Command(Deno.execPath(), {
    args: ["task", "build"],
    cwd: root,
  });
  const { code, stderr } = await build.output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { href } = new URL("dist/dinograd.js", root);
  const [expected, delivered] = [sources, await import(href)].map(membersOf);
  assertEquals([...delivered!.keys()], [...expected!.keys()]);
  // Names of classes are saved with trees and names of functions are in messages.
  const keys = new Set(
    [...expected!.keys()].map((path) => path.split(".").at(-1)),
  );
  for (const [path, name] of expected!) {
    if (keys.has(name)) assertEquals(delivered!.get(path), name);
  }
  assertStringIncludes(await runScript(scriptFrom(href)), "[2,4,6]");
  // So are names of functions within, and nothing is late.
  const jaxprOf = ({ makeJaxpr, nn, numpy: np }: typeof sources) =>
    String(makeJaxpr((x) => nn.logSoftmax(nn.softmax(x)))(np.ones([2])));
  const [expectedText, deliveredText] = [sources, await import(href)]
    .map(jaxprOf);
  assertEquals(deliveredText, expectedText);
  assertStringIncludes(await runScript(waitingScript(href)), "timer");
});

/** A script in which a timer is due when the first data is asked for. */
const waitingScript = (url: string) => `
  import { numpy as np } from "${url}";
  const x = np.ones([2]).add(1);
  let what = "nothing";
  setTimeout(() => what = "timer", 0);
  for (const end = Date.now() + 50; Date.now() < end;);
  await x.data();
  console.log(what);
`;

/** Everything in a module by its path, with what it calls itself. */
function membersOf(module: object): ReadonlyMap<string, string> {
  const inner = (value: object, path: string): [string, string][] =>
    Object.entries(value).flatMap(([key, value]) => {
      const here = path === "" ? key : `${path}.${key}`;
      return value && typeof value === "object"
        ? inner(value, here)
        : [[here, value?.name]];
    });
  return new Map(inner(module, "").sort(([a], [b]) => a < b ? -1 : 1));
}
