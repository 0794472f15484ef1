import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { grad } from "../../transforms/grad.ts";
import {
  evalShape,
  makeJaxpr,
  ShapeDtype,
} from "../../transforms/make_jaxpr.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

const x = array([1, 2, 3], "float64");

Deno.test("makeJaxpr() prints the program", () => {
  const f = (x: NDArray) => sum(mul(sin(x), x), [0]);
  assertEquals(
    String(makeJaxpr(f)(x)),
    `{ lambda ; a:f64[3]. let
    b:f64[3] = sin a
    c:f64[3] = mul b a
    d:f64[] = reduce_sum[axes=(0)] c
  in (d,) }`,
  );
});

Deno.test("makeJaxpr() of derivatives and batches", () => {
  assertEquals(
    String(makeJaxpr(grad((x: NDArray) => sin(x)))(array(1, "float64"))),
    `{ lambda ; a:f64[]. let
    b:f64[] = sin a
    c:f64[] = cos a
    d:f64[] = mul 1.0:f64[] c
  in (d,) }`,
  );
  assertEquals(
    String(
      makeJaxpr(vmap((x: NDArray) => sum(x, [0])))(
        new ShapeDtype([2, 3], "float64"),
      ),
    ),
    `{ lambda ; a:f64[2,3]. let
    b:f64[2] = reduce_sum[axes=(1)] a
  in (b,) }`,
  );
});

Deno.test("makeJaxpr() gives what the function closes over", () => {
  const { jaxpr, consts } = makeJaxpr((y: NDArray) => mul(x, y))(x);
  assertEquals([jaxpr.inputs.length, consts.length, consts[0] === x], [
    2,
    1,
    true,
  ]);
});

Deno.test("evalShape() computes no values", () => {
  const big = new ShapeDtype([1 << 20, 1 << 20], "float32");
  const out = evalShape((x: NDArray) => ({ y: sin(x), s: sum(x, [0]) }), big);
  assertEquals(out, { y: big, s: new ShapeDtype([1 << 20], "float32") });
});
