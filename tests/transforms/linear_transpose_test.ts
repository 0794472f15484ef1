import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { jit } from "../../transforms/jit.ts";
import { linearTranspose } from "../../transforms/linear_transpose.ts";
import { ShapeDtype } from "../../transforms/make_jaxpr.ts";
import { scan } from "../../transforms/scan.ts";
import { array } from "../_util/array.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const js = (xs: unknown) => (xs as NDArray[]).map((x) => x.js());

Deno.test("linearTranspose() of sums, products with constants and loops", () => {
  const [w, x] = [f64([2, 3]), f64([0, 0])];
  const f = (x: NDArray, y: NDArray) => sum(add(mul(w, x), y), [0]);
  for (const g of [f, jit(f)]) {
    assertEquals(js(linearTranspose(g, x, x)(f64(5))), [[10, 15], [5, 5]]);
  }
  const loop = (x: NDArray) =>
    scan((c: NDArray) => [mul(c, w), null], x, null, { length: 2 })[0];
  assertEquals(js(linearTranspose(loop, x)(f64([1, 1]))), [[4, 9]]);
  const transposed = jit((ct: NDArray) => linearTranspose(f, x, x)(ct));
  assertEquals(js(transposed(f64(5))), [[10, 15], [5, 5]]);
});

Deno.test("linearTranspose() needs shapes only", () => {
  const like = new ShapeDtype([2], "float64");
  const spread = linearTranspose((x: NDArray) => sum(x, [0]), like);
  assertEquals(js(spread(f64(3))), [[3, 3]]);
});

Deno.test("arguments that are not used have zero cotangents", () => {
  const x = f64([1, 2]);
  assertEquals(js(linearTranspose((x: NDArray, _: NDArray) => x, x, x)(x)), [
    [1, 2],
    [0, 0],
  ]);
});

Deno.test("linearTranspose() of a function that is not linear raises", () => {
  const x = f64(1);
  assertThrows(() => linearTranspose(sin, x)(x), TypeError, "not linear");
  assertThrows(
    () => linearTranspose((x: NDArray) => x, x)([x, x]),
    TypeError,
    "structure",
  );
});

Deno.test("linearTranspose() of a product of its argument with itself raises", () => {
  assertThrows(
    () => linearTranspose((x: NDArray) => mul(x, x), f64([1]))(f64([1])),
    TypeError,
    "Cannot transpose a function that is not linear",
  );
});
