/** Which modules of a bundle a script needs. */

import type { Bundle } from "./bundle.ts";
import { runDeno } from "./deno.ts";
import { eagerModules, withLazyModules } from "./lazy_modules.ts";

/**
 * Paths of the modules that are evaluated when all that can be lazy are, and
 * `script` runs, which finds the library in the variable `library`.
 */
export async function modulesUsedBy(
  script: string,
  bundle: Bundle,
  folder: string,
): Promise<ReadonlySet<string>> {
  const eager = eagerModules(bundle);
  const code = withLazyModules(
    bundle,
    eager,
    (path) => `(globalThis.evaluated ??= []).push(${JSON.stringify(path)});`,
  );
  await Deno.writeTextFile(`${folder}/all_lazy.js`, code);
  await Deno.writeTextFile(
    `${folder}/script.js`,
    `import * as library from "./all_lazy.js";\n${script}\n` +
      `console.log(JSON.stringify(globalThis.evaluated));\n`,
  );
  const printed = await runDeno("run", "--no-config", `${folder}/script.js`);
  return eager.union(new Set<string>(JSON.parse(printed)));
}
