/** Arithmetic on two arrays, and the sign; `add` is in `addition.ts`. */

import type { NDArray } from "../array.ts";
import { known, Linear } from "../primitive.ts";
import { binary } from "./_binary.ts";
import { unary } from "./_define.ts";
import { compare, select } from "./compare.ts";
import { fullLike, zerosLike } from "./constants.ts";

/** `-x`. */
export const neg: (x: NDArray) => NDArray = unary("neg", (dx) => neg(dx), {
  accepts: "numbers",
  transpose: ([ct]) => [neg(ct)],
});

/** `x - y`. */
export const sub: (x: NDArray, y: NDArray) => NDArray = binary(
  "sub",
  [(dx) => dx, (dy) => neg(dy)],
  {
    accepts: "numbers",
    transpose: ([ct], [x, y]) => [
      x instanceof Linear ? ct : null,
      y instanceof Linear ? neg(ct) : null,
    ],
  },
);

/** `x * y`. */
export const mul: (x: NDArray, y: NDArray) => NDArray = binary(
  "mul",
  [(dx, _out, _x, y) => mul(dx, y), (dy, _out, x) => mul(x, dy)],
  {
    accepts: "numbers",
    transpose: ([ct], [x, y]) => [
      x instanceof Linear ? mul(ct, known(y)) : null,
      y instanceof Linear ? mul(known(x), ct) : null,
    ],
  },
);

/** `x / y`; integers truncate toward zero, and give -1 for a zero divisor. */
export const div: (x: NDArray, y: NDArray) => NDArray = binary(
  "div",
  [
    (dx, _out, _x, y) => div(dx, y),
    (dy, out, _x, y) => neg(mul(dy, div(out, y))),
  ],
  {
    accepts: "numbers",
    transpose: ([ct], [x, y]) => [
      x instanceof Linear ? div(ct, known(y)) : null,
      null,
    ],
  },
);

/** The larger of two; NaN if either is. At ties each has half of the derivative. */
export const max: (x: NDArray, y: NDArray) => NDArray = binary("max", [
  (dx, _out, x, y) => mul(dx, shareOf("gt", x, y)),
  (dy, _out, x, y) => mul(dy, shareOf("gt", y, x)),
]);

/** The smaller of two; NaN if either is. At ties each has half of the derivative. */
export const min: (x: NDArray, y: NDArray) => NDArray = binary("min", [
  (dx, _out, x, y) => mul(dx, shareOf("lt", x, y)),
  (dy, _out, x, y) => mul(dy, shareOf("lt", y, x)),
]);

/** 1 where `x` is chosen over `y`, 1/2 where they are equal, else 0. */
export function shareOf(
  chosen: "gt" | "lt",
  x: NDArray,
  y: NDArray,
): NDArray {
  const tie = select(compare("eq", x, y), fullLike(x, 0.5), zerosLike(x));
  return select(compare(chosen, x, y), fullLike(x, 1), tie);
}
