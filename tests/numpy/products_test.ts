import { assertEquals, assertThrows } from "@std/assert";
import { grad, jit, type NDArray, numpy as np, vmap } from "../../mod.ts";

const A = np.arange(6).reshape([2, 3]).astype("float32");
const js = (x: NDArray) => x.js();

Deno.test("matmul() broadcasts leading axes and takes vectors on either side", () => {
  const v = np.array([1, 2, 3]);
  assertEquals(js(A.matmul(v)), [8, 26]);
  assertEquals(js(np.matmul(np.array([1, 2]), A)), [6, 9, 12]);
  assertEquals(np.matmul(v, v).item(), 14);
  assertEquals(np.matmul(A, np.ones([5, 3, 4])).shape, [5, 2, 4]);
  assertEquals(np.matmul(np.ones([5, 1, 2, 3]), np.ones([4, 3, 1])).shape, [
    5,
    4,
    2,
    1,
  ]);
  assertEquals(
    np.matmul(np.ones([4, 3]), np.ones([7, 3, 2])).js(),
    np.full([
      7,
      4,
      2,
    ], 3).js(),
  );
  assertEquals(np.matmul(v, np.ones([5, 3, 4])).shape, [5, 4]);
  assertEquals(js(np.matmul(np.ones([1, 0]), np.ones([0, 2]))), [[0, 0]]);
  assertEquals(js(np.matmul(np.ones([1, 1]), np.ones([1, 2]))), [[1, 1]]);
  assertThrows(
    () => A.matmul(A),
    TypeError,
    "last axis of the first (3) must equal second-to-last axis of the second (2)",
  );
  assertThrows(() => np.matmul(A, 2), TypeError, "multiply()");
});

Deno.test("dot(), inner(), outer(), vdot() and tensordot() contract axes", () => {
  assertEquals(np.dot(A, np.ones([4, 3, 5])).shape, [2, 4, 5]);
  assertEquals(js(np.dot(A, 2)), [[0, 2, 4], [6, 8, 10]]);
  assertEquals(js(np.inner(A, A)), [[5, 14], [14, 50]]);
  assertEquals(js(np.outer(np.array([1, 2]), np.array([3, 4]))), [[3, 4], [
    6,
    8,
  ]]);
  assertEquals(np.vdot(A, A).item(), 55);
  assertEquals(np.tensordot(A, A).item(), 55);
  assertEquals(np.tensordot(A, A, [[0], [0]]).shape, [3, 3]);
  assertEquals(np.tensordot(A, A, 0).shape, [2, 3, 2, 3]);
  assertThrows(() => np.dot(A, A), TypeError, "extents of axes [1]");
});

Deno.test("einsum() equals what NumPy gives", () => {
  const B = np.arange(12).reshape([3, 4]).astype("float32");
  const C = np.arange(8).reshape([4, 2]).astype("float32");
  assertEquals(js(np.einsum("ij->ji", A)), js(A.T));
  assertEquals(js(np.einsum("ij,jk", A, B)), js(A.matmul(B)));
  assertEquals(js(np.einsum("ij,jk,kl->il", A, B, C)), [[324, 422], [
    1008,
    1304,
  ]]);
  assertEquals(np.einsum("ij->", A).item(), 15);
  const S = np.arange(9).reshape([3, 3]);
  assertEquals(np.einsum("ii", S).item(), 12);
  assertEquals(js(np.einsum("ii->i", S)), [0, 4, 8]);
  assertEquals(js(np.einsum("ba", np.arange(2).reshape([1, 2]))), [[0], [1]]);
  assertEquals(np.einsum("...ij,jk->...ik", np.ones([5, 2, 3]), B).shape, [
    5,
    2,
    4,
  ]);
  assertEquals(np.einsum("i...,j...->ij...", A, A).shape, [2, 2, 3]);
  assertEquals(js(np.einsum("i,i->i", A.slice(1), A.slice(1))), [9, 16, 25]);
  assertThrows(() => np.einsum("ij,jk", A, A), TypeError, 'letter "j"');
  assertThrows(() => np.einsum("ij", A, A), TypeError, "subscript for each");
  assertThrows(() => np.einsum("ij->k", A), TypeError, "occur once");
});

Deno.test("products differentiate, batch and compile", () => {
  const f = (x: NDArray) => np.einsum("ij,kj->ik", x, x).sum();
  const sums = A.sum(0);
  const expected = np.broadcastTo(sums.mul(2), [2, 3]).js();
  assertEquals((grad(f)(A) as NDArray).js(), expected);
  assertEquals((jit(grad(f))(A) as NDArray).js(), expected);
  const trace = (x: NDArray) => np.einsum("ii", x);
  assertEquals((grad(trace)(np.ones([2, 2])) as NDArray).js(), [[1, 0], [
    0,
    1,
  ]]);
  const rows = vmap((x: NDArray) => np.matmul(x, A.T))(A) as NDArray;
  assertEquals(rows.js(), A.matmul(A.T).js());
});

Deno.test("diagonals, traces and triangles", () => {
  const S = np.arange(12).reshape([3, 4]);
  assertEquals(js(np.diagonal(S, -1)), [4, 9]);
  assertEquals(js(np.diagonal(S, 2)), [2, 7]);
  assertEquals(js(np.diagonal(S, 9)), []);
  assertEquals(np.trace(S, 1).item(), 18);
  assertEquals(np.diagonal(np.ones([2, 3, 4]), 0, 0, 2).shape, [3, 2]);
  assertEquals(js(np.diag(np.array([1, 2]), 1)), [[0, 1, 0], [0, 0, 2], [
    0,
    0,
    0,
  ]]);
  assertEquals(js(np.triu(np.ones([2, 3]), 1)), [[0, 1, 1], [0, 0, 1]]);
  assertEquals(js(np.tri(2, 3, 1)), [[1, 1, 0], [1, 1, 1]]);
});

Deno.test("products of integers wrap, and are exact beyond 2^53", () => {
  for (const dtype of ["int32", "uint32"] as const) {
    const x = np.array([2 ** 31 - 1, 16777217, 3], { dtype });
    assertEquals(np.dot(x, x).item(), 33554443);
  }
});
