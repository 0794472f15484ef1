/**
 * Runs the examples in the docs on what is delivered, `dist/dinograd.js`.
 *
 *     deno task build && deno task test:delivered
 */

import config from "../deno.json" with { type: "json" };

const root = new URL("../", import.meta.url);
const { href } = new URL("dist/dinograd.js", root);
const imports = { ...config.imports, "@dinograd/dinograd": href };
const map = encodeURIComponent(JSON.stringify({ imports }));

const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "-A",
    "--no-check",
    "--doc",
    "--parallel",
    `--import-map=data:application/json,${map}`,
    ...["README.md", "mod.ts", "library", "nn", "transforms"],
  ],
  cwd: root,
}).spawn().status;
Deno.exit(code);
