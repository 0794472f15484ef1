/** Derivatives of running combinations along an axis. */

import type { NDArray } from "../array.ts";
import { add } from "./addition.ts";
import { mul } from "./arithmetic.ts";
import { compare, select } from "./compare.ts";
import { full, iota, scalar } from "./constants.ts";
import { pad, type Padding } from "./slice_pad.ts";

/** How two values combine, and the derivatives along each of them. */
export interface Combination {
  readonly combine: (x: NDArray, y: NDArray) => NDArray;
  readonly slopes: (
    x: NDArray,
    y: NDArray,
  ) => readonly [alongX: NDArray, alongY: NDArray];
}

/** Along which axis values are combined, and from which end. */
export type Direction = { readonly axis: number; readonly reverse: boolean };

/**
 * The tangent of a running combination: values and tangents are combined with
 * those 1, 2, 4, ... places back (Hillis and Steele 1986, Data parallel
 * algorithms). Each step is differentiable again.
 */
export function runningTangent(
  x: NDArray,
  dx: NDArray,
  { combine, slopes }: Combination,
  direction: Direction,
): NDArray {
  let [value, tangent] = [x, dx];
  for (let by = 1; by < x.shape[direction.axis]!; by *= 2) {
    const before = shifted(value, by, direction);
    const [alongBefore, alongValue] = slopes(before, value);
    const next = add(
      mul(shifted(tangent, by, direction), alongBefore),
      mul(tangent, alongValue),
    );
    const hasBefore = hasNeighbour(x.shape, by, direction);
    tangent = select(hasBefore, next, tangent);
    value = select(hasBefore, combine(before, value), value);
  }
  return tangent;
}

/** Each element's neighbour `by` places back; 0 where there is none. */
function shifted(
  x: NDArray,
  by: number,
  { axis, reverse }: Direction,
): NDArray {
  const move: Padding = reverse ? [-by, by, 0] : [by, -by, 0];
  const config = x.shape.map((_, a): Padding => a === axis ? move : [0, 0, 0]);
  return pad(x, scalar(0, x.dtype), config);
}

function hasNeighbour(
  shape: readonly number[],
  by: number,
  { axis, reverse }: Direction,
): NDArray {
  const position = iota("int32", shape, axis);
  return reverse
    ? compare("lt", position, full(shape, shape[axis]! - by, "int32"))
    : compare("ge", position, full(shape, by, "int32"));
}
