/** Reductions over axes: sums, products, extremes, truth. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { type DType, isFloating, kindOf } from "../../core/dtype.ts";
import type { Axes } from "../../core/methods.ts";
import { compare, select } from "../../core/ops/compare.ts";
import * as ops from "../../core/ops/broadcast_sum.ts";
import { sub } from "../../core/ops/arithmetic.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import {
  argmax as positionOfMax,
  argmin as positionOfMin,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
} from "../../core/ops/extrema.ts";
import { reshape } from "../../core/ops/layout.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axesOf, axisOf } from "../_axes.ts";
import { accumulatedType, converted, strong, truth } from "../_promote.ts";

/** Choices for every reduction. */
export interface ReductionOptions {
  /** Whether reduced axes stay, with one element. */
  readonly keepdims?: boolean;
}

/** Choices for sums and products. */
export interface SumOptions extends ReductionOptions {
  /** Type of the result and of the accumulation. */
  readonly dtype?: DType;
}

/** A reduction over one axis, several, or all. */
export type Reduction = (
  x: ArrayLike,
  axis?: Axes,
  options?: ReductionOptions,
) => NDArray;

/** The result of a reduction with its axes back, at one element each. */
export function restored(
  reduced: NDArray,
  shape: readonly number[],
  axes: readonly number[],
): NDArray {
  return reshape(reduced, shape.map((e, axis) => axes.includes(axis) ? 1 : e));
}

function reduction(
  name: string,
  f: (x: NDArray, axes: readonly number[]) => NDArray,
): Reduction {
  const call = inlined(name, 1, ([x], axis: Axes, keepdims: boolean) => {
    const axes = axesOf(`${name}()`, axis, x.ndim);
    const out = strong(f(x, axes));
    return keepdims ? restored(out, x.shape, axes) : out;
  });
  return (x, axis = null, { keepdims = false } = {}) => call(x, axis, keepdims);
}

function accumulation(
  name: string,
  f: (x: NDArray, axes: readonly number[]) => NDArray,
): (x: ArrayLike, axis?: Axes, options?: SumOptions) => NDArray {
  const call = inlined(
    name,
    1,
    ([x], axis: Axes, keepdims: boolean, dtype: DType | null) => {
      const axes = axesOf(`${name}()`, axis, x.ndim);
      const wide = dtype === null
        ? converted(x, accumulatedType(x))
        : convertElementType(x, dtype);
      const out = strong(f(wide, axes));
      return keepdims ? restored(out, x.shape, axes) : out;
    },
  );
  return (x, axis = null, { keepdims = false, dtype } = {}) =>
    call(x, axis, keepdims, dtype ?? null);
}

/**
 * The sum over axes; of bools and small integers in 32 bits. 0 if there are no
 * elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sum(np.array([[1, 2], [3, 4]]), 0).js(), [4, 6]);
 * ```
 */
export const sum: (
  x: ArrayLike,
  axis?: Axes,
  options?: SumOptions,
) => NDArray = accumulation("sum", ops.sum);

/**
 * The product over axes; of bools and small integers in 32 bits. 1 if there
 * are no elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.prod(np.array([[1, 2], [3, 4]]), 1).js(), [2, 12]);
 * ```
 */
export const prod: (
  x: ArrayLike,
  axis?: Axes,
  options?: SumOptions,
) => NDArray = accumulation(
  "prod",
  (x, axes) => axes.length === 0 ? x : reduceProd(x, axes),
);

/**
 * The sum over axes of the elements that are not NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.nansum(np.array([1, NaN])).item(), 1);
 * ```
 */
export const nansum: (
  x: ArrayLike,
  axis?: Axes,
  options?: SumOptions,
) => NDArray = accumulation(
  "nansum",
  (x, axes) => ops.sum(withoutNan(x, 0), axes),
);

/** `x` with a number for NaN. */
export function withoutNan(x: NDArray, value: number): NDArray {
  if (!isFloating(x.dtype)) return x;
  return select(compare("ne", x, x), fullLike(x, value), x);
}

/**
 * The largest element over axes; NaN if there is one. Throws if there are no
 * elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.max(np.array([[1, 2], [3, 4]]), 0).js(), [3, 4]);
 * ```
 */
export const max: Reduction = reduction(
  "max",
  (x, axes) => extreme(x, axes, reduceMax, reduceOr),
);

/**
 * The smallest element over axes; NaN if there is one. Throws if there are no
 * elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.min(np.array([[1, 2], [3, 4]]), 0).js(), [1, 2]);
 * ```
 */
export const min: Reduction = reduction(
  "min",
  (x, axes) => extreme(x, axes, reduceMin, reduceAnd),
);

type Reduce = (x: NDArray, axes: readonly number[]) => NDArray;

function extreme(
  x: NDArray,
  axes: readonly number[],
  ofNumbers: Reduce,
  ofBools: Reduce,
): NDArray {
  if (axes.length === 0) return x;
  return x.dtype === "bool" ? ofBools(x, axes) : ofNumbers(x, axes);
}

/**
 * The largest element over axes: `max`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.amax(np.array([1, 2])).item(), 2);
 * ```
 */
export const amax: Reduction = max;

/**
 * The smallest element over axes: `min`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.amin(np.array([1, 2])).item(), 1);
 * ```
 */
export const amin: Reduction = min;

/**
 * The distance of the largest element from the smallest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.ptp(np.array([1, 4])).item(), 3);
 * ```
 */
export const ptp: Reduction = reduction(
  "ptp",
  (x, axes) => sub(reduceMax(x, axes), reduceMin(x, axes)),
);

/**
 * Whether all elements over axes are true; all but 0 is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.all(np.array([true, false])).js(), false);
 * ```
 */
export const all: Reduction = reduction(
  "all",
  (x, axes) => axes.length ? reduceAnd(truth(x), axes) : truth(x),
);

/**
 * Whether some element over axes is true; all but 0 is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.any(np.array([true, false])).js(), true);
 * ```
 */
export const any: Reduction = reduction(
  "any",
  (x, axes) => axes.length ? reduceOr(truth(x), axes) : truth(x),
);

/**
 * The number of elements over axes that are not 0, as int32.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.countNonzero(np.array([0, 2, 3])).item(), 2);
 * ```
 */
export const countNonzero: Reduction = reduction(
  "countNonzero",
  (x, axes) => ops.sum(convertElementType(truth(x), "int32"), axes),
);

/** A search along one axis, or in all elements in row-major order. */
export type Search = (
  x: ArrayLike,
  axis?: number | null,
  options?: ReductionOptions,
) => NDArray;

function search(
  name: string,
  f: (x: NDArray, axis: number) => NDArray,
): Search {
  const call = inlined(
    name,
    1,
    ([x], axis: number | null, keepdims: boolean) => {
      const at = axis === null ? 0 : axisOf(`${name}()`, axis, x.ndim);
      const flat = axis === null ? reshape(x, [x.size]) : x;
      if (flat.shape[at] === 0) {
        throw new RangeError(
          `Cannot search with ${name}() along axis ${axis ?? "null"} of an ` +
            `array of shape [${x.shape}]: it has no elements`,
        );
      }
      const out = f(asNumbers(flat), at);
      const axes = axis === null ? axesOf(name, null, x.ndim) : [at];
      return keepdims ? restored(out, x.shape, axes) : out;
    },
  );
  return (x, axis = null, { keepdims = false } = {}) => call(x, axis, keepdims);
}

function asNumbers(x: NDArray): NDArray {
  return kindOf(x.dtype) === "bool" ? convertElementType(x, "int32") : x;
}

/**
 * Where the first largest element is, as int32; NaN is the largest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.argmax(np.array([1, 3, 2])).item(), 1);
 * ```
 */
export const argmax: Search = search("argmax", positionOfMax);

/**
 * Where the first smallest element is, as int32; NaN is the smallest.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.argmin(np.array([1, 3, 2])).item(), 0);
 * ```
 */
export const argmin: Search = search("argmin", positionOfMin);
