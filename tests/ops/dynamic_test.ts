import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { scalar } from "../../core/ops/constants.ts";
import { dynamicSlice, dynamicUpdateSlice } from "../../core/ops/dynamic.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { jit } from "../../transforms/jit.ts";
import { foriLoop } from "../../transforms/while.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

const x = array([[1, 2, 3], [4, 5, 6]]);
const at = (i: number) => scalar(i, "int32");

Deno.test("dynamicSlice() clamps its start", () => {
  assertClose(dynamicSlice(x, [at(0), at(1)], [2, 2]), [[2, 3], [5, 6]]);
  assertClose(dynamicSlice(x, [at(7), at(-7)], [1, 2]), [[4, 5]]);
});

Deno.test("dynamicSlice() clamps starts of every integer dtype", () => {
  const long = array(Array.from({ length: 300 }, (_, i) => i));
  const last = (dtype: "int8" | "uint8" | "uint32", start: number) =>
    dynamicSlice(long, [scalar(start, dtype)], [1]).item();
  assertEquals(last("int8", -1), 0);
  assertEquals(last("uint8", 255), 255);
  assertEquals(last("uint32", 4e9), 299);
});

Deno.test("dynamicSlice() of a 0-d array is that array", () => {
  assertEquals(dynamicSlice(scalar(2, "float32"), [], []).item(), 2);
});

Deno.test("dynamicSlice() rejects parts that are too large, and float starts", () => {
  assertThrows(
    () => dynamicSlice(x, [at(0), at(0)], [3, 1]),
    ShapeError,
    "Cannot take a part of f32[2,3] with extents [3,1]",
  );
  assertThrows(
    () => dynamicSlice(x, [scalar(0, "float32"), at(0)], [1, 1]),
    ShapeError,
    "0-d integer start",
  );
});

Deno.test("dynamicUpdateSlice() stores at a clamped start", () => {
  const update = array([[8, 9]]);
  assertClose(dynamicUpdateSlice(x, update, [at(1), at(5)]), [
    [1, 2, 3],
    [4, 8, 9],
  ]);
  assertClose(x, [[1, 2, 3], [4, 5, 6]]);
});

Deno.test("dynamicUpdateSlice() rejects updates of another dtype", () => {
  assertThrows(
    () => dynamicUpdateSlice(x, array([[1]], "int32"), [at(0), at(0)]),
    ShapeError,
    "Cannot store i32[1,1] in f32[2,3]: dtypes must be equal",
  );
});

Deno.test("dynamicUpdateSlice() copies nothing where its operand dies", () => {
  const f = (x: NDArray, i: NDArray) => {
    const y = mul(x, x);
    return dynamicUpdateSlice(y, sin(dynamicSlice(y, [i], [1])), [i]);
  };
  const args = [array([1, 2, 3]), at(1)] as const;
  const text = jit(f).lower(...args).toString();
  assertEquals(text.match(/copy/g), null);
  assertClose(jit(f)(...args), [1, Math.sin(4), 9]);
});

Deno.test("dynamicUpdateSlice() copies nothing inside a loop", () => {
  const square = (i: NDArray, x: NDArray) => {
    const element = dynamicSlice(x, [i], [1]);
    return dynamicUpdateSlice(x, mul(element, element), [i]);
  };
  const f = (x: NDArray) => foriLoop(0, 3, square, x);
  const x = array([2, 3, 4, 5]);
  const [, loop] = jit(f).lower(x).toString().split("loop 3 times");
  assertEquals(loop!.match(/copy/g), null);
  assertClose(jit(f)(x) as NDArray, [4, 9, 16, 5]);
});

Deno.test("dynamicUpdateSlice() waits for other readers of its operand", () => {
  const f = (x: NDArray, i: NDArray) => {
    const y = mul(x, x);
    const updated = dynamicUpdateSlice(y, array([0]), [i]);
    return [updated, dynamicSlice(y, [i], [2])];
  };
  const args = [array([1, 2, 3]), at(1)] as const;
  assertEquals(jit(f).lower(...args).toString().match(/copy/g), null);
  const [updated, part] = jit(f)(...args) as readonly NDArray[];
  assertClose(updated!, [1, 0, 9]);
  assertClose(part!, [4, 9]);
});

Deno.test("dynamicUpdateSlice() leaves an operand that is still needed", () => {
  const f = (x: NDArray, i: NDArray) => {
    const y = mul(x, x);
    return add(y, dynamicUpdateSlice(y, array([0]), [i]));
  };
  assertClose(jit(f)(array([1, 2, 3]), at(1)), [2, 4, 18]);
});

Deno.test("dynamicSlice() obeys the laws", () => {
  const f = (x: NDArray, i: NDArray, j: NDArray) =>
    dynamicSlice(sin(x), [i, j], [2, 3]);
  checkJit(f, [ramp([3, 5]), at(1), at(2)]);
  const starts = [array([0, 2], "int32"), array([1, -4], "int32")] as const;
  checkVmap(f, [ramp([2, 3, 5]), ...starts]);
  checkVmap((x) => f(x, at(1), at(2)), [ramp([2, 3, 5])]);
  checkVmap((i) => f(ramp([3, 5]), i, at(2)), [starts[0]]);
  checkGrads((x) => f(x, at(1), at(2)), [ramp([3, 5])]);
});

Deno.test("dynamicUpdateSlice() obeys the laws", () => {
  const f = (x: NDArray, y: NDArray, i: NDArray) =>
    dynamicUpdateSlice(sin(x), mul(y, y), [i, at(1)]);
  checkJit(f, [ramp([3, 5]), ramp([2, 3]), at(1)]);
  checkVmap(f, [ramp([2, 3, 5]), ramp([2, 2, 3]), array([0, 2], "int32")]);
  checkVmap((x) => f(x, ramp([2, 3]), at(0)), [ramp([2, 3, 5])]);
  checkVmap((y) => f(ramp([3, 5]), y, at(0)), [ramp([2, 2, 3])]);
  checkVmap((i) => f(ramp([3, 5]), ramp([2, 3]), i), [array([0, 2], "int32")]);
  checkGrads((x, y) => f(x, y, at(1)), [ramp([3, 5]), ramp([2, 3])]);
});
