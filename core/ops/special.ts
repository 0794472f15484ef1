/** The error function and its relatives. */

import type { NDArray } from "../array.ts";
import { unary } from "./_define.ts";
import { mul, neg } from "./arithmetic.ts";
import { fullLike } from "./constants.ts";
import { exp } from "./exponential.ts";
import { square } from "./power.ts";

/** Error function. */
export const erf: (x: NDArray) => NDArray = unary(
  "erf",
  (dx, _out, x) => mul(dx, density(x)),
  { accepts: "floats" },
);

/** `1 - erf(x)`, exact where it is small. */
export const erfc: (x: NDArray) => NDArray = unary(
  "erfc",
  (dx, _out, x) => neg(mul(dx, density(x))),
  { accepts: "floats" },
);

/** Inverse of the error function; NaN outside of `[-1, 1]`. */
export const erfInv: (x: NDArray) => NDArray = unary(
  "erfInv",
  (dx, out) =>
    mul(dx, mul(fullLike(out, Math.sqrt(Math.PI) / 2), exp(square(out)))),
  { name: "erf_inv", accepts: "floats" },
);

/** The derivative of the error function. */
function density(x: NDArray): NDArray {
  return mul(fullLike(x, 2 / Math.sqrt(Math.PI)), exp(neg(square(x))));
}
