import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { vmap } from "../../transforms/vmap.ts";
import { foriLoop } from "../../transforms/while.ts";
import { array } from "../_util/array.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");

/** `x` times itself from `start` to `end`, each time plus the index. */
const rise = (x: NDArray, start: number | NDArray, end: number | NDArray) =>
  foriLoop(
    start,
    end,
    (i: NDArray, y: NDArray) =>
      add(mul(y, x), convertElementType(i, "float64")),
    f64(1),
  ) as NDArray;

Deno.test("foriLoop() passes the index and carries the value", () => {
  assertEquals(rise(f64(2), 1, 4).js(), (((2 + 1) * 2) + 2) * 2 + 3);
  assertEquals(rise(f64(2), 4, 1).js(), 1);
  assertEquals(rise(f64(2), -1, 1).js(), 2);
});

Deno.test("bounds may be arrays, and traced", () => {
  const [one, four] = [array(1, "int32"), array(4, "int32")];
  assertEquals(rise(f64(2), one, four).js(), 19);
  assertEquals(rise(f64(2), 1, four).js(), 19);
  const jitted = jit(rise);
  assertEquals(jitted(f64(2), one, four).js(), 19);
  assertEquals(jitted(f64(2), 1, 4).js(), 19);
  const lanes = vmap(rise, [null, null, 0])(
    f64(2),
    1,
    array([1, 2, 4], "int32"),
  );
  assertEquals(lanes.js(), [1, 3, 19]);
});

Deno.test("bounds that are numbers give both modes, arrays forward mode", () => {
  checkGrads((x) => rise(x, 1, 4), [f64(1.3)], { order: 3 });
  const four = array(4, "int32");
  checkGrads((x) => rise(x, 1, four), [f64(1.3)], { modes: ["fwd"] });
  assertEquals(
    jit((x: NDArray) =>
      jvp((x: NDArray) => rise(x, 1, four), [x], [f64(1)])[1]
    )(f64(2)).js(),
    18,
  );
  assertThrows(
    () => grad((x: NDArray) => rise(x, 1, four))(f64(2)),
    TypeError,
    "foriLoop() with bounds that are JavaScript numbers",
  );
});

Deno.test("the body may be annotated with a mutable pair", () => {
  const swap = (_: NDArray, [x, y]: [NDArray, NDArray]): [NDArray, NDArray] => [
    y,
    x,
  ];
  const [x, y]: [NDArray, NDArray] = foriLoop(0, 3, swap, [f64(1), f64(2)]);
  assertEquals([x.js(), y.js()], [2, 1]);
});
