/** Random orders. */

import { NDArray } from "../../core/array.ts";
import { iota } from "../../core/ops/constants.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { checkCount, shuffled, taken } from "./_order.ts";
import { checkKey, type Key } from "./key.ts";

/** How `permutation` shuffles. */
export type PermutationOptions = {
  /** Along which axis: the first. */
  readonly axis?: number;
  /** Whether each column along the axis has an order of its own: no. */
  readonly independent?: boolean;
};

const shuffle = inlined(
  "permutation",
  2,
  (
    [key, x]: readonly [NDArray, NDArray],
    axis: number,
    independent: boolean,
  ) => {
    if (independent || x.ndim === 1) return shuffled(key, x, axis);
    const order = shuffled(key, iota("int32", [x.shape[axis]!], 0), 0);
    return taken(x, order, axis);
  },
);

const shuffleRange = inlined(
  "permutation",
  1,
  ([key]: readonly [NDArray], size: number) =>
    shuffled(key, iota("int32", [size], 0), 0),
);

/**
 * The elements of `x` in random order along an axis, or the integers below `x`.
 * The orders of JAX.
 *
 * @throws {RangeError} If `x` is no count, or the axis outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const order = random.permutation(random.key(42), 10);
 * assertEquals(order.js(), [7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
 * ```
 */
export function permutation(
  key: Key,
  x: number | NDArray,
  { axis = 0, independent = false }: PermutationOptions = {},
): NDArray {
  checkKey(key, "shuffle with");
  if (x instanceof NDArray) {
    return shuffle(
      key,
      x,
      axisOf("permutation", axis, x.ndim),
      independent,
    );
  }
  checkCount(x, "shuffle");
  return shuffleRange(key, x);
}
