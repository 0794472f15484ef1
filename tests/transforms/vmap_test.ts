import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul, neg } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array, arrayOf } from "../_util/array.ts";

const rows = array([[1, 2, 3], [4, 5, 6]]);
const dot = (x: NDArray, y: NDArray) =>
  dotGeneral(x, y, { contract: [[0], [0]], batch: [[], []] });
const total = (x: NDArray) => sum(x, x.shape.map((_, axis) => axis));

Deno.test("vmap() maps over the first axis", () => {
  assertEquals(vmap(total)(rows).js(), [6, 15]);
  assertEquals(vmap(dot)(rows, rows).js(), [14, 77]);
});

Deno.test("vmap() maps over the axes that it is told", () => {
  assertEquals(vmap(total, 1)(rows).js(), [5, 7, 9]);
  assertEquals(vmap(total, -1)(rows).js(), [5, 7, 9]);
  assertEquals(vmap(total, [1])(rows).js(), [5, 7, 9]);
  const weights = array([1, 10, 100]);
  assertEquals(vmap(dot, [0, null])(rows, weights).js(), [321, 654]);
  assertEquals(vmap(dot, [null, 0])(weights, rows).js(), [321, 654]);
});

Deno.test("vmap() takes trees of axes", () => {
  const f = (p: { x: NDArray; y: NDArray }, z: NDArray) =>
    add(dot(p.x, p.y), z);
  const args = { x: rows, y: array([1, 10, 100]) };
  const z = array([1000, 2000]);
  assertEquals(vmap(f, [{ x: 0, y: null }, 0])(args, z).js(), [1321, 2654]);
  const pairs = vmap((xs: NDArray[]) => add(xs[0]!, xs[1]!), [[0, 1]]);
  assertEquals(pairs([rows, array([[1, 2], [1, 2], [1, 2]])]).js(), [
    [2, 3, 4],
    [6, 7, 8],
  ]);
});

Deno.test("vmap() puts the axis where outAxes says", () => {
  assertEquals(vmap(neg, 0, 1)(rows).js(), [[-1, -4], [-2, -5], [-3, -6]]);
  assertEquals(vmap(neg, 0, -1)(rows).shape, [3, 2]);
  const both = (x: NDArray) => [x, neg(x)] as const;
  const [same, moved] = vmap(both, 0, [0, 1])(rows);
  assertEquals([same.shape, moved.shape], [[2, 3], [3, 2]]);
});

Deno.test("results that do not depend on the axis are repeated, or left alone", () => {
  const two = array([1, 2]);
  assertEquals(vmap((_x: NDArray) => two)(rows).js(), [[1, 2], [1, 2]]);
  const constant = vmap((_x: NDArray) => two, 0, null as unknown as number);
  assertEquals(constant(rows).js(), [1, 2]);
  assertThrows(() => vmap(neg, 0, null)(rows), RangeError, "outAxes null");
});

Deno.test("vmap() nests", () => {
  const outer = vmap((x: NDArray) => vmap((y: NDArray) => mul(total(x), y))(x));
  assertEquals(outer(array([[1, 2], [3, 4]])).js(), [[3, 6], [21, 28]]);
  const table = vmap(vmap(mul, [null, 0]), [0, null]);
  assertEquals(table(array([1, 2]), array([3, 4, 5])).js(), [
    [3, 4, 5],
    [6, 8, 10],
  ]);
});

Deno.test("vmap() over no examples", () => {
  assertEquals(vmap(total)(arrayOf([0, 3], [])).shape, [0]);
  assertEquals(vmap(neg)(arrayOf([0, 3], [])).shape, [0, 3]);
});

Deno.test("axisSize is needed where nothing is mapped", () => {
  const f = (x: NDArray) => neg(x);
  const three = vmap(f, null, 0, { axisSize: 3 });
  assertEquals(three(array(1)).js(), [-1, -1, -1]);
  assertThrows(
    () => vmap(f, null)(array(1)),
    ShapeError,
    "no argument is mapped",
  );
  assertThrows(() => vmap(f, 0, 0, { axisSize: 3 })(rows), ShapeError, "3");
});

Deno.test("vmap() names sizes and axes that do not fit", () => {
  const error = assertThrows(
    () =>
      vmap(function product(x: NDArray, y: NDArray) {
        return mul(x, y);
      })(rows, array([1, 2, 3])),
    ShapeError,
  );
  assertMatch(error.message, /vmap of product.*sizes 2, 3.*\[2,3\], \[3\]/);
  assertThrows(() => vmap(neg, 2)(rows), RangeError, "axis 2");
  assertThrows(() => vmap(neg)(array(1)), RangeError, "axis 0");
  assertThrows(() => vmap(neg, 0, 3)(rows), RangeError, "axis 3");
  assertThrows(
    () => vmap(mul, [0])(rows, rows),
    TypeError,
    "the arguments of vmap of apply is an array of length 2, but inAxes has an " +
      "array of length 1 there",
  );
});
