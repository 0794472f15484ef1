/** The derivative of a product of many factors, any of which may be zero. */

import type { NDArray } from "../array.ts";
import type { Tangent } from "../primitive.ts";
import { axesExcept, withoutAxes } from "./_axes.ts";
import { add } from "./addition.ts";
import { mul } from "./arithmetic.ts";
import { scalar } from "./constants.ts";
import { reshape, transpose } from "./layout.ts";
import { pad, type Padding, slice } from "./slice_pad.ts";

/**
 * The tangent of the product of `x` over axes. Factors are multiplied in
 * pairs, then these, and so on: nothing is divided by a factor that may be 0,
 * and each step is differentiable again.
 */
export function productTangent(
  x: NDArray,
  dx: NDArray,
  axes: readonly number[],
): Tangent {
  let factors = lastAxis(x, axes);
  let tangents = lastAxis(dx, axes);
  if (factors.shape.at(-1) === 0) return null;
  while (factors.shape.at(-1)! > 1) {
    const [left, right] = halves(factors, 1);
    const [dLeft, dRight] = halves(tangents, 0);
    factors = mul(left, right);
    tangents = add(mul(dLeft, right), mul(left, dRight));
  }
  return reshape(tangents, withoutAxes(x.shape, axes));
}

/** `x` with some of its axes moved to the end and made one. */
function lastAxis(x: NDArray, axes: readonly number[]): NDArray {
  const kept = axesExcept(axes, x.ndim);
  const moved = transpose(x, [...kept, ...axes]);
  const extent = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  return reshape(moved, [...kept.map((axis) => x.shape[axis]!), extent]);
}

/** Both halves of the last axis; the second is filled up where it is shorter. */
function halves(
  x: NDArray,
  filler: number,
): readonly [left: NDArray, right: NDArray] {
  const [extent, outer] = [x.shape.at(-1)!, x.shape.slice(0, -1)];
  const half = Math.ceil(extent / 2);
  const zeros = outer.map(() => 0);
  const left = slice(x, [...zeros, 0], [...outer, half]);
  const right = slice(x, [...zeros, half], x.shape);
  const missing: Padding = [0, 2 * half - extent, 0];
  const config = [...outer.map((): Padding => [0, 0, 0]), missing];
  return [left, pad(right, scalar(filler, x.dtype), config)];
}
