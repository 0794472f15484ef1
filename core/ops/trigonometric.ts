/** Circular and hyperbolic functions, and their inverses. */

import type { NDArray } from "../array.ts";
import { binary } from "./_binary.ts";
import { unary, type UnaryTangent } from "./_define.ts";
import { add } from "./addition.ts";
import { div, mul, neg, sub } from "./arithmetic.ts";
import { fullLike } from "./constants.ts";
import { rsqrt, square } from "./power.ts";
import type { ScalarOp } from "../ir/scalar.ts";

function float(op: ScalarOp, tangent: UnaryTangent): (x: NDArray) => NDArray {
  return unary(op, tangent, { accepts: "floats" });
}

/** `1 + x`, `1 - x` and `x - 1`. */
const onePlus = (x: NDArray) => add(fullLike(x, 1), x);
const oneMinus = (x: NDArray) => sub(fullLike(x, 1), x);
const minusOne = (x: NDArray) => sub(x, fullLike(x, 1)); // 0 at 1, and not -0

/** Sine, of radians. */
export const sin: (x: NDArray) => NDArray = float(
  "sin",
  (dx, _out, x) => mul(dx, cos(x)),
);

/** Cosine, of radians. */
export const cos: (x: NDArray) => NDArray = float(
  "cos",
  (dx, _out, x) => neg(mul(dx, sin(x))),
);

/** Tangent, of radians. */
export const tan: (x: NDArray) => NDArray = float(
  "tan",
  (dx, out) => mul(dx, onePlus(square(out))),
);

/** Inverse sine, in `[-pi / 2, pi / 2]`; NaN outside of `[-1, 1]`. */
export const asin: (x: NDArray) => NDArray = float(
  "asin",
  (dx, _out, x) => mul(dx, rsqrt(oneMinus(square(x)))),
);

/** Inverse cosine, in `[0, pi]`; NaN outside of `[-1, 1]`. */
export const acos: (x: NDArray) => NDArray = float(
  "acos",
  (dx, _out, x) => neg(mul(dx, rsqrt(oneMinus(square(x))))),
);

/** Inverse tangent, in `[-pi / 2, pi / 2]`. */
export const atan: (x: NDArray) => NDArray = float(
  "atan",
  (dx, _out, x) => div(dx, onePlus(square(x))),
);

/** Hyperbolic sine. */
export const sinh: (x: NDArray) => NDArray = float(
  "sinh",
  (dx, _out, x) => mul(dx, cosh(x)),
);

/** Hyperbolic cosine. */
export const cosh: (x: NDArray) => NDArray = float(
  "cosh",
  (dx, _out, x) => mul(dx, sinh(x)),
);

/** Hyperbolic tangent. */
export const tanh: (x: NDArray) => NDArray = float(
  "tanh",
  // Not `1 - out^2`, which cancels where `out` is near 1.
  (dx, out) => mul(mul(dx, onePlus(out)), oneMinus(out)),
);

/** Inverse hyperbolic sine. */
export const asinh: (x: NDArray) => NDArray = float(
  "asinh",
  (dx, _out, x) => mul(dx, rsqrt(onePlus(square(x)))),
);

/** Inverse hyperbolic cosine; NaN below 1. */
export const acosh: (x: NDArray) => NDArray = float(
  "acosh",
  (dx, _out, x) => mul(dx, mul(rsqrt(minusOne(x)), rsqrt(onePlus(x)))),
);

/** Inverse hyperbolic tangent; NaN outside of `[-1, 1]`. */
export const atanh: (x: NDArray) => NDArray = float(
  "atanh",
  (dx, _out, x) => div(dx, mul(onePlus(x), oneMinus(x))),
);

/** The angle of the point `(y, x)`, in `[-pi, pi]`: the first argument is the ordinate. */
export const atan2: (y: NDArray, x: NDArray) => NDArray = binary(
  "atan2",
  [
    (dy, _out, y, x) => mul(dy, div(x, add(square(x), square(y)))),
    (dx, _out, y, x) => neg(mul(dx, div(y, add(square(x), square(y))))),
  ],
  { accepts: "floats" },
);
