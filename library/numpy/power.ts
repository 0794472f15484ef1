/** Powers of elements. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { and, shiftRightLogical } from "../../core/ops/bits.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, zerosLike } from "../../core/ops/constants.ts";
import { integerPow, pow as powerOfFloats } from "../../core/ops/power.ts";
import { inlined } from "../../transforms/inlined.ts";
import { promoteOperands } from "../_promote.ts";
import { binary, type Unary, unary } from "./_ufunc.ts";

const powerOfArrays = binary(
  "power",
  (x, y) => isFloating(x.dtype) ? powerOfFloats(x, y) : integerPower(x, y),
  "numbers",
);

const powerOfWhole = inlined(
  "power",
  1,
  (xs, exponent: number) => {
    const [x] = promoteOperands("power()", xs, "numbers");
    if (exponent < 0 && !isFloating(x!.dtype)) {
      throw new ShapeError(
        `Cannot raise integers ${x} to the negative power ${exponent}: ` +
          `convert them to floats with astype()`,
      );
    }
    return integerPow(x!, exponent);
  },
);

/**
 * `x` to the power `y`: 1 for `y = 0` and for `x = 1`, NaN included. A whole
 * JavaScript number `y` multiplies repeatedly, so integers stay integers.
 *
 * @throws {ShapeError} If integers are raised to a negative JavaScript number.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.power(np.arange(4), 2).js(), [0, 1, 4, 9]);
 * ```
 */
export function power(x: ArrayLike, y: ArrayLike): NDArray {
  const isWhole = typeof y === "number" && Number.isSafeInteger(y);
  return isWhole ? powerOfWhole(x, y) : powerOfArrays(x, y);
}

/**
 * `x` to the power `y`: `power`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.pow(2, 3).item(), 8);
 * ```
 */
export const pow: typeof power = power;

/** Repeated squaring: six steps reach all powers that 32 bits can hold. */
function integerPower(x: NDArray, y: NDArray): NDArray {
  const zero = zerosLike(x);
  const one = fullLike(x, 1);
  const isZero = and(compare("eq", x, zero), compare("ne", y, zero));
  let [result, base, exponent] = [select(isZero, zero, one), x, y];
  for (let step = 0; step < 6; step++) {
    const isOdd = compare("ne", and(exponent, one), zero);
    result = select(isOdd, mul(result, base), result);
    base = mul(base, base);
    exponent = shiftRightLogical(exponent, one);
  }
  return result;
}

/**
 * `x * x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.square(-3).item(), 9);
 * ```
 */
export const square: Unary = unary(
  "square",
  (x) => integerPow(x, 2),
  "numbers",
);
