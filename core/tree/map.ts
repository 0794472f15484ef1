/** Trees made from trees, leaf by leaf. */

import { flatten, flattenUpTo, structure, unflatten } from "./flatten.ts";
import { formatPath } from "./path.ts";
import { pathsOf, type TreeStructure } from "./structure.ts";
import type { LeafOf, Mapped, Path } from "./types.ts";

/**
 * The tree of `f(leaf, ...rest)` over the leaves of `tree`.
 *
 * The trees of `rest` may be deeper than `tree`: `f` then gets their subtrees.
 *
 * @throws {TreeError} If a tree of `rest` has another structure.
 * @example Gradient descent
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [params, grads] = [{ w: [1, 2], b: 3 }, { w: [10, 20], b: 30 }];
 * const updated = map((p, g) => p - g / 10, params, grads);
 * assertEquals(updated, { w: [0, 0], b: 0 });
 * ```
 */
export function map<T, Leaf = LeafOf<T>, Out = Leaf>(
  f: (leaf: Leaf, ...rest: Leaf[]) => Out,
  tree: T,
  ...rest: unknown[]
): Mapped<T, Leaf, Out>;
/** As above, where the leaves of the other trees have types of their own. */
export function map<T, Leaf, Rest extends readonly unknown[], Out>(
  f: (leaf: Leaf, ...rest: Rest) => Out,
  tree: T,
  ...rest: { readonly [I in keyof Rest]: unknown }
): Mapped<T, Leaf, Out>;
export function map(
  f: (...leaves: unknown[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const { leaves, structure } = flatten<unknown, unknown>(tree);
  const others = rest.map((other) => flattenUpTo(structure, other));
  const outs = leaves.map((leaf, i) => f(leaf, ...others.map((o) => o[i])));
  return unflatten(structure, outs);
}

/**
 * The tree of `f(path, leaf, ...rest)` over the leaves of `tree`.
 *
 * @throws {TreeError} If a tree of `rest` has another structure.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const named = mapWithPath((path) => path.join("/"), { w: [1, 2] });
 * assertEquals(named, { w: ["w/0", "w/1"] });
 * ```
 */
export function mapWithPath<T, Leaf = LeafOf<T>, Out = Leaf>(
  f: (path: Path, leaf: Leaf, ...rest: Leaf[]) => Out,
  tree: T,
  ...rest: unknown[]
): Mapped<T, Leaf, Out>;
/** As above, where the leaves of the other trees have types of their own. */
export function mapWithPath<T, Leaf, Rest extends readonly unknown[], Out>(
  f: (path: Path, leaf: Leaf, ...rest: Rest) => Out,
  tree: T,
  ...rest: { readonly [I in keyof Rest]: unknown }
): Mapped<T, Leaf, Out>;
export function mapWithPath(
  f: (path: Path, ...leaves: unknown[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const paths = pathsOf(structure(tree))[Symbol.iterator]();
  const next = (...leaves: unknown[]) => f(paths.next().value!, ...leaves);
  return map(next, tree, ...rest);
}

/**
 * Turns a tree of structure `outer`, whose leaves are trees of structure
 * `inner`, inside out.
 *
 * @throws {TreeError} If `tree` has another structure.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tree } from "@dinograd/dinograd";
 *
 * const pair = tree.structure([0, 0]);
 * const record = tree.structure({ x: 0, y: 0 });
 * const points = [{ x: 1, y: 2 }, { x: 3, y: 4 }];
 * assertEquals(transpose(pair, record, points), { x: [1, 3], y: [2, 4] });
 * ```
 */
export function transpose<T = unknown>(
  outer: TreeStructure,
  inner: TreeStructure,
  tree: unknown,
): T {
  const paths = pathsOf(outer);
  const rows = flattenUpTo(outer, tree).map((subtree, i) =>
    flattenUpTo(inner, subtree, { name: formatPath(paths[i]!) })
  );
  const columns = Array.from(
    { length: inner.leafCount },
    (_, j) => unflatten(outer, rows.map((row) => row[j])),
  );
  return unflatten(inner, columns);
}
