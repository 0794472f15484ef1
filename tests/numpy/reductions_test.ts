import { assert, assertEquals, assertThrows } from "@std/assert";
import { grad, type NDArray, numpy as np } from "../../mod.ts";

const X = np.array([[1, 2, 3], [4, 5, 6]]);
const js = (x: NDArray) => x.js();

Deno.test("reductions take one axis, several, all, and keep them if asked", () => {
  assertEquals(X.sum().item(), 21);
  assertEquals(js(X.sum(0)), [5, 7, 9]);
  assertEquals(js(X.sum(-1, { keepdims: true })), [[6], [15]]);
  assertEquals(js(X.max([0, 1], { keepdims: true })), [[6]]);
  assertEquals(js(X.sum([])), X.js());
  assertThrows(() => X.sum(2), RangeError, "axis 2 in sum()");
  assertThrows(() => X.sum([0, -2]), RangeError, "given twice");
  assertThrows(
    () => Reflect.apply(np.sum, np, [X, { axis: 0 }]),
    TypeError,
    "Cannot use a value of type object as axes in sum()",
  );
});

Deno.test("sums and products have JAX's dtypes", () => {
  const ofType = (dtype: "bool" | "int8" | "uint8" | "float16") =>
    np.ones([2], { dtype });
  assertEquals(ofType("bool").sum().dtype, "int32");
  assertEquals(ofType("int8").prod().dtype, "int32");
  assertEquals(ofType("uint8").cumsum().dtype, "uint8");
  assertEquals(ofType("bool").cumsum().dtype, "int32");
  assertEquals(ofType("float16").sum().dtype, "float16");
  assertEquals(ofType("bool").mean().dtype, "float32");
  assertEquals(np.sum(X, 0, { dtype: "float64" }).dtype, "float64");
});

Deno.test("16-bit floats accumulate in float32", () => {
  const x = np.ones([4096], { dtype: "float16" });
  assertEquals(x.sum().item(), 4096);
  const large = np.full([4], 40000, { dtype: "float16" });
  assertEquals(large.mean().item(), 40000);
  assertEquals(large.var().item(), 0);
});

Deno.test("axes without elements have sums and products, and no extremes", () => {
  const empty = np.zeros([2, 0]);
  assertEquals(js(empty.sum(1)), [0, 0]);
  assertEquals(js(empty.prod(1)), [1, 1]);
  assertEquals(js(empty.all(1)), [true, true]);
  assertEquals(js(empty.mean(1)), [NaN, NaN]);
  assertThrows(() => empty.max(1), TypeError);
  assertThrows(() => empty.argmax(1), RangeError, "no elements");
  assertEquals(js(empty.max(0)), []);
});

Deno.test("NaN wins in extremes, and is left out by nansum() and nanmean()", () => {
  const x = np.array([1, NaN, 3]);
  assertEquals([x.max().item(), x.argmax().item()], [NaN, 1]);
  assertEquals([x.min().item(), x.argmin().item()], [NaN, 1]);
  assertEquals([np.nansum(x).item(), np.nanmean(x).item()], [4, 2]);
});

Deno.test("rounding errors of sums over many rows do not add up", () => {
  const rows = 2 ** 18;
  const sums = np.full([rows, 8], 0.1).sum(0).js() as number[];
  const exact = rows * Math.fround(0.1);
  const error = Math.max(...sums.map((sum) => Math.abs(sum / exact - 1)));
  assert(error < 4e-6, `${error}`);
});

Deno.test("variances are exact around a large mean", () => {
  const x = np.array([1e4 + 1, 1e4 + 2, 1e4 + 3]);
  assertEquals(x.var(null, { correction: 1 }).item(), 1);
  assertEquals(
    np.std(np.array([1, 3]), null, { ddof: 1 }).item(),
    Math.fround(Math.SQRT2),
  );
  const slope = grad((y: NDArray) => y.var())(np.array([1, 3])) as NDArray;
  assertEquals(js(slope), [-1, 1]);
});

Deno.test("truth, counts, spreads and averages", () => {
  assertEquals(js(np.any(X.greater(5), 1)), [false, true]);
  assertEquals(np.all(X).item(), 1);
  assertEquals(js(np.countNonzero(np.array([[0, 1], [2, NaN]]), 1)), [1, 2]);
  assertEquals(js(np.ptp(X, 1)), [2, 2]);
  const weights = np.array([1, 0, 1]);
  assertEquals(js(np.average(X, 1, { weights })), [2, 5]);
  assertEquals(X.argmax(null, { keepdims: true }).js(), [[5]]);
});

Deno.test("running sums, differences", () => {
  assertEquals(js(X.cumsum()), [1, 3, 6, 10, 15, 21]);
  assertEquals(js(X.cumprod(0)), [[1, 2, 3], [4, 10, 18]]);
  assertEquals(js(np.diff(np.array([1, 4, 9, 16]), 2)), [2, 2]);
});

Deno.test("sorting is stable in both directions, and NaN comes last", () => {
  const x = np.array([2, NaN, 1, 2]);
  assertEquals(js(np.sort(x)), [1, 2, 2, NaN]);
  assertEquals(js(np.argsort(x)), [2, 0, 3, 1]);
  assertEquals(js(np.argsort(x, -1, { descending: true })), [1, 0, 3, 2]);
  assertEquals(js(np.sort(X, null, { descending: true })), [6, 5, 4, 3, 2, 1]);
  const list = np.array([1, 2, 2, 3]);
  const values = np.array([[0, 2], [4, NaN]]);
  assertEquals(js(np.searchsorted(list, values)), [[0, 1], [4, 4]]);
  assertEquals(js(np.searchsorted(list, 2, { side: "right" })), 3);
});
