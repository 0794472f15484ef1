/**
 * Makes `dist/dinograd.js`: all that users import, in one file that loads fast.
 *
 *     deno task build
 *
 * The bundler puts all modules into one. Those that a short script does not need
 * are then evaluated when they are first used, and names are minified.
 */

import { parseBundle } from "./bundle.ts";
import { runDeno } from "./deno.ts";
import { withLazyModules } from "./lazy_modules.ts";
import { withPublicNames } from "./names.ts";
import { modulesUsedBy } from "./start.ts";

const root = new URL("../", import.meta.url);
const output = new URL("dist/dinograd.js", root);

/** What should be there at once: the least that a script does. */
const SHORT_SCRIPT = `
  const { numpy: np } = library;
  np.array([1, 2, 3]).add(np.array([4, 5, 6])).js();
`;

/** Types are those of the sources. */
const HEADER = '// @ts-self-types="../mod.ts"\n';

const BUNDLE = ["bundle", "--quiet"];

async function build(folder: string): Promise<void> {
  const whole = parseBundle(await runDeno(...BUNDLE, "--keep-names", "mod.ts"));
  const named = parseBundle(withPublicNames(whole));
  const used = await modulesUsedBy(SHORT_SCRIPT, named, folder);
  const lazy = `${folder}/lazy.js`;
  await Deno.writeTextFile(lazy, withLazyModules(named, used));
  const minified = await runDeno(...BUNDLE, "--minify", lazy);
  await Deno.mkdir(new URL(".", output), { recursive: true });
  const part = new URL("dinograd.js.part", output);
  await Deno.writeTextFile(part, HEADER + minified);
  await Deno.rename(part, output);
}

const folder = await Deno.makeTempDir();
try {
  await build(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
