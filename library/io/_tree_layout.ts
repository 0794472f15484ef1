/** The structure of a tree as JSON, and the names of its leaves in a file. */

import { TreeError } from "../../core/errors.ts";
import { formatPath, type Path, type TreeStructure } from "../../core/tree.ts";
import { SafetensorsError } from "./safetensors_format.ts";

/** A tree without its leaves, as JSON. Instances of classes keep only the name. */
export type TreeLayout =
  | "*"
  | "undefined"
  | null
  | readonly TreeLayout[]
  | { readonly object: Readonly<Record<string, TreeLayout>> }
  | { readonly class: string };

/** The layout of a tree of this structure. */
export function recorded({ root, children }: TreeStructure): TreeLayout {
  if (root === null) return "*";
  const { container, keys } = root;
  switch (container) {
    case "null":
      return null;
    case "undefined":
      return "undefined";
    case "array":
      return children.map(recorded);
    case "object": {
      const fields = keys!.map((key, i) => [key, recorded(children[i]!)]);
      return { object: Object.fromEntries(fields) };
    }
    default:
      return { class: container.name };
  }
}

/** The tree of this layout, its leaves taken by name. `file` is for messages. */
export function rebuilt<Leaf>(
  layout: TreeLayout,
  leaves: ReadonlyMap<string, Leaf>,
  file: string,
): unknown {
  const build = (node: TreeLayout, path: Path): unknown => {
    if (node === null) return null;
    if (node === "undefined") return undefined;
    if (node === "*") return leafAt(path);
    if (Array.isArray(node)) {
      return node.map((child, i) => build(child, [...path, i]));
    }
    if ("object" in node) {
      return Object.fromEntries(
        Object.entries(node.object).map((
          [key, child],
        ) => [key, build(child, [...path, key])]),
      );
    }
    throw new TreeError(
      `Cannot load ${file}: ${formatPath(path)} was an instance of class ` +
        `${"class" in node ? node.class : "?"}, which a file does not hold. ` +
        `Give a tree with one as the option like`,
    );
  };
  const leafAt = (path: Path) => {
    const leaf = leaves.get(nameOf(path));
    if (leaf !== undefined) return leaf;
    throw new SafetensorsError(
      `Cannot read safetensors file: its structure has ${formatPath(path)}, ` +
        `and there is no tensor ${nameOf(path)} (${file})`,
    );
  };
  return build(layout, []);
}

/** The name of the leaf at `path`: `layers.0.weight`. A dot in a key is `\.`. */
export function nameOf(path: Path): string {
  if (path.length === 0) return "value"; // the tree is one leaf
  return path.map((key) => String(key).replaceAll(/[\\.]/g, "\\$&")).join(".");
}
