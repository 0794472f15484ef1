import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { iota, scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { pad, type Padding, slice } from "../../core/ops/slice_pad.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

const x = array([[1, 2, 3], [4, 5, 6]], "float64");

Deno.test("slice() takes every second column", () => {
  assertClose(slice(x, [0, 0], [2, 3], [1, 2]), [[1, 3], [4, 6]]);
});

Deno.test("slice() of everything returns its input", () => {
  assertEquals(slice(x, [0, 0], [2, 3]), x);
});

Deno.test("slice() takes empty parts, and the whole of a 0-d array", () => {
  assertEquals(slice(x, [1, 3], [2, 3]).shape, [1, 0]);
  assertEquals(slice(scalar(3, "float32"), [], []).item(), 3);
});

Deno.test("slice() of a range is as round as the whole range", () => {
  const range = () => convertElementType(iota("bfloat16", [300], 0), "float32");
  assertClose(jit(() => slice(range(), [257], [258]))(), [256]);
  assertClose(slice(range(), [257], [258]), [256]);
});

Deno.test("slice() rejects limits outside of the array", () => {
  assertThrows(
    () => slice(x, [0, 0], [2, 4]),
    ShapeError,
    "Cannot slice f64[2,3] from [0,0] to [2,4] in strides [1,1]: needs",
  );
});

Deno.test("slice() obeys the laws", () => {
  const f = (x: NDArray) => slice(sin(x), [0, 1], [3, 5], [2, 3]);
  checkJit(f, [ramp([3, 5])]);
  checkVmap(f, [ramp([2, 3, 5])]);
  checkGrads(f, [ramp([3, 5])]);
});

Deno.test("pad() puts a value around and between elements", () => {
  const nine = scalar(9, "float64");
  assertClose(pad(x, nine, [[1, 0, 1], [0, 1, 0]]), [
    [9, 9, 9, 9],
    [1, 2, 3, 9],
    [9, 9, 9, 9],
    [4, 5, 6, 9],
  ]);
});

Deno.test("pad() by negative numbers removes elements", () => {
  const nine = scalar(9, "float64");
  assertClose(pad(x, nine, [[-1, 0, 0], [-1, 2, 1]]), [[9, 5, 9, 6, 9, 9]]);
});

Deno.test("pad() of an empty array gives the value", () => {
  const empty = arrayOf([0], []);
  assertClose(pad(empty, scalar(7, "float32"), [[1, 1, 3]]), [7, 7]);
});

Deno.test("pad() does not read values of the array for its padding", () => {
  const f = (x: NDArray) => pad(sin(x), scalar(NaN, "float64"), [[1, 1, 0]]);
  assertClose(jit(f)(array([0], "float64")), [NaN, 0, NaN]);
});

Deno.test("pad() rejects negative extents and other dtypes", () => {
  assertThrows(
    () => pad(x, scalar(0, "float64"), [[-2, -1, 0], [0, 0, 0]]),
    ShapeError,
    "Cannot pad f64[2,3] with f64[] by [[-2,-1,0],[0,0,0]]: needs",
  );
  assertThrows(
    () => pad(x, scalar(0, "int32"), [[1, 0, 0], [0, 0, 0]]),
    ShapeError,
    "Cannot pad f64[2,3] with i32[]",
  );
});

Deno.test("pad() obeys the laws", () => {
  const configs: readonly (readonly Padding[])[] = [
    [[1, 2, 0], [0, 1, 2]],
    [[-1, 2, 1], [1, -1, 1]],
    [[-1, -1, 0], [-2, 4, 2]],
  ];
  for (const config of configs) {
    const f = (x: NDArray, value: NDArray) => pad(sin(x), value, config);
    checkJit(f, [ramp([3, 4]), ramp([])]);
    checkVmap(f, [ramp([2, 3, 4]), ramp([2])]);
    checkGrads(f, [ramp([3, 4]), ramp([])]);
  }
});
