/** Operations on the bits of integers; bools are one bit. */

import { kindOf } from "../../core/dtype.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/**
 * Bits that are 1 in both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.bitwiseAnd(np.arange(4), 2).js(), [0, 0, 2, 2]);
 * ```
 */
export const bitwiseAnd: Binary = binary("bitwiseAnd", ops.and);

/**
 * Bits that are 1 in either.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.bitwiseOr(np.arange(4), 2).js(), [2, 3, 2, 3]);
 * ```
 */
export const bitwiseOr: Binary = binary("bitwiseOr", ops.or);

/**
 * Bits that are 1 in one of the two.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.bitwiseXor(np.arange(4), 2).js(), [2, 3, 0, 1]);
 * ```
 */
export const bitwiseXor: Binary = binary("bitwiseXor", ops.xor);

/**
 * The complement of each bit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.bitwiseNot(np.arange(2)).js(), [-1, -2]);
 * ```
 */
export const bitwiseNot: Unary = unary("bitwiseNot", ops.not);

/**
 * The complement of each bit: `bitwiseNot`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.invert(np.array([true])).js(), [false]);
 * ```
 */
export const invert: Unary = bitwiseNot;

/**
 * `x << y`; 0 where `y` is negative or not less than the width.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.leftShift(np.arange(3), 2).js(), [0, 4, 8]);
 * ```
 */
export const leftShift: Binary = binary("leftShift", ops.shiftLeft, "numbers");

/**
 * `x >> y`: signed integers keep their sign, unsigned ones shift zeros in.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.rightShift(np.arange(-8, -6), 1).js(), [-4, -4]);
 * ```
 */
export const rightShift: Binary = binary(
  "rightShift",
  (x, y) =>
    kindOf(x.dtype) === "uint"
      ? ops.shiftRightLogical(x, y)
      : ops.shiftRightArithmetic(x, y),
  "numbers",
);

/**
 * The number of bits that are 1, of absolute values, as uint8.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.bitwiseCount(np.arange(4)).js(), [0, 1, 1, 2]);
 * ```
 */
export const bitwiseCount: Unary = unary(
  "bitwiseCount",
  (x) => {
    const size = kindOf(x.dtype) === "int" ? ops.abs(x) : x;
    return ops.convertElementType(ops.populationCount(size), "uint8");
  },
  "numbers",
);
