/** Signs, rounding, remainders and neighbours of numbers, and what kind of number they are. */

import type { NDArray } from "../array.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { binary } from "./_binary.ts";
import { elementwise, unary } from "./_define.ts";
import { div, mul, neg } from "./arithmetic.ts";

/** The absolute value; its derivative at 0 is 0. */
export const abs: (x: NDArray) => NDArray = unary(
  "abs",
  (dx, _out, x) => mul(dx, sign(x)),
  { accepts: "numbers" },
);

/** -1, 0 or 1; a zero keeps its sign, and NaN stays. */
export const sign: (x: NDArray) => NDArray = unary("sign", null, {
  accepts: "numbers",
});

/** The largest whole number up to `x`. */
export const floor: (x: NDArray) => NDArray = unary("floor", null, {
  accepts: "floats",
});

/** The smallest whole number from `x` on. */
export const ceil: (x: NDArray) => NDArray = unary("ceil", null, {
  accepts: "floats",
});

/** The nearest whole number; ties go to the even one. */
export const round: (x: NDArray) => NDArray = unary("round", null, {
  accepts: "floats",
});

/** Bools: whether elements are neither infinite nor NaN. */
export const isFinite: (x: NDArray) => NDArray = unary("isFinite", null, {
  name: "is_finite",
  result: "bool",
});

/** Bools: whether elements are NaN. */
export const isNan: (x: NDArray) => NDArray = unary("isNan", null, {
  name: "is_nan",
  result: "bool",
});

/** The remainder of division toward zero, with the sign of `x`; `x` itself for an integer divided by 0. */
export const rem: (x: NDArray, y: NDArray) => NDArray = binary(
  "rem",
  [(dx) => dx, (dy, _out, x, y) => neg(mul(dy, truncated(div(x, y))))],
  { accepts: "numbers" },
);

/** The whole part of a float, toward zero. */
function truncated(x: NDArray): NDArray {
  return mul(sign(x), floor(abs(x)));
}

const nextafterP: Primitive<readonly [NDArray, NDArray]> = elementwise(
  "nextafter",
  { accepts: "floats" },
);

/** The number of the dtype next to `x`, in the direction of `y`. It has no derivative. */
export function nextafter(x: NDArray, y: NDArray): NDArray {
  return bind1(nextafterP, [x, y], {});
}
