/** Dtypes, their limits and constants, under NumPy's names. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { asOperands } from "../../transforms/_arguments.ts";
import { axisOf } from "../_axes.ts";
import { promotedType } from "../_promote.ts";

export { finfo, iinfo } from "../../core/limits.ts";
export type { DType } from "../../core/dtype.ts";

/** Truth values. */
export const bool = "bool" as const;
/** Unsigned integers of 8 bits. */
export const uint8 = "uint8" as const;
/** Unsigned integers of 16 bits. */
export const uint16 = "uint16" as const;
/** Unsigned integers of 32 bits. */
export const uint32 = "uint32" as const;
/** Signed integers of 8 bits. */
export const int8 = "int8" as const;
/** Signed integers of 16 bits. */
export const int16 = "int16" as const;
/** Signed integers of 32 bits. */
export const int32 = "int32" as const;
/** Floats of 16 bits with the range of float32. */
export const bfloat16 = "bfloat16" as const;
/** IEEE floats of 16 bits. */
export const float16 = "float16" as const;
/** IEEE floats of 32 bits, the default. */
export const float32 = "float32" as const;
/** IEEE floats of 64 bits. */
export const float64 = "float64" as const;

/** The ratio of a circle's circumference to its diameter. */
export const pi: number = Math.PI;
/** The base of natural logarithms. */
export const e: number = Math.E;
/** The limit of the harmonic series less the logarithm (OEIS A001620). */
export const eulerGamma = 0.5772156649015329;
/** Positive infinity. */
export const inf: number = Infinity;
/** Not a number. */
export const nan: number = NaN;
/** A new axis, in an index. */
export const newaxis: null = null;

function typed(x: ArrayLike | DType) {
  return typeof x === "string"
    ? { dtype: x, weakType: false }
    : asOperands([x], "resultType()")[0]!;
}

/**
 * The dtype of an operation on operands of two dtypes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.promoteTypes("int8", "uint8"), "int16");
 * ```
 */
export function promoteTypes(a: DType, b: DType): DType {
  return resultType(a, b);
}

/**
 * The dtype of an operation on arrays, numbers and dtypes.
 *
 * @throws {RangeError} If there is none.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.resultType(np.arange(2), 0.5), "float32");
 * ```
 */
export function resultType(...operands: readonly (ArrayLike | DType)[]): DType {
  if (operands.length === 0) {
    throw new RangeError(
      "Cannot give the result type of no operands: needs at least one",
    );
  }
  return promotedType(operands.map(typed)).dtype;
}

/**
 * The number of axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.ndim(np.zeros([2, 3])), 2);
 * ```
 */
export function ndim(x: ArrayLike): number {
  return shape(x).length;
}

/**
 * The extents of all axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.shape(np.zeros([2, 3])), [2, 3]);
 * ```
 */
export function shape(x: ArrayLike): readonly number[] {
  return typeof x === "object" ? (x as NDArray).shape : [];
}

/**
 * The number of elements, or the extent of one axis.
 *
 * @throws {RangeError} If the axis is outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.size(np.zeros([2, 3]), 1), 3);
 * ```
 */
export function size(x: ArrayLike, axis?: number): number {
  const extents = shape(x);
  return axis === undefined
    ? extents.reduce((product, extent) => product * extent, 1)
    : extents[axisOf("size()", axis, extents.length)]!;
}
