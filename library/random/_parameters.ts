/** Parameters of distributions as arrays of the shape that is drawn. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { type DType, type FloatDType, isFloating } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { broadcastShapes, broadcastTo } from "../_promote.ts";
import { checkedShape } from "../numpy/creation.ts";

/** Dtype of what is drawn: float32 unless given. */
export type FloatOptions = { readonly dtype?: FloatDType };

/** `x` in a dtype; numbers are not rounded to float32 on the way to float64. */
export function asDtype(x: ArrayLike, dtype: DType): NDArray {
  return typeof x === "object"
    ? convertElementType(x, dtype)
    : scalar(Number(x), dtype);
}

/**
 * A parameter repeated to the shape that is drawn.
 *
 * @throws {ShapeError} If it does not broadcast to that shape.
 * @throws {RangeError} If an extent is not a whole number from 0 on.
 */
export function repeated(x: NDArray, shape: readonly number[]): NDArray {
  checkedShape("a random draw", shape);
  const common = broadcastShapes("a random draw", [x.shape, shape]);
  if (String(common) !== String(shape)) {
    throw new ShapeError(
      `Cannot draw an array of shape [${shape}] with a parameter of shape ` +
        `[${x.shape}]: it must broadcast to the shape that is drawn`,
    );
  }
  return broadcastTo(x, shape);
}

/** Throws unless `dtype` can hold what a continuous distribution draws. */
export function checkFloat(dtype: DType, what: string): void {
  if (isFloating(dtype)) return;
  throw new ShapeError(
    `Cannot draw from ${what} in ${dtype}: needs a floating-point dtype`,
  );
}
