/** Arrays scaled to variance 1 or mean square 1. */

import type { ArrayLike, NDArray } from "../core/array.ts";
import type { Axes } from "../core/methods.ts";
import { rsqrt } from "../core/ops/power.ts";
import * as np from "../library/numpy/mod.ts";
import { customJvp } from "../transforms/custom_jvp.ts";
import { inlined } from "../transforms/inlined.ts";

const KEPT = { keepdims: true } as const;

/** Over which axes, and what is added to the mean square. */
type Scaling = {
  readonly axis: Axes;
  readonly epsilon: number;
  /** Whether the mean is taken away first. */
  readonly isCentered: boolean;
};

/** What is scaled, and by what: the reciprocal of its root mean square. */
function factors(
  x: NDArray,
  { axis, epsilon, isCentered }: Scaling,
): readonly [NDArray, NDArray] {
  const y = isCentered ? np.subtract(x, np.mean(x, axis, KEPT)) : x;
  const square = np.mean(np.square(y), axis, KEPT);
  return [y, rsqrt(np.add(square, epsilon))];
}

/** The derivative is one of the result and of the factors: only they are kept for it. */
const scaledToUnit = customJvp(
  function standardize(x: NDArray, scaling: Scaling) {
    const [y, factor] = factors(x, scaling);
    return np.multiply(y, factor);
  },
  { nondiffArgnums: 1 },
);
scaledToUnit.defjvp(
  (scaling: Scaling, [x]: [NDArray], [dx]: [NDArray]) => {
    const { axis, isCentered } = scaling;
    const [, factor] = factors(x, scaling);
    const y = scaledToUnit(x, scaling);
    const along = np.multiply(y, np.mean(np.multiply(y, dx), axis, KEPT));
    const moved = isCentered ? np.subtract(dx, np.mean(dx, axis, KEPT)) : dx;
    return [y, np.multiply(factor, np.subtract(moved, along))];
  },
);

const unitOf = inlined(
  "standardize",
  1,
  ([x], axis: Axes, epsilon: number, isCentered: boolean) =>
    scaledToUnit(x, { axis, epsilon, isCentered }),
);

/** Added to the variance. */
export type EpsilonOptions = { readonly epsilon?: number };

/**
 * `x` with mean 0 and variance 1 over an axis or several.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const x = np.array([1, 3]);
 * assertEquals(nn.standardize(x, -1, { epsilon: 0 }).js(), [-1, 1]);
 * ```
 */
export function standardize(
  x: ArrayLike,
  axis: Axes = -1,
  { epsilon = 1e-5 }: EpsilonOptions = {},
): NDArray {
  return unitOf(x, axis, epsilon, true);
}

/** `x` with mean square 1 over an axis or several. */
export function toUnitSquare(
  x: ArrayLike,
  axis: Axes,
  epsilon: number,
): NDArray {
  return unitOf(x, axis, epsilon, false);
}
