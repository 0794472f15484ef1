/** Operations on the bits of integers; bools are one bit. */

import { kindOf } from "../../core/dtype.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/** Bits that are 1 in both. */
export const bitwiseAnd: Binary = binary("bitwiseAnd", ops.and);

/** Bits that are 1 in either. */
export const bitwiseOr: Binary = binary("bitwiseOr", ops.or);

/** Bits that are 1 in one of the two. */
export const bitwiseXor: Binary = binary("bitwiseXor", ops.xor);

/** The complement of each bit. */
export const bitwiseNot: Unary = unary("bitwiseNot", ops.not);

/** The complement of each bit: `bitwiseNot`. */
export const invert: Unary = bitwiseNot;

/** `x << y`; 0 where `y` is negative or not less than the width. */
export const leftShift: Binary = binary("leftShift", ops.shiftLeft, "numbers");

/** `x >> y`: signed integers keep their sign, unsigned ones shift zeros in. */
export const rightShift: Binary = binary(
  "rightShift",
  (x, y) =>
    kindOf(x.dtype) === "uint"
      ? ops.shiftRightLogical(x, y)
      : ops.shiftRightArithmetic(x, y),
  "numbers",
);

/** The number of bits that are 1, of absolute values. */
export const bitwiseCount: Unary = unary(
  "bitwiseCount",
  (x) => ops.populationCount(kindOf(x.dtype) === "int" ? ops.abs(x) : x),
  "numbers",
);
