/** Conversion to another dtype: of the value, or of the bits. */

import type { NDArray } from "../array.ts";
import { checkedDType, type DType, isFloating, itemSize } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";

type ConvertParams = { readonly dtype: DType; readonly weakType: boolean };

const convertElementTypeP: Primitive<readonly [NDArray], ConvertParams> = {
  name: "convert_element_type",
  abstractEval: ([x], { dtype, weakType }) => [x.with({ dtype, weakType })],
  jvp: ([x], [dx], { dtype, weakType }) => {
    const isSmooth = isFloating(x.dtype) && isFloating(dtype);
    return [
      [convertElementType(x, dtype, weakType)],
      [dx && isSmooth ? convertElementType(dx, dtype, weakType) : null],
    ];
  },
  transpose: ([ct], [{ aval }]) => [
    convertElementType(ct, aval.dtype, aval.weakType),
  ],
  batch: ([x], _mapped, _axis, { dtype, weakType }) => [
    convertElementType(x, dtype, weakType),
  ],
  lower: (k, [x], { dtype }) => (index) => k.cast(x(index), dtype),
};

/**
 * The nearest values of another dtype. Floats lose their fraction and saturate
 * on the way to integers, integers wrap, and all but 0 is true.
 */
export function convertElementType(
  x: NDArray,
  dtype: DType,
  weakType = false,
): NDArray {
  if (x.dtype === dtype && x.weakType === weakType) return x;
  checkedDType(dtype);
  return bind1(convertElementTypeP, [x], { dtype, weakType });
}

const bitcastConvertTypeP: Primitive<
  readonly [NDArray],
  { readonly dtype: DType }
> = {
  name: "bitcast_convert_type",
  cost: 0,
  abstractEval: ([x], { dtype }) => {
    const hasBool = x.dtype === "bool" || dtype === "bool";
    if (itemSize(x.dtype) !== itemSize(dtype) || hasBool) {
      throw new ShapeError(
        `Cannot read the bits of ${x} as ${dtype}: needs dtypes of one width, ` +
          `not bool. Use convertElementType() to convert values`,
      );
    }
    return [x.with({ dtype, weakType: false })];
  },
  jvp: ([x], _tangents, { dtype }) => [[bitcastConvertType(x, dtype)], [null]],
  batch: (
    [x],
    _mapped,
    _axis,
    { dtype },
  ) => [bitcastConvertType(x, dtype)],
  lower: (k, [x], { dtype }) => (index) => k.apply("bitcast", dtype, x(index)),
};

/**
 * The same bits as elements of another dtype of equal width.
 *
 * @throws {ShapeError} If the widths differ, or a dtype is bool.
 */
export function bitcastConvertType(x: NDArray, dtype: DType): NDArray {
  return x.dtype === dtype ? x : bind1(bitcastConvertTypeP, [x], { dtype });
}
