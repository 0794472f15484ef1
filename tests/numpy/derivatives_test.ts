/** Derivatives where functions have corners, ties and edges. Values printed by JAX. */

import { assertEquals } from "@std/assert";
import { grad, type NDArray, numpy as np } from "../../mod.ts";

/** The derivative of `f` at each of `xs`. */
function slopes(f: (x: NDArray) => NDArray, xs: readonly number[]): unknown {
  return (grad((x: NDArray) => np.sum(f(x)))(np.array(xs)) as NDArray).js();
}

Deno.test("fmax() and fmin() give the second operand the derivative at ties", () => {
  for (const f of [np.fmax, np.fmin]) {
    assertEquals(slopes((x) => f(x, 1), [1]), [0]);
    assertEquals(slopes((y) => f(1, y), [1]), [1]);
    assertEquals(slopes((x) => f(x, 1), [NaN]), [0]);
    assertEquals(slopes((x) => f(x, NaN), [2]), [1]);
  }
});

Deno.test("hypot() is smooth on its axes, and has derivative 0 at the origin", () => {
  const slope = (x: NDArray) =>
    grad((v: NDArray) => np.sum(np.hypot(v, np.array([1, -2, 0.5]))))(
      x,
    ) as NDArray;
  assertEquals(slopes(slope, [0, 0, 0]), [1, 0.5, 2]);
  assertEquals(slopes((x) => np.hypot(x, 0), [0, -2, 3]), [0, -1, 1]);
});

Deno.test("the slope of arccosh() at 1 is positive infinity", () => {
  assertEquals(slopes(np.arccosh, [1, 0.5]), [Infinity, NaN]);
});
