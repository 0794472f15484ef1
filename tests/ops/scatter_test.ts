import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import {
  scatterAdd,
  type ScatterOptions,
} from "../../core/ops/gather_scatter.ts";
import {
  scatter,
  scatterMax,
  scatterMin,
  scatterMul,
} from "../../core/ops/scatter.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

/** Single elements of a vector. */
const elements: ScatterOptions = {
  updateWindowDims: [],
  insertedWindowDims: [0],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [0],
};
/** Parts of a vector. */
const windows = { ...elements, updateWindowDims: [1], insertedWindowDims: [] };

const x = array([10, 20, 30]);
const at = array([[2], [0], [2], [3], [-1]], "int32");
const updates = array([1, 2, 3, 4, 5]);

Deno.test("scatters combine updates in order and drop those out of bounds", () => {
  assertClose(scatter(x, at, updates, elements), [2, 20, 3]);
  assertClose(scatterAdd(x, at, updates, elements), [12, 20, 34]);
  assertClose(scatterMul(x, at, updates, elements), [20, 20, 90]);
  assertClose(scatterMin(x, at, updates, elements), [2, 20, 1]);
  const large = array([1, 2, 35, 4, 5]);
  assertClose(scatterMax(x, at, large, elements), [10, 20, 35]);
});

Deno.test("scatterAdd() clamps indices if asked", () => {
  const clip = { ...elements, mode: "clip" } as const;
  assertClose(scatterAdd(x, at, updates, clip), [17, 20, 38]);
});

Deno.test("scatterAdd() drops windows that are not within the array", () => {
  const starts = array([[0], [2], [1]], "int32");
  const pairs = array([[1, 2], [100, 100], [3, 4]]);
  assertClose(scatterAdd(x, starts, pairs, windows), [11, 25, 34]);
});

Deno.test("scatters of nothing return the array, and of 0-d updates store one", () => {
  const none = arrayOf([0, 1], [], "int32");
  assertClose(scatter(x, none, arrayOf([0], []), elements), x);
  const one = array([1], "int32");
  assertClose(scatter(x, one, arrayOf([], [7]), elements), [10, 7, 30]);
});

Deno.test("scatters leave their operand as it is, and copy nothing where it dies", () => {
  const f = (x: NDArray) => scatterAdd(mul(x, x), at, updates, elements);
  assertClose(f(array([1, 2, 3])), [3, 4, 13]);
  const text = jit(f).lower(x).toString();
  assertEquals(text.match(/copy/g), null);
  assertClose(scatterAdd(x, at, updates, elements), [12, 20, 34]);
  assertClose(x, [10, 20, 30]);
});

Deno.test("scatterAdd() adds updates that a reduction computes", () => {
  const f = (x: NDArray, y: NDArray) =>
    scatterAdd(x, array([[1]], "int32"), sum(y, [1]), elements);
  assertClose(jit(f)(x, array([[1, 2]])), [10, 23, 30]);
});

Deno.test("scatters reject updates that do not fit", () => {
  assertThrows(
    () => scatter(x, at, array([1]), elements),
    ShapeError,
    "Cannot apply scatter of updates f32[1] to f32[3] at indices i32[5,1]",
  );
  assertThrows(
    () => scatterAdd(x, at, array([1, 2, 3, 4, 5], "int32"), elements),
    ShapeError,
    "updates of its dtype",
  );
});

Deno.test("scatter() gives the derivative to the update that stays", () => {
  const f = (updates: NDArray) => sum(scatter(x, at, updates, elements), [0]);
  assertClose(grad(f)(updates) as NDArray, [0, 1, 1, 0, 0]);
});

Deno.test("scatterMax() shares the derivative among ties", () => {
  const tied = (x: NDArray, y: NDArray) =>
    sum(scatterMax(x, array([[0], [0]], "int32"), y, elements), [0]);
  const args = [array([3, 1]), array([3, 2])] as const;
  assertClose(grad(tied, { argnums: 0 })(...args) as NDArray, [0.5, 1]);
  assertClose(grad(tied, { argnums: 1 })(...args) as NDArray, [0.5, 0]);
});

Deno.test("scatterMul() rejects derivatives of updates that may overlap", () => {
  const f = (y: NDArray) => sum(scatterMul(x, at, y, elements), [0]);
  assertThrows(() => grad(f)(updates), TypeError, "Promise uniqueIndices");
});

const FAMILY = { scatter, scatterAdd, scatterMul, scatterMin, scatterMax };

for (const [name, scatter] of Object.entries(FAMILY)) {
  Deno.test(`${name}() obeys the laws`, () => {
    const isUnique = name === "scatterMul";
    const options = { ...windows, uniqueIndices: isUnique };
    const f = (x: NDArray, at: NDArray, y: NDArray) =>
      scatter(sin(x), at, mul(y, y), options);
    const starts = array([[0], [isUnique ? 3 : 1]], "int32");
    const batch = array([[[0], [3]], [[1], [isUnique ? 4 : 2]]], "int32");
    const [x, y] = [ramp([6]), ramp([2, 2])];
    const [xs, ys] = [ramp([2, 6]), ramp([2, 2, 2])];
    checkJit(f, [x, starts, y]);
    checkVmap(f, [xs, batch, ys]);
    checkVmap((x) => f(x, starts, y), [xs]);
    checkVmap((at) => f(x, at, y), [batch]);
    checkVmap((y) => f(x, starts, y), [ys]);
    checkGrads((x, y) => f(x, starts, y), [x, y]);
  });
}
