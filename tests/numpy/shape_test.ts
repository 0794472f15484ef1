import { assertEquals, assertThrows } from "@std/assert";
import { jit, type NDArray, numpy as np, ShapeError } from "../../mod.ts";

const X = np.arange(6).reshape([2, 3]);
const js = (x: NDArray) => x.js();
const all = (xs: readonly NDArray[]) => xs.map(js);

Deno.test("array() takes lists, typed arrays, numbers and arrays", () => {
  assertEquals([np.array([true, false]).dtype, np.array([1, true]).dtype], [
    "bool",
    "float32",
  ]);
  assertEquals(np.array([[], []]).shape, [2, 0]);
  assertEquals(np.array([1.7, 300], { dtype: "uint8" }).js(), [1, 255]);
  assertEquals(np.array([X, X]).shape, [2, 2, 3]);
  assertEquals(np.array(2).weakType, true);
  assertEquals(np.array([np.array(1), 2]).weakType, false);
  const source = new Float64Array([1, 2]);
  const x = np.array(source);
  source[0] = 9;
  assertEquals([x.dtype, x.js()], ["float64", [1, 2]]);
});

Deno.test("array() says what it cannot hold", () => {
  const dtype = "int64" as np.DType;
  for (
    const make of [
      () => np.array([1], { dtype }),
      () => np.array(1, { dtype }),
      () => np.zeros([2], { dtype }),
      () => np.ones([2]).astype(dtype),
    ]
  ) {
    assertThrows(make, ShapeError, "Cannot make an array of dtype int64");
  }
  const values = "1, 2" as unknown as number;
  assertThrows(() => np.array(values), TypeError, "a value of type string");
});

Deno.test("array() says where lists are ragged", () => {
  assertThrows(
    () => np.array([[[1], [2]], [[3], [4, 5]]]),
    TypeError,
    "found a list of 2 at [1][1], needed a list of 1",
  );
  assertThrows(() => np.array([[1, 2], 3]), TypeError, "of type number at [1]");
  assertThrows(() => np.array([1, [2]]), TypeError, "a list of 1 at [1]");
});

Deno.test("array() says which value can be in no array", () => {
  for (const wrong of [1n, "1", null, undefined, {}]) {
    assertThrows(
      () => Reflect.apply(np.array, np, [[[0], [wrong]]]),
      TypeError,
      "at [1][0]: needs numbers",
    );
  }
});

Deno.test("ranges", () => {
  assertEquals([np.arange(3).dtype, np.arange(0.5, 2).dtype], [
    "int32",
    "float32",
  ]);
  assertEquals(js(np.arange(5, 0, -2)), [5, 3, 1]);
  assertEquals(js(np.arange(2, 1)), []);
  assertThrows(() => np.arange(0, 1, 0), RangeError, "step other than 0");
  assertEquals(js(np.linspace(1, 2, 3)), [1, 1.5, 2]);
  assertEquals(js(np.linspace(0, 1, 2, { endpoint: false })), [0, 0.5]);
  assertEquals(np.linspace(0, np.array([1, 2]), 3).shape, [3, 2]);
  assertEquals(js(np.logspace(0, 2, 3, { dtype: "int32" })), [1, 10, 100]);
  assertEquals(js(np.linspace(3, 9, 1)), [3]);
});

Deno.test("constants and patterns", () => {
  assertEquals(js(np.full([2], np.array([1, 2]))), [1, 2]);
  assertEquals(np.zerosLike(X).dtype, "int32");
  assertEquals(js(np.eye(2, 3, -1)), [[0, 0, 0], [1, 0, 0]]);
  const [a, b] = np.meshgrid([np.arange(2), np.arange(3)], { indexing: "ij" });
  assertEquals([js(a!), js(b!)], [[[0, 0, 0], [1, 1, 1]], [[0, 1, 2], [
    0,
    1,
    2,
  ]]]);
  assertThrows(() => np.zeros([-1]), RangeError, "whole numbers");
  assertThrows(
    () => jit((n: number) => np.zeros([n]))(3),
    RangeError,
    "not arrays. Close over them, or mark them static",
  );
});

Deno.test("reshape() settles one extent of -1", () => {
  assertEquals(X.reshape([-1, 2]).shape, [3, 2]);
  assertEquals(np.zeros([0, 3]).reshape([3, -1]).shape, [3, 0]);
  assertThrows(() => X.reshape([4, -1]), TypeError, "its 6 elements");
  assertThrows(() => X.reshape([-1, -1]), TypeError, "At most one");
});

Deno.test("axes move, appear and disappear", () => {
  const y = np.zeros([2, 3, 4]);
  assertEquals(y.T.shape, [4, 3, 2]);
  assertEquals(np.moveaxis(y, 0, -1).shape, [3, 4, 2]);
  assertEquals(np.moveaxis(y, [0, 1], [2, 0]).shape, [3, 4, 2]);
  assertEquals(np.swapaxes(y, 0, -1).shape, [4, 3, 2]);
  assertEquals(np.expandDims(y, [0, -1]).shape, [1, 2, 3, 4, 1]);
  assertEquals(np.squeeze(np.zeros([1, 2, 1])).shape, [2]);
  assertThrows(() => np.squeeze(y, 0), TypeError, "it has 2 elements");
  assertThrows(() => y.transpose([0, 1]), RangeError, "each axis once");
  assertEquals(np.broadcastTo(np.arange(3), [2, 3]).shape, [2, 3]);
  assertThrows(() => np.broadcastTo(X, [3]), TypeError, "Cannot broadcast");
});

Deno.test("flips, turns, rolls, tiles and repeats", () => {
  assertEquals(js(np.flip(X)), [[5, 4, 3], [2, 1, 0]]);
  assertEquals(js(np.fliplr(X)), [[2, 1, 0], [5, 4, 3]]);
  assertEquals(js(np.rot90(X)), [[2, 5], [1, 4], [0, 3]]);
  assertEquals(js(np.rot90(X, -1)), [[3, 0], [4, 1], [5, 2]]);
  assertEquals(js(np.roll(X, 2)), [[4, 5, 0], [1, 2, 3]]);
  assertEquals(js(np.roll(X, [1, -1], [0, 1])), [[4, 5, 3], [1, 2, 0]]);
  assertEquals(js(np.tile(np.array([1, 2]), [2, 1])), [[1, 2], [1, 2]]);
  assertEquals(js(np.repeat(X, 2, 0)).toString(), "0,1,2,0,1,2,3,4,5,3,4,5");
});

Deno.test("arrays join and split", () => {
  assertEquals(np.concatenate([X, np.ones([1, 3])]).dtype, "float32");
  assertEquals(js(np.concatenate([X, X], null)).toString().length, 23);
  assertEquals(np.stack([X, X], -1).shape, [2, 3, 2]);
  assertEquals(np.vstack([np.arange(3), X]).shape, [3, 3]);
  assertEquals(js(np.hstack([np.arange(2), np.arange(1)])), [0, 1, 0]);
  assertEquals(np.dstack([X, X]).shape, [2, 3, 2]);
  assertEquals(js(np.columnStack([np.arange(2), np.arange(2)])), [[0, 0], [
    1,
    1,
  ]]);
  assertEquals(all(np.split(np.arange(4), [1, 3])), [[0], [1, 2], [3]]);
  assertEquals(all(np.split(np.arange(4), [3, 2, 9])), [
    [0, 1, 2],
    [],
    [2, 3],
    [],
  ]);
  assertEquals(all(np.arraySplit(np.arange(5), 3)), [[0, 1], [2, 3], [4]]);
  assertThrows(() => np.split(X, 2, 1), TypeError, "arraySplit()");
  assertThrows(() => np.concatenate([X, X.T]), TypeError, "[2,3], [3,2]");
  assertThrows(() => np.concatenate([]), RangeError, "at least one");
  assertThrows(
    () => Reflect.apply(np.concatenate, np, [X, X]),
    RangeError,
    "Cannot join arrays with concatenate(): needs a list",
  );
});

Deno.test("pad() fills, repeats, mirrors and wraps", () => {
  const x = np.array([1, 2, 3]);
  assertEquals(js(np.pad(x, [1, 0], { constantValues: 9 })), [9, 1, 2, 3]);
  assertEquals(js(np.pad(x, 1, { mode: "edge" })), [1, 1, 2, 3, 3]);
  assertEquals(js(np.pad(x, 2, { mode: "reflect" })), [3, 2, 1, 2, 3, 2, 1]);
  assertEquals(js(np.pad(x, 1, { mode: "symmetric" })), [1, 1, 2, 3, 3]);
  assertEquals(js(np.pad(x, 1, { mode: "wrap" })), [3, 1, 2, 3, 1]);
  assertEquals(np.pad(X, [[1, 0], [0, 2]]).shape, [3, 5]);
  assertThrows(() => np.pad(x, -1), RangeError, "whole numbers");
  assertEquals(js(np.pad(x, [4, 1], { mode: "wrap" })), [
    3,
    1,
    2,
    3,
    1,
    2,
    3,
    1,
  ]);
});
