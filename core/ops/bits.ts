/** Operations on the bits of integers, and on bools as one bit. */

import type { NDArray } from "../array.ts";
import type { ScalarOp } from "../ir/scalar.ts";
import { binary } from "./_binary.ts";
import { unary } from "./_define.ts";
import type { Family } from "./_families.ts";

/** A function of the bits of two arrays. */
export type Bitwise = (x: NDArray, y: NDArray) => NDArray;

function bitwise(op: ScalarOp, name: string, accepts: Family): Bitwise {
  return binary(op, [null, null], { name, accepts });
}

/** The complement of each bit; the negation of bools. */
export const not: (x: NDArray) => NDArray = unary("not", null, {
  accepts: "bits",
});

/** The number of bits that are 1. */
export const populationCount: (x: NDArray) => NDArray = unary(
  "populationCount",
  null,
  { name: "population_count", accepts: "integers" },
);

/** Bits that are 1 in both. */
export const and: Bitwise = bitwise("and", "and", "bits");

/** Bits that are 1 in either. */
export const or: Bitwise = bitwise("or", "or", "bits");

/** Bits that are 1 in one of the two. */
export const xor: Bitwise = bitwise("xor", "xor", "bits");

/** `x << y`; 0 where `y` is negative or not less than the width. */
export const shiftLeft: Bitwise = bitwise(
  "shiftLeft",
  "shift_left",
  "integers",
);

/** Shifts zeros in from above; 0 where `y` is negative or not less than the width. */
export const shiftRightLogical: Bitwise = bitwise(
  "shiftRightLogical",
  "shift_right_logical",
  "integers",
);

/** Shifts the highest bit in from above; nothing else is left where `y` is negative or not less than the width. */
export const shiftRightArithmetic: Bitwise = bitwise(
  "shiftRightArithmetic",
  "shift_right_arithmetic",
  "integers",
);
