/** Exponentials and logarithms. */

import type { NDArray } from "../array.ts";
import { binary } from "./_binary.ts";
import { unary } from "./_define.ts";
import { add } from "./addition.ts";
import { div, mul, sub } from "./arithmetic.ts";
import { and, not } from "./bits.ts";
import { compare, select } from "./compare.ts";
import { fullLike, zerosLike } from "./constants.ts";
import { isFinite } from "./rounding.ts";

/** `e` to the power of `x`. */
export const exp: (x: NDArray) => NDArray = unary(
  "exp",
  (dx, out) => mul(dx, out),
  { accepts: "floats" },
);

/** 2 to the power of `x`. */
export const exp2: (x: NDArray) => NDArray = unary(
  "exp2",
  (dx, out) => mul(dx, mul(out, fullLike(out, Math.LN2))),
  { accepts: "floats" },
);

/** `exp(x) - 1`, exact near 0. */
export const expm1: (x: NDArray) => NDArray = unary(
  "expm1",
  (dx, out) => mul(dx, add(out, fullLike(out, 1))),
  { accepts: "floats" },
);

/** Natural logarithm; -inf at 0, NaN below. */
export const log: (x: NDArray) => NDArray = unary(
  "log",
  (dx, _out, x) => div(dx, x),
  { accepts: "floats" },
);

/** `log(1 + x)`, exact near 0. */
export const log1p: (x: NDArray) => NDArray = unary(
  "log1p",
  (dx, _out, x) => div(dx, add(x, fullLike(x, 1))),
  { accepts: "floats" },
);

/** `1 / (1 + exp(-x))`. */
export const logistic: (x: NDArray) => NDArray = unary(
  "logistic",
  (dx, out) => mul(dx, mul(out, sub(fullLike(out, 1), out))),
  { accepts: "floats" },
);

/** `log(exp(x) + exp(y))` without overflow; its derivatives are finite at infinities too. */
export const logAddExp: (x: NDArray, y: NDArray) => NDArray = binary(
  "logAddExp",
  [
    (dx, _out, x, y) => mul(dx, slopeOfLogAddExp(x, y)),
    (dy, _out, x, y) => mul(dy, slopeOfLogAddExp(y, x)),
  ],
  { name: "log_add_exp", accepts: "floats" },
);

/** The derivative of `logAddExp` along `x`; 1/2 where both are the same infinity. */
export function slopeOfLogAddExp(x: NDArray, y: NDArray): NDArray {
  const areInfinite = and(compare("eq", x, y), not(isFinite(x)));
  return logistic(select(areInfinite, zerosLike(x), sub(x, y)));
}
