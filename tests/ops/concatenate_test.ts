import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

Deno.test("concatenate() puts arrays one after the other", () => {
  const x = array([[1], [2]]);
  const y = array([[3, 4], [5, 6]]);
  assertClose(concatenate([x, y, x], 1), [[1, 3, 4, 1], [2, 5, 6, 2]]);
});

Deno.test("concatenate() with empty arrays", () => {
  const empty = arrayOf([0], []);
  assertClose(concatenate([empty, array([1]), empty], 0), [1]);
  assertEquals(concatenate([empty, empty], 0).shape, [0]);
});

Deno.test("concatenate() of one array returns it", () => {
  const x = array([1]);
  assertEquals(concatenate([x], 0), x);
});

Deno.test("concatenate() rejects arrays that do not fit", () => {
  assertThrows(
    () => concatenate([array([[1]]), array([[1, 2]])], 0),
    ShapeError,
    "Cannot concatenate f32[1,1], f32[1,2] along axis 0: needs",
  );
  assertThrows(
    () => concatenate([array([1]), array([1], "int32")], 0),
    ShapeError,
    "equal dtypes",
  );
});

Deno.test("concatenate() stores each computed part in place by one kernel", () => {
  const f = (x: NDArray, y: NDArray) => concatenate([sin(x), mul(y, y)], 0);
  const text = jit(f).lower(array([1, 2]), array([3])).toString();
  assertEquals(text.match(/ nest /g)?.length, 2);
  assertEquals(text.match(/select|copy/g), null);
});

Deno.test("concatenate() obeys the laws", () => {
  const f = (x: NDArray, y: NDArray) => concatenate([sin(x), mul(y, y), x], 1);
  checkJit(f, [ramp([2, 3]), ramp([2, 1])]);
  checkVmap(f, [ramp([2, 2, 3]), ramp([2, 2, 1])]);
  checkGrads(f, [ramp([2, 3]), ramp([2, 1])]);
});
