import { assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { add } from "../../core/ops/addition.ts";
import { div, mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { argmax, reduceMax, reduceProd } from "../../core/ops/extrema.ts";
import { reshape, rev, transpose } from "../../core/ops/layout.ts";
import { ShapeError } from "../../core/errors.ts";
import { array, arrayOf } from "../_util/array.ts";

const matrix = arrayOf([2, 3], [1, 2, 3, 4, 5, 6]);

for (
  const [name, f] of Object.entries<
    (x: NDArray, axes: readonly number[]) => NDArray
  >({
    reduce_sum: sum,
    reduce_max: reduceMax,
    reduce_prod: reduceProd,
    rev,
    transpose,
    argmax: (x, [axis]) => argmax(x, axis!),
  })
) {
  Deno.test(`${name} names the axes that an array does not have`, () => {
    for (const axes of [[2], [-1], [0.5]]) {
      assertThrows(
        () => f(matrix, axes),
        RangeError,
        `Cannot apply ${name} to f32[2,3] along axes [${axes}]: needs ` +
          "different axes from 0 to below 2",
      );
    }
  });
}

Deno.test("an axis counts once, and a transposition has all", () => {
  assertThrows(() => sum(matrix, [1, 1]), RangeError, "along axes [1,1]");
  assertThrows(() => transpose(matrix, [0, 0]), RangeError, "axes [0,0]");
  assertThrows(() => transpose(matrix, [0]), RangeError, "needs all 2 of them");
});

Deno.test("no array has a negative extent, or half an element", () => {
  assertThrows(
    () => broadcastInDim(array([1]), [-1, 1], [1]),
    RangeError,
    "Cannot make an array of shape [-1,1]: extents must be whole numbers",
  );
  assertThrows(() => reshape(matrix, [-2, -3]), RangeError, "[-2,-3]");
  assertThrows(() => reshape(matrix, [1.5, 4]), RangeError, "[1.5,4]");
});

Deno.test("bools are not numbers, and a missing dtype is none", () => {
  const bools = array([true, false], "bool");
  for (const f of [add, mul, div]) {
    assertThrows(() => f(bools, bools), ShapeError, "needs numbers");
  }
  assertThrows(() => sum(bools, [0]), ShapeError, "needs numbers");
  assertThrows(
    () => convertElementType(matrix, undefined as unknown as DType),
    ShapeError,
    "dtype undefined",
  );
});
