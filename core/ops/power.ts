/** Powers and roots. */

import type { NDArray } from "../array.ts";
import type { KernelBuilder } from "../ir/builder.ts";
import type { Node } from "../ir/scalar.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { binary } from "./_binary.ts";
import { unary } from "./_define.ts";
import { requireFamily } from "./_families.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { and } from "./bits.ts";
import { compare, select } from "./compare.ts";
import { fullLike, zerosLike } from "./constants.ts";
import { log } from "./exponential.ts";

/** Square root; NaN below 0. */
export const sqrt: (x: NDArray) => NDArray = unary(
  "sqrt",
  (dx, out) => mul(dx, div(fullLike(out, 0.5), out)),
  { accepts: "floats" },
);

/** `1 / sqrt(x)`. */
export const rsqrt: (x: NDArray) => NDArray = unary(
  "rsqrt",
  (dx, out, x) => mul(dx, mul(fullLike(x, -0.5), div(out, x))),
  { accepts: "floats" },
);

/** Cube root, of negative numbers too. */
export const cbrt: (x: NDArray) => NDArray = unary(
  "cbrt",
  (dx, out) => mul(dx, mul(fullLike(out, 1 / 3), integerPow(out, -2))),
  { accepts: "floats" },
);

type Exponent = { readonly exponent: number };

const integerPowP: Primitive<readonly [NDArray], Exponent> = {
  name: "integer_pow",
  cost: 2,
  abstractEval: ([x], { exponent }) => {
    requireFamily("integerPow", x, exponent < 0 ? "floats" : "numbers");
    return [x];
  },
  jvp: ([x], [dx], { exponent }) => [
    [integerPow(x, exponent)],
    [dx && mul(dx, mul(fullLike(x, exponent), integerPow(x, exponent - 1)))],
  ],
  batch: ([x], _mapped, _axis, { exponent }) => [integerPow(x, exponent)],
  lower: (k, [x], { exponent }) => (index) => power(k, x(index), exponent),
};

/** A power by repeated squaring; a negative one is the reciprocal of the positive. */
function power(k: KernelBuilder, x: Node, exponent: number): Node {
  const { dtype } = x;
  const one = k.constant(1, dtype);
  let product = one;
  let rest = Math.abs(exponent);
  for (let factor = x; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) product = k.apply("mul", dtype, product, factor);
    if (rest > 1) factor = k.apply("mul", dtype, factor, factor);
  }
  return exponent < 0 ? k.apply("div", dtype, one, product) : product;
}

/**
 * `x` to a fixed whole power.
 *
 * @throws {RangeError} If the exponent is not an integer.
 * @throws {ShapeError} If the exponent is negative and `x` is not of floats.
 */
export function integerPow(x: NDArray, exponent: number): NDArray {
  if (!Number.isSafeInteger(exponent)) {
    throw new RangeError(
      `Cannot raise to the power ${exponent} with integerPow(): needs a whole ` +
        `number. Use pow()`,
    );
  }
  if (exponent === 0) return fullLike(x, 1);
  return exponent === 1 ? x : bind1(integerPowP, [x], { exponent });
}

/** `x * x`. */
export function square(x: NDArray): NDArray {
  return integerPow(x, 2);
}

/** `x` to the power `y`, of floats: 1 for `y = 0` and for `x = 1`, NaN included. */
export const pow: (x: NDArray, y: NDArray) => NDArray = binary(
  "pow",
  [
    (dx, _out, x, y) => mul(dx, slopeOfPower(x, y)),
    (dy, out, x) => mul(dy, mul(log(nonzero(x)), out)),
  ],
  { accepts: "floats" },
);

/**
 * `y * x^(y - 1)`, and 0 at `x = y = 0`. Only there is `y = 0` an exception:
 * elsewhere the derivative along `y` must remain, which is `1 / x` at `y = 0`.
 */
function slopeOfPower(x: NDArray, y: NDArray): NDArray {
  const zero = zerosLike(x);
  const isCorner = and(compare("eq", x, zero), compare("eq", y, zero));
  const base = select(isCorner, fullLike(x, 1), x);
  return mul(y, pow(base, sub(y, fullLike(y, 1))));
}

/** `x` with 1 for 0: then the derivative of `0^y` along `y` is 0. */
function nonzero(x: NDArray): NDArray {
  return select(compare("eq", x, zerosLike(x)), fullLike(x, 1), x);
}
