/** Addition: what rules combine tangents and cotangents with. */

import type { NDArray } from "../array.ts";
import { Linear, type Primitive, type Tangent } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { elementwise } from "./_define.ts";

const addP: Primitive<readonly [NDArray, NDArray]> = elementwise("add", {
  accepts: "numbers",
  jvp: ([x, y], [dx, dy]) => [[add(x, y)], [addTangents(dx, dy)]],
  transpose: ([ct], [x, y]) => [
    x instanceof Linear ? ct : null,
    y instanceof Linear ? ct : null,
  ],
});

/** `x + y`. */
export function add(x: NDArray, y: NDArray): NDArray {
  return bind1(addP, [x, y], {});
}

/** The sum of two tangents of which either may be zero. */
export function addTangents(dx: Tangent, dy: Tangent): Tangent {
  return dx && dy ? add(dx, dy) : dx ?? dy;
}
