/** The derivative of a product of many factors, any of which may be zero. */

import type { NDArray } from "../array.ts";
import { axesExcept, withoutAxes } from "./_axes.ts";
import { previous } from "./_recurrence.ts";
import { mul } from "./arithmetic.ts";
import { sum } from "./broadcast_sum.ts";
import { cumprod } from "./cumulative.ts";
import { reshape, transpose } from "./layout.ts";

/**
 * The tangent of the product of `x` over axes. Each factor's slope is the
 * product of those before it and those after it: nothing is divided by a
 * factor that may be 0, and all of it is differentiable again.
 */
export function productTangent(
  x: NDArray,
  dx: NDArray,
  axes: readonly number[],
): NDArray {
  const factors = withOneAxis(x, axes);
  const axis = factors.ndim - 1;
  const others = (reverse: boolean) =>
    previous(cumprod(factors, axis, reverse), { axis, reverse, nothing: 1 });
  const slopes = mul(others(false), others(true));
  const tangent = sum(mul(withOneAxis(dx, axes), slopes), [axis]);
  return reshape(tangent, withoutAxes(x.shape, axes));
}

/** `x` with some of its axes moved to the end and made one. */
function withOneAxis(x: NDArray, axes: readonly number[]): NDArray {
  const kept = axesExcept(axes, x.ndim);
  const moved = transpose(x, [...kept, ...axes]);
  const extent = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  return reshape(moved, [...kept.map((axis) => x.shape[axis]!), extent]);
}
