import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { gather, type GatherOptions } from "../../core/ops/gather_scatter.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

const x = array([[1, 2, 3], [4, 5, 6]]);

/** Whole rows of a matrix of three columns. */
const rows: GatherOptions = {
  offsetDims: [1],
  collapsedSliceDims: [0],
  operandBatchingDims: [],
  startIndicesBatchingDims: [],
  startIndexMap: [0],
  sliceSizes: [1, 3],
};

Deno.test("gather() takes rows, and clamps indices out of bounds", () => {
  const at = array([[1], [0], [7], [-7]], "int32");
  assertClose(gather(x, at, rows), [[4, 5, 6], [1, 2, 3], [4, 5, 6], [
    1,
    2,
    3,
  ]]);
});

Deno.test("gather() fills what is out of bounds", () => {
  const at = array([[1], [2], [-1]], "int32");
  const fill = { ...rows, mode: "fill" } as const;
  const nan = [NaN, NaN, NaN];
  assertClose(gather(x, at, fill), [[4, 5, 6], nan, nan]);
  const zeros = [0, 0, 0];
  assertClose(gather(x, at, { ...fill, fillValue: 0 }), [
    [4, 5, 6],
    zeros,
    zeros,
  ]);
});

Deno.test("gather() fills integers with their extreme", () => {
  const fill = { ...rows, sliceSizes: [1, 1], mode: "fill" } as const;
  const at = array([[5]], "int32");
  assertClose(gather(array([[1]], "int8"), at, fill), [[-128]]);
  assertClose(gather(array([[1]], "uint8"), at, fill), [[255]]);
});

Deno.test("gather() fills with a number of the dtype", () => {
  const fill = { ...rows, sliceSizes: [1, 1], mode: "fill" } as const;
  const at = array([[5]], "int32");
  for (const dtype of ["bfloat16", "int8"] as const) {
    for (const fillValue of [0.1, 300]) {
      const f = (x: NDArray) =>
        convertElementType(gather(x, at, { ...fill, fillValue }), "float64");
      assertEquals(
        jit(f)(array([[1]], dtype)).js(),
        [[scalar(fillValue, dtype).item()]],
      );
    }
  }
});

Deno.test("gather() of single elements at pairs of indices", () => {
  const at = array([[0, 2], [1, 1]], "int32");
  const elements: GatherOptions = {
    ...rows,
    offsetDims: [],
    collapsedSliceDims: [0, 1],
    startIndexMap: [0, 1],
    sliceSizes: [1, 1],
  };
  assertClose(gather(x, at, elements), [3, 5]);
  assertEquals(gather(x, arrayOf([0, 2], [], "int32"), elements).shape, [0]);
  assertClose(gather(x, array([1, 0], "int32"), elements), 4);
});

Deno.test("gather() rejects windows larger than the array", () => {
  assertThrows(
    () => gather(x, array([[0]], "int32"), { ...rows, sliceSizes: [1, 4] }),
    ShapeError,
    "Cannot gather windows of extents [1,4] from f32[2,3] at indices i32[1,1]",
  );
});

Deno.test("gather() fuses into the kernel that reads it", () => {
  const f = (x: NDArray, at: NDArray) => sin(gather(x, at, rows));
  const text = jit(f).lower(x, array([[1]], "int32")).toString();
  assertEquals(text.match(/ nest /g)?.length, 1);
});

for (const mode of ["clip", "fill", "promiseInBounds"] as const) {
  Deno.test(`gather() with mode ${mode} obeys the laws`, () => {
    const f = (x: NDArray, at: NDArray) =>
      gather(sin(x), at, { ...rows, mode, fillValue: 0.5 });
    const out = mode === "promiseInBounds" ? 1 : 5;
    const at = array([[[1], [0]], [[out], [1]]], "int32");
    checkJit(f, [ramp([2, 3]), array([[1], [out]], "int32")]);
    checkVmap(f, [ramp([2, 2, 3]), at]);
    const fixed = array([[1], [0], [1], [out]], "int32");
    checkGrads((x) => f(x, fixed), [ramp([2, 3])]);
  });
}

Deno.test("gather() with batching axes obeys the laws", () => {
  // Row b of the result: element at[b, i] of row b of the operand.
  const f = (x: NDArray, at: NDArray) =>
    gather(sin(x), at, {
      offsetDims: [],
      collapsedSliceDims: [1],
      operandBatchingDims: [0],
      startIndicesBatchingDims: [0],
      startIndexMap: [1],
      sliceSizes: [1, 1],
    });
  const at = array([[[2], [0]], [[1], [1]]], "int32");
  assertClose(f(array([[0, 0, 1], [0, 2, 0]], "float64"), at), [
    [Math.sin(1), 0],
    [Math.sin(2), Math.sin(2)],
  ]);
  const two = array(
    [[[[2], [0]], [[1], [1]]], [[[0], [0]], [[1], [2]]]],
    "int32",
  );
  checkVmap(f, [ramp([2, 2, 3]), two]);
  checkGrads((x) => f(x, at), [ramp([2, 3])]);
});
