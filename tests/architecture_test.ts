/** Which file may import which, and that nothing is left untested. */

import { assertEquals } from "@std/assert";

const root = new URL("../", import.meta.url);

/** The folders of the library and what each may import, besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  "mod.ts": ["core", "transforms", "library", "backends", "nn"],
  nn: ["library", "transforms", "core"],
  library: ["transforms", "core"],
  transforms: ["core"],
  backends: ["core"],
  core: [],
};

interface Import {
  readonly from: string;
  readonly to: string;
  /** Whether it is gone once types are erased. */
  readonly isType: boolean;
}

/** Files of the library, relative to its root. */
function sourceFiles(path: string): readonly string[] {
  const url = new URL(path, root);
  try {
    if (Deno.statSync(url).isFile) return [path];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return [...Deno.readDirSync(url)].flatMap(({ name, isDirectory }) => {
    const inner = `${path}/${name}`;
    if (isDirectory) return sourceFiles(inner);
    return name.endsWith(".ts") ? [inner] : [];
  }).sort();
}

const files = Object.keys(ALLOWED).flatMap(sourceFiles);

/** A file's code without comments, whose examples import by other rules. */
function codeOf(file: string): string {
  const text = Deno.readTextFileSync(new URL(file, root));
  return text.replace(/^\s*\/\*\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Static imports and re-exports of a file. */
function importsOf(file: string): readonly Import[] {
  const statement =
    /^(?:import|export)\s+(?:(type)\s+)?(?:([^;"']*?)\s+from\s+)?"([^"]+)"/gm;
  return [...codeOf(file).matchAll(statement)].map(
    ([, type, names, target]) => {
      const inBraces = names?.match(/^\{([^}]*)\}$/)?.[1]?.split(",")
        .map((name) => name.trim()).filter((name) => name !== "");
      const isType = type !== undefined ||
        (inBraces?.every((name) => name.startsWith("type ")) ?? false);
      const isRelative = target!.startsWith(".");
      const to = isRelative
        ? new URL(target!, new URL(file, root)).href.slice(root.href.length)
        : target!;
      return { from: file, to, isType };
    },
  );
}

const imports = files.flatMap(importsOf);

const folderOf = (file: string) => file.split("/")[0]!;
const show = ({ from, to }: Import) => `${from} imports ${to}`;

Deno.test("imports point one way", () => {
  const wrong = imports.filter(({ from, to }) => {
    const [source, target] = [folderOf(from), folderOf(to)];
    return to.endsWith(".ts") && source !== target &&
      !ALLOWED[source]!.includes(target);
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("files of the library import by relative paths only", () => {
  const bare = imports.filter(({ to }) => !to.endsWith(".ts"));
  assertEquals(bare.map(show), []);
});

Deno.test("no imports are cyclic at run time", () => {
  const targets = Map.groupBy(
    imports.filter(({ isType }) => !isType),
    ({ from }) => from,
  );
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
      return;
    }
    if (done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  assertEquals(cycles, []);
});

Deno.test("files say what they are about before anything else", () => {
  const silent = files.filter((file) =>
    !Deno.readTextFileSync(new URL(file, root)).startsWith("/**")
  );
  assertEquals(silent, []);
});

Deno.test("every family of operations is tested", () => {
  const families = sourceFiles("core/ops").filter((file) =>
    !file.split("/").at(-1)!.startsWith("_")
  );
  const tested = new Set(
    sourceFiles("tests").flatMap(importsOf).map(({ to }) => to),
  );
  assertEquals(families.filter((file) => !tested.has(file)), []);
});
