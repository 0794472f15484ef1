import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { hessian, jacfwd, jacrev } from "../../transforms/jacobian.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const both = [["jacfwd", jacfwd], ["jacrev", jacrev]] as const;

/** `[2] -> [3, 2]`: row i is `x * factor[i]`, squared. */
const rows = (x: NDArray) => {
  const factors = broadcastInDim(f64([1, 2, 3]), [3, 2], [0]);
  const y = mul(broadcastInDim(x, [3, 2], [1]), factors);
  return mul(y, y);
};

for (const [name, jacobian] of both) {
  Deno.test(`${name}() puts axes of the result first, of the argument last`, () => {
    const J = jacobian(rows)(f64([5, 7])) as NDArray;
    assertEquals(J.shape, [3, 2, 2]);
    assertClose(J, [1, 4, 9].map((f) => [[10 * f, 0], [0, 14 * f]]));
    assertClose(jit(jacobian(rows))(f64([5, 7])) as NDArray, J);
    const lanes = vmap(jacobian(rows))(f64([[5, 7], [1, 2]])) as NDArray;
    assertEquals(lanes.shape, [2, 3, 2, 2]);
  });

  Deno.test(`${name}() of trees is a tree of trees`, () => {
    const f = ({ a, b }: { a: NDArray; b: NDArray }) => ({
      p: mul(broadcastInDim(a, [2], []), b),
      q: sin(a),
    });
    const J = jacobian(f)({ a: f64(3), b: f64([4, 5]) }) as Record<
      "p" | "q",
      Record<"a" | "b", NDArray>
    >;
    assertClose(J.p.a, [4, 5]);
    assertClose(J.p.b, [[3, 0], [0, 3]]);
    assertClose(J.q.a, Math.cos(3));
    assertClose(J.q.b, [0, 0]);
  });

  Deno.test(`${name}() by position, and by several`, () => {
    const [x, y] = [f64([1, 2]), f64([3, 4])];
    const second = jacobian(mul, { argnums: 1 })(x, y) as NDArray;
    assertClose(second, [[1, 0], [0, 2]]);
    const two = jacobian(mul, { argnums: [1, 0] })(x, y) as NDArray[];
    assertClose(two[0]!, [[1, 0], [0, 2]]);
    assertClose(two[1]!, [[3, 0], [0, 4]]);
    assertThrows(() => jacobian(mul, { argnums: 2 })(x, y), RangeError);
  });

  Deno.test(`${name}() over no elements`, () => {
    const J = jacobian(sin)(arrayOf([0], [], "float64")) as NDArray;
    assertEquals(J.shape, [0, 0]);
  });
}

Deno.test("hessian() of a scalar function of arrays and of trees", () => {
  const f = (x: NDArray) => sum(mul(mul(x, x), x), [0]);
  assertClose(hessian(f)(f64([1, 2])) as NDArray, [[6, 0], [0, 12]]);
  const g = ({ a, b }: { a: NDArray; b: NDArray }) => mul(mul(a, a), b);
  type Pair = Record<"a" | "b", NDArray>;
  const H = hessian(g)({ a: f64(3), b: f64(5) }) as Record<"a" | "b", Pair>;
  assertEquals([H.a.a, H.a.b, H.b.a, H.b.b].map((x) => x.js()), [10, 6, 6, 0]);
  const two = hessian(mul, { argnums: [0, 1] })(f64(3), f64(5)) as NDArray[][];
  assertEquals(two.map((row) => row.map((x) => x.js())), [[0, 1], [1, 0]]);
});
