import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import {
  cumlogsumexp,
  cummax,
  cummin,
  cumprod,
  cumsum,
  type Cumulative,
} from "../../core/ops/cumulative.ts";
import { exp } from "../../core/ops/exponential.ts";
import { reshape, transpose } from "../../core/ops/layout.ts";
import { grad } from "../../transforms/grad.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap, type Op } from "../_util/op_laws.ts";

const inf = Infinity;

Deno.test("cumulative operations combine along an axis, from either end", () => {
  const x = array([[1, 2, 3], [4, 5, 6]]);
  assertEquals(cumsum(x, 1).js(), [[1, 3, 6], [4, 9, 15]]);
  assertEquals(cumsum(x, 0).js(), [[1, 2, 3], [5, 7, 9]]);
  assertEquals(cumsum(x, 1, true).js(), [[6, 5, 3], [15, 11, 6]]);
  assertEquals(cumprod(x, 1).js(), [[1, 2, 6], [4, 20, 120]]);
  assertEquals(cummax(array([1, 3, 2, 5]), 0).js(), [1, 3, 3, 5]);
  assertEquals(cummax(array([1, 3, 2, 0]), 0, true).js(), [3, 3, 2, 0]);
  assertEquals(cummin(array([3, 1, 2, 0]), 0).js(), [3, 1, 1, 0]);
});

Deno.test("cumulative operations pass NaN on, and start from nothing", () => {
  assertEquals(cumsum(array([1, NaN, 2]), 0).js(), [1, NaN, NaN]);
  assertEquals(cummax(array([-inf, NaN, 2]), 0).js(), [-inf, NaN, NaN]);
  assertEquals(cummin(array([inf, 2]), 0).js(), [inf, 2]);
  assertEquals(cumsum(array([inf, -inf]), 0).js(), [inf, NaN]);
  assertEquals(cummax(array([-128, 5, 3], "int8"), 0).js(), [-128, 5, 5]);
});

Deno.test("cumulative operations of integers wrap around", () => {
  assertEquals(cumsum(array([2 ** 31 - 1, 1], "int32"), 0).js(), [
    2 ** 31 - 1,
    -(2 ** 31),
  ]);
  assertEquals(cumprod(array([16, 17], "uint8"), 0).js(), [16, 16]);
});

Deno.test("cumlogsumexp() neither overflows nor turns -inf into NaN", () => {
  assertClose(cumlogsumexp(array([1000, 1000], "float64"), 0), [
    1000,
    1000 + Math.LN2,
  ], { tolerance: 1e-14 });
  assertEquals(cumlogsumexp(array([-inf, -inf, 0]), 0).js(), [-inf, -inf, 0]);
});

Deno.test("cumulative operations take arrays without elements", () => {
  assertEquals(cumsum(arrayOf([0], []), 0).js(), []);
  assertEquals(cumsum(arrayOf([2, 0], []), 0).shape, [2, 0]);
  assertEquals(cumprod(arrayOf([1], [3]), 0).js(), [3]);
});

Deno.test("cumulative operations name the axis that does not exist", () => {
  assertThrows(
    () => cumsum(arrayOf([], [1]), 0),
    RangeError,
    "Cannot apply cumsum to f32[] along axes [0]: needs different axes from 0",
  );
  assertThrows(() => cummax(array([1]), -1), RangeError, "along axes [-1]");
  assertThrows(
    () => cumlogsumexp(array([1], "int32"), 0),
    ShapeError,
    "Cannot apply cumlogsumexp to i32[1]: needs a floating-point dtype",
  );
});

Deno.test("cumsum() reads reductions, views and costly values", () => {
  const x = array([[1, 2], [3, 4], [5, 6]], "float64");
  assertEquals(cumsum(sum(x, [1]), 0).js(), [3, 10, 21]);
  checkJit((y) => cumsum(sum(exp(y), [1]), 0), [x]);
  checkJit((y) => cumsum(reshape(transpose(y, [1, 0]), [3, 2]), 1), [x]);
  checkJit((y) => cumsum(reshape(y, [6]), 0), [x]);
});

const OPS: Record<string, Cumulative> = {
  cumsum,
  cumprod,
  cummax,
  cummin,
  cumlogsumexp,
};
const X = array(
  [[1, -2, 0.5], [4, 0.3, 3], [-1, 2, -3], [0.7, 6, 1.5]],
  "float64",
);

for (const [name, op] of Object.entries(OPS)) {
  for (const reverse of [false, true]) {
    const how = reverse ? " from the end" : "";
    Deno.test(`${name}()${how} has the right derivatives`, () => {
      checkGrads((x) => op(x, 0, reverse), [X]);
    });
    Deno.test(`${name}()${how} is the same under jit and vmap`, () => {
      checkJit((x) => op(x, 1, reverse), [X]);
      checkVmap((x) => op(x, 0, reverse), [X]);
    });
  }
}

Deno.test("cumprod() has the right derivatives at zeros", () => {
  for (
    const x of [[2, 0, 5, 3], [0, 0, 5, 1], [0, 1, 0, 2], [0], [
      1,
      2,
      3,
      0.5,
      0,
      4,
      -1,
      2,
      3,
    ]]
  ) {
    checkGrads((y) => cumprod(y, 0), [array(x, "float64")]);
    checkGrads((y) => cumprod(y, 0, true), [array(x, "float64")]);
  }
});

Deno.test("derivatives of cumulative operations go through vmap and jit", () => {
  for (const op of Object.values(OPS)) {
    const slope = grad((x: NDArray) => sum(exp(op(x, 0)), [0])) as Op;
    checkJit(slope, [array([2, 0, -1, 3, 0.5], "float64")]);
    checkVmap(slope, [X]);
  }
});

Deno.test("the derivative of cumprod() over a long axis is a running sum at ones", () => {
  const ones = array(Array(1000).fill(1));
  const slope = grad((x: NDArray) => sum(cumprod(x, 0), [0]))(ones) as NDArray;
  assertEquals(slope.js(), Array.from({ length: 1000 }, (_, i) => 1000 - i));
});

Deno.test("cummax() shares its derivative between ties", () => {
  const total = (x: NDArray) => sum(cummax(x, 0), [0]);
  assertEquals((grad(total)(array([1, 1])) as NDArray).js(), [1.5, 0.5]);
});

Deno.test("cumlogsumexp() has a clean derivative at -inf", () => {
  const total = (x: NDArray) => sum(cumlogsumexp(x, 0), [0]);
  const slope = grad(total)(array([-inf, -inf, 0])) as NDArray;
  assertEquals(slope.js(), [1.5, 0.5, 1]);
});
