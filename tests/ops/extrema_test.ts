import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  argmax,
  argmin,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
} from "../../core/ops/extrema.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap, type Op } from "../_util/op_laws.ts";

const inf = Infinity;

Deno.test("reduceMax() and reduceMin() reduce over any axes", () => {
  const x = array([[1, 5, -2], [4, 0, 3]]);
  assertEquals(reduceMax(x, [0]).js(), [4, 5, 3]);
  assertEquals(reduceMax(x, [1]).js(), [5, 4]);
  assertEquals(reduceMax(x, [0, 1]).js(), 5);
  assertEquals(reduceMin(x, [0, 1]).js(), -2);
  assertEquals(reduceMin(x, []).js(), x.js());
});

Deno.test("reduceMax() and reduceMin() propagate NaN and know infinities", () => {
  assertEquals(reduceMax(array([1, NaN, inf]), [0]).js(), NaN);
  assertEquals(reduceMin(array([NaN, -inf]), [0]).js(), NaN);
  assertEquals(reduceMax(array([-inf, -inf]), [0]).js(), -inf);
  assertEquals(reduceMax(array([-3, -7], "int8"), [0]).js(), -3);
  assertEquals(reduceMin(array([2 ** 32 - 1, 7], "uint32"), [0]).js(), 7);
  assertEquals(reduceMax(array([false, true], "bool"), [0]).js(), true);
});

Deno.test("extrema of an empty axis are errors, of no rows empty", () => {
  assertThrows(
    () => reduceMax(arrayOf([2, 0], []), [1]),
    ShapeError,
    "Cannot take the max of f32[2,0] over axis 1: the axis is empty",
  );
  assertThrows(() => argmin(arrayOf([0], []), 0), ShapeError, "the argmin of");
  assertEquals(reduceMax(arrayOf([0, 2], []), [1]).shape, [0]);
  assertEquals(reduceProd(arrayOf([2, 0], []), [1]).js(), [1, 1]);
  assertEquals(reduceAnd(arrayOf([0], [], "bool"), [0]).js(), true);
  assertEquals(reduceOr(arrayOf([0], [], "bool"), [0]).js(), false);
});

Deno.test("reduceProd() multiplies, wraps integers and widens 16-bit floats", () => {
  assertEquals(reduceProd(array([[1, 2], [3, 4]]), [0]).js(), [3, 8]);
  assertEquals(reduceProd(array([65536, 65536], "int32"), [0]).js(), 0);
  assertEquals(reduceProd(array([16, 17], "uint8"), [0]).js(), 16);
  const large = array([256, 256, 2 ** -8], "float16");
  assertEquals(reduceProd(large, [0]).js(), 256); // 65536 overflows float16
});

Deno.test("reduceAnd() and reduceOr() combine bools and bits", () => {
  const x = array([[true, false], [true, true]], "bool");
  assertEquals(reduceAnd(x, [1]).js(), [false, true]);
  assertEquals(reduceOr(x, [0, 1]).js(), true);
  assertEquals(reduceAnd(array([0b1100, 0b1010], "uint8"), [0]).js(), 0b1000);
  assertEquals(reduceOr(array([-8, 1], "int32"), [0]).js(), -7);
  assertThrows(
    () => reduceAnd(array([1]), [0]),
    ShapeError,
    "Cannot apply reduce_and to f32[1]: needs integers or bools",
  );
});

Deno.test("reduceMax() and reduceMin() order -0 below 0, wherever they stand", () => {
  const others = (n: number, x: number) => Array.from({ length: n }, () => x);
  const check = (reduce: Op, x: readonly number[], dtype: DType, to: number) =>
    assert(Object.is(reduce(array([...x], dtype)).js(), to), `${x} ${dtype}`);
  const [largest, smallest] = [reduceMax, reduceMin].map((f): Op => (x) =>
    f(x, [0])
  ) as [Op, Op];
  for (const dtype of ["float32", "float64", "float16"] as const) {
    for (const [n, at] of [[1, 0], [8, 5], [37, 3], [37, 20], [37, 36]]) {
      const lone = (x: number, rest: number) => others(n!, rest).with(at!, x);
      check(largest, lone(0, -0), dtype, 0);
      check(largest, lone(-0, -1), dtype, -0);
      check(smallest, lone(-0, 0), dtype, -0);
      check(smallest, lone(0, 1), dtype, 0);
      check(largest, lone(NaN, -0), dtype, NaN);
    }
  }
});

Deno.test("argmax() and argmin() take the first of ties, and NaN before all", () => {
  assertEquals(argmax(array([1, 3, 3, 2]), 0).js(), 1);
  assertEquals(argmin(array([1, -3, -3, 2]), 0).js(), 1);
  assertEquals(argmax(array([1, NaN, inf, NaN]), 0).js(), 1);
  assertEquals(argmin(array([1, NaN, -inf]), 0).js(), 1);
  assertEquals(argmax(array([-inf, -inf]), 0).js(), 0);
  assertEquals(argmax(array([-0, 0]), 0).js(), 0);
  assertEquals(argmax(array([[1, 5], [7, 2]], "int32"), 0).js(), [1, 0]);
  assertEquals(argmax(array([false, true], "bool"), 0).js(), 1);
  assertEquals(argmax(array([1, 2]), 0).dtype, "int32");
  assertEquals(argmax(array([1, 2]), 0, "uint32").dtype, "uint32");
});

Deno.test("argmax() along an axis is one kernel", () => {
  const text = String(
    jit((x) => argmax(x, 1)).lower(arrayOf([3, 4], [
      ...Array(12).keys(),
    ])),
  );
  assertEquals(
    text.match(/^.*\b(nest|contract|cumulative|sort) /gm)?.length,
    1,
  );
});

Deno.test("the derivative of an extremum is shared evenly by ties", () => {
  const slope = (f: Op, x: number[]) =>
    (grad((y: NDArray) => f(y))(array(x)) as NDArray).js();
  assertEquals(slope((x) => reduceMax(x, [0]), [2, 1, 2]), [0.5, 0, 0.5]);
  assertEquals(slope((x) => reduceMin(x, [0]), [0, 0, 0, 0]), [
    0.25,
    0.25,
    0.25,
    0.25,
  ]);
  assertEquals(slope((x) => reduceMax(x, [0]), [inf, 1]), [1, 0]);
});

Deno.test("the derivatives of a product are right at zeros", () => {
  const slope = grad((x: NDArray) => reduceProd(x, [0]));
  assertEquals((slope(array([2, 0, 5])) as NDArray).js(), [0, 10, 0]);
  assertEquals((slope(array([0, 0, 5])) as NDArray).js(), [0, 0, 0]);
  assertEquals((slope(array([7])) as NDArray).js(), [1]);
  const rows = (x: NDArray) => reduceProd(x, [0]);
  for (const x of [[2, 0, 5], [0, 0, 5], [0, 0, 0], [1, 2, 3, 4, 0, 6, 7]]) {
    checkGrads(rows, [array(x, "float64")]);
  }
});

Deno.test("a product of nothing has a derivative of its shape", () => {
  const total = (x: NDArray) => reduceProd(reduceProd(x, [1]), [0]);
  const slope = grad(total)(arrayOf([3, 0], [])) as NDArray;
  assertEquals(slope.shape, [3, 0]);
});

const X = array(
  [[[1, 5], [-2, 0.5]], [[4, 0], [3, -1]], [[2, 6], [0, 7]]],
  "float64",
);

const REDUCTIONS: Record<string, Op> = {
  max: (x) => reduceMax(x, [0]),
  "max over two axes": (x) => reduceMax(x, [0, 1]),
  min: (x) => reduceMin(x, [1]),
  prod: (x) => reduceProd(x, [0]),
  "prod over two axes": (x) => reduceProd(x, [0, 1]),
};

for (const [name, op] of Object.entries(REDUCTIONS)) {
  Deno.test(`${name} has the right derivatives`, () => checkGrads(op, [X]));
  Deno.test(`${name} is the same under jit and vmap`, () => {
    checkJit(op, [X]);
    checkVmap(op, [X]);
  });
}

Deno.test("argmax(), reduceAnd() and reduceOr() are the same under jit and vmap", () => {
  const bits = array([[5, 3], [-1, 6]], "int32");
  for (
    const op of [
      (x: NDArray) => argmax(x, 0),
      (x: NDArray) => argmin(x, 0),
      (x: NDArray) => reduceAnd(x, [0]),
      (x: NDArray) => reduceOr(x, [0]),
    ]
  ) {
    checkJit(op, [bits]);
    checkVmap(op, [bits]);
  }
});

Deno.test("reductions of long axes agree with a loop", () => {
  const values = Array.from({ length: 5000 }, (_, i) => Math.sin(i * i));
  const x = array(values, "float64");
  assertClose(reduceMax(x, [0]), Math.max(...values), { tolerance: 0 });
  assertClose(argmax(x, 0), values.indexOf(Math.max(...values)));
});
