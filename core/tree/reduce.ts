/** One value made from the leaves of a tree. */

import { leaves } from "./flatten.ts";

/**
 * Folds the leaves of `tree` from the left, as `Array.reduce` does.
 *
 * @throws {TypeError} If there is neither a leaf nor an initial value.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const count = reduce((n: number, x: number) => n + x, { a: 1, b: [2] }, 0);
 * assertEquals(count, 3);
 * ```
 */
export function reduce<Leaf>(
  f: (accumulated: Leaf, leaf: Leaf) => Leaf,
  tree: unknown,
): Leaf;
/** As above, from an initial value. */
export function reduce<Leaf, Out>(
  f: (accumulated: Out, leaf: Leaf) => Out,
  tree: unknown,
  initial: Out,
): Out;
export function reduce(
  f: (accumulated: unknown, leaf: unknown) => unknown,
  tree: unknown,
  ...initial: [unknown?]
): unknown {
  const all = leaves<unknown, unknown>(tree);
  const step = (accumulated: unknown, leaf: unknown) => f(accumulated, leaf);
  return initial.length > 0 ? all.reduce(step, initial[0]) : all.reduce(step);
}

/**
 * Whether `predicate` holds of every leaf of `tree`; by default, whether every
 * leaf is truthy.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(all({ a: true, b: [1, "x"] }), true);
 * assertEquals(all([1, 2], (x: number) => x > 1), false);
 * ```
 */
export function all<Leaf>(
  tree: unknown,
  predicate: (leaf: Leaf) => unknown = Boolean,
): boolean {
  return leaves<unknown, Leaf>(tree).every(predicate);
}
