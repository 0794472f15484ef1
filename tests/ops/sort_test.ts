import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { exp } from "../../core/ops/exponential.ts";
import { sort, topK } from "../../core/ops/sort.ts";
import { array, arrayOf } from "../_util/array.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";

const inf = Infinity;
const sort1 = (x: NDArray, dimension = 0) =>
  sort([x], { dimension, numKeys: 1 })[0]!;

Deno.test("sort() orders along one axis", () => {
  const x = array([[3, 1, 2], [0, 5, 4]]);
  assertEquals(sort1(x, 1).js(), [[1, 2, 3], [0, 4, 5]]);
  assertEquals(sort1(x, 0).js(), [[0, 1, 2], [3, 5, 4]]);
  assertEquals(sort1(array([2 ** 32 - 1, 7], "uint32")).js(), [7, 2 ** 32 - 1]);
  assertEquals(sort1(array([true, false], "bool")).js(), [false, true]);
});

Deno.test("sort() puts NaN last, infinities at the ends", () => {
  const x = array([NaN, 1, -inf, NaN, inf]);
  assertEquals(sort1(x).js(), [-inf, 1, inf, NaN, NaN]);
});

Deno.test("sort() keeps the order of equal elements, of zeros of either sign too", () => {
  const keys = array([1, 0, -0, 1, 0]);
  const values = array([0, 1, 2, 3, 4], "int32");
  const [sorted, order] = sort([keys, values], { dimension: 0, numKeys: 1 });
  assertEquals(sorted!.js(), [0, -0, 0, 1, 1]);
  assertEquals(order!.js(), [1, 2, 4, 0, 3]);
});

Deno.test("sort() compares by several keys in turn", () => {
  const first = array([1, 0, 1, 0], "int32");
  const second = array([0.5, 2, 0.25, 1]);
  const third = array([0, 1, 2, 3], "uint8");
  const options = { dimension: 0, numKeys: 2 };
  const sorted = sort([first, second, third], options).map((x) => x.js());
  assertEquals(sorted, [[0, 0, 1, 1], [1, 2, 0.25, 0.5], [3, 1, 2, 0]]);
});

Deno.test("sort() takes arrays without elements", () => {
  assertEquals(sort1(arrayOf([0], [])).js(), []);
  assertEquals(sort1(arrayOf([0, 2], []), 1).shape, [0, 2]);
});

Deno.test("sort() explains operands, axes and keys that do not fit", () => {
  const x = array([1, 2]);
  assertThrows(
    () => sort([x, array([1])], { dimension: 0, numKeys: 1 }),
    ShapeError,
    "Cannot sort f32[2], f32[1] along axis 0 by 1 keys: needs operands of one",
  );
  assertThrows(() => sort1(x, 1), ShapeError, "along axis 1");
  assertThrows(
    () => sort([x], { dimension: 0, numKeys: 2 }),
    ShapeError,
    "1 to 1 keys",
  );
});

Deno.test("topK() gives the largest in descending order, first ones first", () => {
  const pair = (x: NDArray, k: number) => topK(x, k).map((y) => y.js());
  assertEquals(pair(array([1, 5, 3, 5]), 3), [[5, 5, 3], [1, 3, 2]]);
  assertEquals(pair(array([[1, 2], [4, 3]]), 1), [[[2], [4]], [[1], [0]]]);
  assertEquals(pair(array([1, NaN, inf]), 2), [[NaN, inf], [1, 2]]);
  const smallest = array([-(2 ** 31), 0], "int32");
  assertEquals(pair(smallest, 2), [[0, -(2 ** 31)], [1, 0]]);
  assertEquals(pair(array([3, 255], "uint8"), 1), [[255], [1]]);
  assertEquals(pair(array([1]), 0), [[], []]);
  assertEquals(topK(array([1]), 1)[1].dtype, "int32");
});

Deno.test("topK() names the axis that is too short", () => {
  assertThrows(
    () => topK(array([1, 2]), 3),
    RangeError,
    "Cannot take the 3 largest elements of f32[2]: needs a last axis of at least",
  );
});

const X = array([[3, -1, 2], [0.5, 5, -4], [1, 0, 7]], "float64");
const Y = array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], "float64");

Deno.test("sort() and topK() have the right derivatives", () => {
  checkGrads((x) => sort1(x, 0), [X]);
  checkGrads((x) => sort1(x, 1), [X]);
  checkGrads((x, y) => sort([x, y], { dimension: 1, numKeys: 1 }), [X, Y]);
  checkGrads((x) => topK(x, 2)[0], [X]);
});

Deno.test("sort() and topK() are the same under jit and vmap", () => {
  const along = (x: NDArray, y: NDArray) =>
    sort([x, y], { dimension: 0, numKeys: 1 })[1]!;
  checkJit((x) => sort1(exp(x), 1), [X]);
  checkJit((x) => sort1(sum(x, [1]), 0), [X]);
  checkJit(along, [X, Y]);
  checkVmap(along, [X, Y]);
  checkVmap((x) => topK(x, 2)[1], [X]);
});
