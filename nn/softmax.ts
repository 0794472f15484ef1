/**
 * Softmax and what belongs to it: all subtract the maximum first, so that large
 * inputs do not overflow (Blanchard, Higham, Higham 2021).
 *
 * @module
 */

import type { ArrayLike, NDArray } from "../core/array.ts";
import { type DType, isInteger } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import type { Axes } from "../core/methods.ts";
import { stopGradient } from "../core/ops/barrier.ts";
import { iota } from "../core/ops/constants.ts";
import * as np from "../library/numpy/mod.ts";
import { customJvp } from "../transforms/custom_jvp.ts";
import { inlined } from "../transforms/inlined.ts";
import { sigmoid } from "./activations.ts";

const KEPT = { keepdims: true } as const;

/** `x` less its maximum, and the maximum (0 where that is infinite). */
function shifted(x: NDArray, axis: Axes): readonly [NDArray, NDArray] {
  const max = stopGradient(np.max(x, axis, KEPT));
  const shift = np.where(np.isfinite(max), max, 0);
  return [np.subtract(x, shift), shift];
}

const softmaxOf = inlined("softmax", 1, ([x], axis: Axes) => weights(x, axis));

/** The derivative is one of the result: nothing else is kept for it. */
const weights = customJvp(function softmax(x: NDArray, axis: Axes) {
  const powers = np.exp(np.subtract(x, np.max(x, axis, KEPT)));
  return np.divide(powers, np.sum(powers, axis, KEPT));
}, { nondiffArgnums: 1 });
weights.defjvp(
  (axis: Axes, [x]: [NDArray], [dx]: [NDArray]) => {
    const y = weights(x, axis);
    const mean = np.sum(np.multiply(y, dx), axis, KEPT);
    return [y, np.multiply(y, np.subtract(dx, mean))];
  },
);

/**
 * `exp(x) / sum(exp(x))` over an axis or several.
 *
 * @throws {RangeError} If an axis is outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.softmax(np.array([1000, 1000])).js(), [0.5, 0.5]);
 * ```
 */
export function softmax(x: ArrayLike, axis: Axes = -1): NDArray {
  return softmaxOf(x, axis);
}

const logSoftmaxOf = inlined(
  "logSoftmax",
  1,
  ([x], axis: Axes) => logWeights(x, axis),
);

/** As of `weights`, the derivative is one of the result. */
const logWeights = customJvp(function logSoftmax(x: NDArray, axis: Axes) {
  const below = np.subtract(x, np.max(x, axis, KEPT));
  return np.subtract(below, np.log(np.sum(np.exp(below), axis, KEPT)));
}, { nondiffArgnums: 1 });
logWeights.defjvp((axis: Axes, [x]: [NDArray], [dx]: [NDArray]) => {
  const y = logWeights(x, axis);
  const mean = np.sum(np.multiply(np.exp(y), dx), axis, KEPT);
  return [y, np.subtract(dx, mean)];
});

/**
 * Logarithm of `softmax`, without its underflow.
 *
 * @throws {RangeError} If an axis is outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.logSoftmax(np.array([0, -1000])).js(), [0, -1000]);
 * ```
 */
export function logSoftmax(x: ArrayLike, axis: Axes = -1): NDArray {
  return logSoftmaxOf(x, axis);
}

const logSumExpOf = inlined(
  "logSumExp",
  1,
  ([x], axis: Axes, keepdims: boolean) => {
    const [below, shift] = shifted(x, axis);
    const sum = np.sum(np.exp(below), axis, KEPT);
    const isNothing = np.equal(sum, 0);
    // The logarithm of 0 is left out, else its derivative would be NaN.
    const log = np.add(np.log(np.where(isNothing, 1, sum)), shift);
    const out = np.where(isNothing, -Infinity, log);
    return keepdims ? out : np.squeeze(out, axis);
  },
);

/** Whether reduced axes are kept. */
export type KeepOptions = { readonly keepdims?: boolean };

/**
 * Logarithm of the sum of exponentials over an axis, several, or all. That of
 * nothing but -Infinity is -Infinity, with derivative 0.
 *
 * @throws {RangeError} If an axis is outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const y = nn.logSumExp(np.array([1000, 1000])).item();
 * assertAlmostEquals(y, 1000.6931, 1e-3);
 * ```
 */
export function logSumExp(
  x: ArrayLike,
  axis: Axes = null,
  { keepdims = false }: KeepOptions = {},
): NDArray {
  return logSumExpOf(x, axis, keepdims);
}

/** {@linkcode logSumExp} as `jax.nn` spells it. */
export const logsumexp: typeof logSumExp = logSumExp;

/** What `oneHot` makes. */
export type OneHotOptions = {
  /** Dtype of the result: float32. */
  readonly dtype?: DType;
  /** Where the new axis goes: last. */
  readonly axis?: number;
};

const oneHotOf = inlined(
  "oneHot",
  1,
  ([x], classes: number, dtype: DType, axis: number) => {
    const column = np.expandDims(x, axis);
    const at = axis < 0 ? axis + column.ndim : axis;
    const shape = column.shape.map((_, a) => a === at ? classes : 1);
    return np.equal(column, iota(x.dtype, shape, at)).astype(dtype);
  },
);

/**
 * 1 at the place of each class, else 0; all 0 where there is no such class.
 * Shape: that of `x` with an axis of `numClasses` more.
 *
 * @throws {ShapeError} If `x` is not of integers.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const classes = np.array([1, 3], { dtype: "int32" });
 * assertEquals(nn.oneHot(classes, 3).js(), [[0, 1, 0], [0, 0, 0]]);
 * ```
 */
export function oneHot(
  x: NDArray,
  numClasses: number,
  { dtype = "float32", axis = -1 }: OneHotOptions = {},
): NDArray {
  checkClasses(x, "encode");
  return oneHotOf(x, numClasses, dtype, axis);
}

/** Throws unless `x` can hold numbers of classes. */
export function checkClasses(x: NDArray, doing: string): void {
  if (isInteger(x.dtype)) return;
  throw new ShapeError(
    `Cannot ${doing} classes of dtype ${x.dtype}: needs integers. Convert ` +
      `with x.astype("int32")`,
  );
}

/**
 * The first half of `x` along an axis times the sigmoid of the second (Dauphin
 * et al. 2017).
 *
 * @throws {RangeError} If the axis has an odd number of elements.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.glu(np.array([3, 4, 0, 0])).js(), [1.5, 2]);
 * ```
 */
export function glu(x: NDArray, axis = -1): NDArray {
  const [value, gate] = np.split(x, 2, axis);
  return np.multiply(value!, sigmoid(gate!));
}
