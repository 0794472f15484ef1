/** Which functions of the library a script calls. */

import { runDeno } from "./deno.ts";

/** A function that was called, by its name and where it begins. */
export interface CalledFunction {
  readonly name: string;
  readonly start: number;
}

/** What `deno run --coverage` writes of a file, as far as it matters here. */
interface FileCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly {
      readonly startOffset: number;
      readonly count: number;
    }[];
  }[];
}

/**
 * The functions of `code` that are called when `script` runs, which finds the
 * exports of `code` in the variable `library`. Files are left in `folder`.
 */
export async function functionsCalledBy(
  script: string,
  code: string,
  folder: string,
): Promise<readonly CalledFunction[]> {
  await Deno.writeTextFile(`${folder}/library.js`, code);
  const main = `${folder}/script.js`;
  const imports = 'import * as library from "./library.js";';
  await Deno.writeTextFile(main, `${imports}\n${script}\n`);
  const reports = await Deno.makeTempDir({ dir: folder });
  await runDeno("run", "--no-config", `--coverage=${reports}`, main);
  for await (const { name } of Deno.readDir(reports)) {
    const text = await Deno.readTextFile(`${reports}/${name}`);
    const { url, functions }: FileCoverage = JSON.parse(text);
    if (!url.endsWith("/library.js")) continue;
    return functions.filter(({ ranges: [whole] }) => whole!.count > 0).map(
      ({ functionName, ranges: [whole] }) => ({
        name: functionName,
        start: whole!.startOffset,
      }),
    );
  }
  throw new Error(`Cannot find what ${script} calls: no report in ${reports}`);
}
