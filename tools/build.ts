/**
 * Makes `dist/dinograd.js`: all that users import, in one file that loads fast.
 *
 *     deno task build
 *
 * The bundler puts all modules into one. Those that a short script does not need
 * are then evaluated when they are first used, names are minified, and what such a
 * script calls is compiled at once. Which functions that are is measured.
 */

import { modulesOf, parseBundle } from "./bundle.ts";
import { functionsCalledBy } from "./coverage.ts";
import { runDeno } from "./deno.ts";
import { withEagerFunctions } from "./eager_functions.ts";
import { eagerModules, evaluatorOf, withLazyModules } from "./lazy_modules.ts";
import { withPublicNames } from "./names.ts";

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
  const called = (code: string) =>
    functionsCalledBy(SHORT_SCRIPT, code, folder);
  const whole = parseBundle(await runDeno(...BUNDLE, "--keep-names", "mod.ts"));
  const named = parseBundle(withPublicNames(whole));

  const necessary = eagerModules(named);
  const evaluators = new Set(
    (await called(withLazyModules(named, necessary))).map(({ name }) => name),
  );
  const used = modulesOf(named).filter((path) =>
    evaluators.has(evaluatorOf(path))
  );
  const lazy = withLazyModules(named, necessary.union(new Set(used)));

  const path = `${folder}/lazy.js`;
  await Deno.writeTextFile(path, lazy);
  const minified = await runDeno(...BUNDLE, "--minify", path);
  const starts = new Set((await called(minified)).map(({ start }) => start));
  await write(HEADER + withEagerFunctions(minified, starts));
}

async function write(text: string): Promise<void> {
  await Deno.mkdir(new URL(".", output), { recursive: true });
  const part = new URL("dinograd.js.part", output);
  await Deno.writeTextFile(part, text);
  await Deno.rename(part, output);
}

const folder = await Deno.makeTempDir();
try {
  await build(folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
