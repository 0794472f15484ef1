/** Means, variances and their kin. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { type DType, isFloating, itemSize } from "../../core/dtype.ts";
import type { Axes } from "../../core/methods.ts";
import { div, mul, sub } from "../../core/ops/arithmetic.ts";
import * as ops from "../../core/ops/broadcast_sum.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { not } from "../../core/ops/bits.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sqrt, square } from "../../core/ops/power.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axesOf } from "../_axes.ts";
import {
  broadcastTo,
  converted,
  promotedType,
  promoteOperands,
  strong,
} from "../_promote.ts";
import { reshape } from "../../core/ops/layout.ts";
import { restored, type SumOptions, withoutNan } from "./reductions.ts";

/** Choices for variances. */
export interface MomentOptions extends SumOptions {
  /** What is taken off the count in the divisor; 0 unless given. */
  readonly correction?: number;
  /** NumPy's older name of `correction`. */
  readonly ddof?: number;
}

/** How a moment is computed: in float32 or better, and rounded at the end. */
function moment<Rest extends unknown[]>(
  name: string,
  f: (x: NDArray, axes: readonly number[], ...rest: Rest) => NDArray,
): (
  x: ArrayLike,
  axis: Axes,
  keepdims: boolean,
  dtype: DType | null,
  ...rest: Rest
) => NDArray {
  return inlined(
    name,
    1,
    (
      [x],
      axis: Axes,
      keepdims: boolean,
      dtype: DType | null,
      ...rest: Rest
    ) => {
      const axes = axesOf(`${name}()`, axis, x.ndim);
      const result = dtype === null
        ? promotedType([x], "floats")
        : { dtype, weakType: false };
      const isNarrow = isFloating(result.dtype) && itemSize(result.dtype) === 2;
      const wide = isNarrow ? { ...result, dtype: "float32" as const } : result;
      const out = strong(
        converted(f(converted(x, wide), axes, ...rest), result),
      );
      return keepdims ? restored(out, x.shape, axes) : out;
    },
  );
}

function countOf(x: NDArray, axes: readonly number[]): number {
  return axes.reduce((count, axis) => count * x.shape[axis]!, 1);
}

function meanOver(x: NDArray, axes: readonly number[]): NDArray {
  const total = ops.sum(x, axes);
  return div(total, fullLike(total, countOf(x, axes)));
}

/** The mean of squared distances from the mean: exact for a large mean. */
function varianceOver(
  x: NDArray,
  axes: readonly number[],
  correction: number,
): NDArray {
  const center = restored(meanOver(x, axes), x.shape, axes);
  const distance = sub(x, broadcastTo(center, x.shape));
  const total = ops.sum(square(distance), axes);
  const count = countOf(x, axes) - correction;
  return div(total, fullLike(total, count > 0 ? count : NaN));
}

const means = moment("mean", meanOver);
const variances = moment("var", varianceOver);
const deviations = moment(
  "std",
  (x, axes, correction: number) => sqrt(varianceOver(x, axes, correction)),
);

/**
 * The mean over axes, as floats; NaN if there are no elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.mean(np.array([1, 2])).item(), 1.5);
 * ```
 */
export function mean(
  x: ArrayLike,
  axis: Axes = null,
  { keepdims = false, dtype }: SumOptions = {},
): NDArray {
  return means(x, axis, keepdims, dtype ?? null);
}

/**
 * The mean squared distance from the mean, over axes, as floats.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.var(np.array([1, 3])).item(), 1);
 * ```
 */
export function variance(
  x: ArrayLike,
  axis: Axes = null,
  { keepdims = false, dtype, ddof = 0, correction = ddof }: MomentOptions = {},
): NDArray {
  return variances(x, axis, keepdims, dtype ?? null, correction);
}

/** The mean squared distance from the mean: `variance`. */
export { variance as var };

/**
 * The square root of the variance over axes, as floats.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.std(np.array([1, 3])).item(), 1);
 * ```
 */
export function std(
  x: ArrayLike,
  axis: Axes = null,
  { keepdims = false, dtype, ddof = 0, correction = ddof }: MomentOptions = {},
): NDArray {
  return deviations(x, axis, keepdims, dtype ?? null, correction);
}

const nanmeans = moment("nanmean", (x, axes) => {
  const isNumber = not(compare("ne", x, x));
  const count = ops.sum(convertElementType(isNumber, x.dtype), axes);
  return div(ops.sum(withoutNan(x, 0), axes), count);
});

/**
 * The mean over axes of the elements that are not NaN; NaN if there are none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.nanmean(np.array([1, NaN])).item(), 1);
 * ```
 */
export function nanmean(
  x: ArrayLike,
  axis: Axes = null,
  { keepdims = false, dtype }: SumOptions = {},
): NDArray {
  return nanmeans(x, axis, keepdims, dtype ?? null);
}

const weighted = inlined(
  "average",
  2,
  ([x, weights], axis: Axes) => {
    const axes = axesOf("average()", axis, x.ndim);
    const isVector = weights.ndim === 1 && x.ndim > 1 && axes.length === 1;
    const placed = isVector
      ? reshape(
        weights,
        x.shape.map((_, i) => i === axes[0] ? weights.size : 1),
      )
      : weights;
    const [values, factors] = promoteOperands(
      "average()",
      [x, placed],
      "floats",
    );
    const total = ops.sum(mul(values!, factors!), axes);
    return div(total, ops.sum(factors!, axes));
  },
);

/**
 * The mean over axes, weighted where weights are given, which broadcast.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.average(np.array([1, 3]), null, { weights: np.array([3, 1]) }).item(), 1.5);
 * ```
 */
export function average(
  x: ArrayLike,
  axis: Axes = null,
  { weights }: { readonly weights?: ArrayLike } = {},
): NDArray {
  return weights === undefined ? mean(x, axis) : weighted(x, weights, axis);
}
