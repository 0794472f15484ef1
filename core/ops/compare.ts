/** Comparisons, and the choice between two arrays. */

import type { NDArray } from "../array.ts";
import { sameShape } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import { known, Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading, elementwise, requireEqual } from "./_define.ts";
import { zerosLike } from "./constants.ts";

/** How two arrays are compared. */
export type Comparison = "eq" | "ne" | "lt" | "le" | "gt" | "ge";

const comparison = (op: Comparison): Primitive<readonly [NDArray, NDArray]> =>
  elementwise(op, {
    result: "bool",
    jvp: ([x, y]) => [[compare(op, x, y)], [null]],
  });

const COMPARISONS: Record<Comparison, Primitive<readonly [NDArray, NDArray]>> =
  {
    eq: comparison("eq"),
    ne: comparison("ne"),
    lt: comparison("lt"),
    le: comparison("le"),
    gt: comparison("gt"),
    ge: comparison("ge"),
  };

/** Compares elements; a comparison with NaN is false, but for `ne`. */
export function compare(how: Comparison, x: NDArray, y: NDArray): NDArray {
  return bind1(COMPARISONS[how], [x, y], {});
}

const selectP: Primitive<readonly [NDArray, NDArray, NDArray]> = {
  name: "select_n",
  abstractEval: ([which, x, y]) => {
    requireEqual("select", [x, y]);
    if (which.dtype !== "bool" || !sameShape(which.shape, x.shape)) {
      throw new ShapeError(
        `Cannot select between ${x} and ${y} by ${which}: needs a bool array ` +
          `of their shape`,
      );
    }
    return [x.with({ weakType: x.weakType && y.weakType })];
  },
  jvp: ([which, x, y], [, dx, dy]) => [
    [select(which, x, y)],
    [dx || dy ? select(which, dx ?? zerosLike(x), dy ?? zerosLike(y)) : null],
  ],
  transpose: ([ct], [which, x, y]) => [
    null,
    x instanceof Linear ? select(known(which), ct, zerosLike(ct)) : null,
    y instanceof Linear ? select(known(which), zerosLike(ct), ct) : null,
  ],
  batch: (inputs, mapped, { size }) => {
    const [which, x, y] = allLeading(inputs, mapped, size);
    return [select(which!, x!, y!)];
  },
  lower: (k, [which, x, y], _params, { outs: [out] }) => (index) =>
    k.apply("select", out!.dtype, which(index), x(index), y(index)),
};

/** Elements of `x` where `which` is true, else of `y`. */
export function select(which: NDArray, x: NDArray, y: NDArray): NDArray {
  return bind1(selectP, [which, x, y], {});
}
