/** Arithmetic of elements: sums, products, quotients, remainders. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { isFloating, kindOf } from "../../core/dtype.ts";
import * as ops from "../../core/ops/addition.ts";
import { div, mul, neg, sub } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, zerosLike } from "../../core/ops/constants.ts";
import { and, or, xor } from "../../core/ops/bits.ts";
import {
  abs as absOf,
  rem,
  round,
  sign as signOf,
} from "../../core/ops/rounding.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/**
 * `x + y`; of bools, whether either is true.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.add(np.array([1, 2]), 1).js(), [2, 3]);
 * ```
 */
export const add: Binary = binary(
  "add",
  (x, y) => x.dtype === "bool" ? or(x, y) : ops.add(x, y),
);

/**
 * `x - y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.subtract(np.array([1, 2]), 1).js(), [0, 1]);
 * ```
 */
export const subtract: Binary = binary("subtract", sub);

/**
 * `x * y`; of bools, whether both are true.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.multiply(np.array([1, 2]), 3).js(), [3, 6]);
 * ```
 */
export const multiply: Binary = binary(
  "multiply",
  (x, y) => x.dtype === "bool" ? and(x, y) : mul(x, y),
);

/**
 * `x / y`, a float also for integers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.divide(np.arange(3), 2).js(), [0, 0.5, 1]);
 * ```
 */
export const divide: Binary = binary("divide", div, "floats");

/**
 * `x / y`, a float also for integers: `divide`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.trueDivide(np.arange(3), 2).js(), [0, 0.5, 1]);
 * ```
 */
export const trueDivide: Binary = divide;

/**
 * The largest whole number up to `x / y`; integers stay integers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.floorDivide(np.array([-7, 7]), 2).js(), [-4, 3]);
 * ```
 */
export const floorDivide: Binary = binary(
  "floorDivide",
  (x, y) => {
    if (isFloating(x.dtype)) return flooredQuotient(x, y);
    if (kindOf(x.dtype) === "uint") return div(x, y);
    const quotient = div(x, y);
    const isBelow = and(
      compare("ne", signOf(x), signOf(y)),
      compare("ne", rem(x, y), zerosLike(x)),
    );
    return select(isBelow, sub(quotient, fullLike(quotient, 1)), quotient);
  },
  "numbers",
);

/** As Python's `//` of floats: exact where the remainder is. */
function flooredQuotient(x: NDArray, y: NDArray): NDArray {
  const rest = rem(x, y);
  const quotient = div(sub(x, rest), y);
  const isBelow = and(
    compare("ne", rest, zerosLike(rest)),
    compare("ne", signOf(y), signOf(rest)),
  );
  const floored = round(
    select(isBelow, sub(quotient, fullLike(quotient, 1)), quotient),
  );
  return select(compare("eq", y, zerosLike(y)), div(x, y), floored);
}

/** The remainder of an integer divided by 0 is 0. */
function remainderTowardZero(x: NDArray, y: NDArray): NDArray {
  if (isFloating(x.dtype)) return rem(x, y);
  const isZero = compare("eq", y, zerosLike(y));
  return rem(x, select(isZero, fullLike(y, 1), y));
}

/**
 * What `floorDivide` leaves over: it has the sign of `y`, as in Python.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.remainder(np.array([-7, 7]), 3).js(), [2, 1]);
 * ```
 */
export const remainder: Binary = binary(
  "remainder",
  (x, y) => {
    const rest = remainderTowardZero(x, y);
    const zero = zerosLike(rest);
    const isOther = xor(compare("lt", rest, zero), compare("lt", y, zero));
    const hasRest = compare("ne", rest, zero);
    return select(and(isOther, hasRest), ops.add(rest, y), rest);
  },
  "numbers",
);

/**
 * What `floorDivide` leaves over: `remainder`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.mod(-7, 3).item(), 2);
 * ```
 */
export const mod: Binary = remainder;

/**
 * The remainder of division toward zero: it has the sign of `x`, as in C.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fmod(-7, 3).item(), -1);
 * ```
 */
export const fmod: Binary = binary(
  "fmod",
  remainderTowardZero,
  "numbers",
);

/**
 * Floored quotient and its remainder, as Python's `divmod`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.divmod(-7, 3).map((x) => x.item()), [-3, 2]);
 * ```
 */
export function divmod(
  x: ArrayLike,
  y: ArrayLike,
): readonly [quotient: NDArray, remainder: NDArray] {
  return [floorDivide(x, y), remainder(x, y)];
}

/**
 * `-x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.negative(np.array([1, -2])).js(), [-1, 2]);
 * ```
 */
export const negative: Unary = unary("negative", neg);

/**
 * `+x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.positive(np.array([1, -2])).js(), [1, -2]);
 * ```
 */
export const positive: Unary = unary("positive", (x) => x);

/**
 * The absolute value; its derivative at 0 is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.absolute(np.array([1, -2])).js(), [1, 2]);
 * ```
 */
export const absolute: Unary = unary(
  "absolute",
  (x) =>
    kindOf(x.dtype) === "float" || kindOf(x.dtype) === "int" ? absOf(x) : x,
);

/**
 * The absolute value: `absolute`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.abs(-2).item(), 2);
 * ```
 */
export const abs: Unary = absolute;

/**
 * The absolute value of floats: `absolute`, of integers as floats.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fabs(-2).item(), 2);
 * ```
 */
export const fabs: Unary = unary("fabs", absOf, "floats");

/**
 * `1 / x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.reciprocal(4).item(), 0.25);
 * ```
 */
export const reciprocal: Unary = unary(
  "reciprocal",
  (x) => div(fullLike(x, 1), x),
  "floats",
);

/**
 * -1, 0 or 1; a zero keeps its sign, and NaN stays.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sign(np.array([-3, 0, 2])).js(), [-1, 0, 1]);
 * ```
 */
export const sign: Unary = unary("sign", signOf);

/**
 * 0 below 0, 1 above, and `y` at 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.heaviside(np.array([-1, 0, 2]), 0.5).js(), [0, 0.5, 1]);
 * ```
 */
export const heaviside: Binary = binary(
  "heaviside",
  (x, y) => {
    const zero = fullLike(x, 0);
    const step = select(compare("lt", x, zero), zero, fullLike(x, 1));
    const settled = select(compare("eq", x, zero), y, step);
    return select(compare("ne", x, x), x, settled);
  },
  "floats",
);
