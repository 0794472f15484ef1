/** Trees taken apart into leaves and structure, and put together again. */

import { TreeError } from "../errors.ts";
import { close, open, type Opened, type Root } from "./node.ts";
import { formatPath, spellKey } from "./path.ts";
import { LEAF, nameOf, pathsOf, sameRoot, TreeStructure } from "./structure.ts";
import type { IsLeaf, LeafOf, Path } from "./types.ts";

/** A tree taken apart. */
export interface Flattened<Leaf> {
  /** The leaves, depth first. */
  readonly leaves: Leaf[];
  /** All else. */
  readonly structure: TreeStructure;
}

/**
 * Takes `tree` apart; {@linkcode unflatten} is the inverse.
 *
 * `isLeaf` is asked of every node first, `null` and `undefined` included.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { leaves, structure } = flatten({ b: [2, 3], a: 1 });
 * assertEquals(leaves, [1, 2, 3]);
 * assertEquals(String(structure), "TreeStructure({ a: *, b: [*, *] })");
 * ```
 */
export function flatten<T, Leaf = LeafOf<T>>(
  tree: T,
  isLeaf?: IsLeaf,
): Flattened<Leaf> {
  const leaves: Leaf[] = [];
  return { leaves, structure: collect(tree, leaves, isLeaf) };
}

/** Appends the leaves of `node`; gives its structure. */
function collect(
  node: unknown,
  leaves: unknown[],
  isLeaf: IsLeaf | undefined,
): TreeStructure {
  const level = isLeaf?.(node) ? null : open(node);
  if (level === null) {
    leaves.push(node);
    return LEAF;
  }
  const structures = new Array<TreeStructure>(level.children.length);
  for (let i = 0; i < structures.length; i++) {
    structures[i] = collect(level.children[i], leaves, isLeaf);
  }
  return new TreeStructure(level.root, structures);
}

/**
 * The tree of this `structure` with these `leaves`.
 *
 * @throws {TreeError} If there are more or fewer leaves than the structure has.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const pair = structure({ a: 0, b: [0] });
 * assertEquals(unflatten(pair, ["x", "y"]), { a: "x", b: ["y"] });
 * ```
 */
export function unflatten<T = unknown>(
  structure: TreeStructure,
  leaves: readonly unknown[],
): T {
  if (leaves.length !== structure.leafCount) {
    throw new TreeError(
      `Cannot unflatten ${leaves.length} leaves into ${structure}: needs ` +
        `${structure.leafCount}, in the order in which flatten() gives them`,
    );
  }
  if (structure.root === null) return leaves[0] as T;
  let used = 0;
  const build = ({ root, children }: TreeStructure): unknown =>
    root ? close(root, children.map(build)) : leaves[used++];
  return build(structure) as T;
}

/**
 * The structure of `tree`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(structure({ a: 1 }).equals(structure({ a: 2 })), true);
 * assertEquals(structure([1, null]).leafCount, 1);
 * ```
 */
export function structure(tree: unknown, isLeaf?: IsLeaf): TreeStructure {
  return flatten(tree, isLeaf).structure;
}

/**
 * The leaves of `tree`, depth first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(leaves([1, { y: 3, x: 2 }, null]), [1, 2, 3]);
 * ```
 */
export function leaves<T, Leaf = LeafOf<T>>(tree: T, isLeaf?: IsLeaf): Leaf[] {
  return flatten<T, Leaf>(tree, isLeaf).leaves;
}

/**
 * As {@linkcode flatten}, with the path of each leaf before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { leaves } = flattenWithPath({ w: [5, 6] });
 * assertEquals(leaves, [[["w", 0], 5], [["w", 1], 6]]);
 * ```
 */
export function flattenWithPath<T, Leaf = LeafOf<T>>(
  tree: T,
  isLeaf?: IsLeaf,
): Flattened<readonly [path: Path, leaf: Leaf]> {
  const { leaves, structure } = flatten<T, Leaf>(tree, isLeaf);
  const paths = pathsOf(structure);
  return { leaves: leaves.map((leaf, i) => [paths[i]!, leaf]), structure };
}

/**
 * The subtrees of `tree` at the leaves of `structure`, which must be the
 * structure of `tree` or of its upper part. `name` is what messages call `tree`,
 * and `first` what they call the one of the structure.
 *
 * @throws {TreeError} If it is not; the message has the path of the difference.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const pair = structure([0, 0]);
 * assertEquals(flattenUpTo(pair, [{ a: 1 }, 2]), [{ a: 1 }, 2]);
 * assertThrows(
 *   () => flattenUpTo(pair, [1], { name: "inAxes" }),
 *   TypeError,
 *   "inAxes is an array of length 1",
 * );
 * ```
 */
export function flattenUpTo(
  structure: TreeStructure,
  tree: unknown,
  { name = "tree", first = "the first tree" }: {
    readonly name?: string;
    readonly first?: string;
  } = {},
): unknown[] {
  const subtrees: unknown[] = [];
  const visit = (expected: TreeStructure, node: unknown, path: Path) => {
    const { root, children } = expected;
    if (root === null) {
      subtrees.push(node);
      return;
    }
    const level = open(node);
    if (
      level === null || !sameRoot(root, level.root) ||
      level.children.length !== children.length
    ) {
      throw mismatch(expected, level, formatPath(path, name), first);
    }
    for (let i = 0; i < children.length; i++) {
      visit(children[i]!, level.children[i], [...path, root.keys?.[i] ?? i]);
    }
  };
  visit(structure, tree, []);
  return subtrees;
}

function mismatch(
  { root, children }: TreeStructure,
  level: Opened | null,
  where: string,
  first: string,
): TreeError {
  const is = level ? describe(level.root, level.children.length) : "a leaf";
  const needed = describe(root!, children.length);
  return new TreeError(
    is === needed
      ? `Cannot match trees: the static data of ${where} (${is}) differ from ` +
        `those at the same place of ${first}. Make both from one value`
      : `Cannot match trees: ${where} is ${is}, but ${first} has ` +
        `${needed} there. Give both the same structure`,
  );
}

/** Names one level of a tree: `an object with keys a, b`. */
function describe({ container, keys }: Root, length: number): string {
  if (container === "null" || container === "undefined") return container;
  const article = container === "array" || container === "object" ? "an" : "a";
  const what = `${article} ${nameOf(container)}`;
  if (keys === null) return `${what} of length ${length}`;
  if (keys.length === 0) return `${what} without keys`;
  return `${what} with keys ${keys.map(spellKey).join(", ")}`;
}
