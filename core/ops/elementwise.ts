/** Functions of one array, element by element. */

import type { NDArray } from "../array.ts";
import { unary } from "./_define.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { fullLike } from "./constants.ts";

/** `e` to the power of `x`. */
export const exp: (x: NDArray) => NDArray = unary(
  "exp",
  (dx, out) => mul(dx, out),
);

/** Natural logarithm. */
export const log: (x: NDArray) => NDArray = unary(
  "log",
  (dx, _out, x) => div(dx, x),
);

/** Sine, of radians. */
export const sin: (x: NDArray) => NDArray = unary(
  "sin",
  (dx, _out, x) => mul(dx, cos(x)),
);

/** Cosine, of radians. */
export const cos: (x: NDArray) => NDArray = unary(
  "cos",
  (dx, _out, x) => neg(mul(dx, sin(x))),
);

/** Hyperbolic tangent. */
export const tanh: (x: NDArray) => NDArray = unary(
  "tanh",
  (dx, out) => mul(dx, sub(fullLike(out, 1), mul(out, out))),
);
