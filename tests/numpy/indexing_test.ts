import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { grad, jit, type NDArray, numpy as np, vmap } from "../../mod.ts";

type Item = number | [] | [number | null, number | null, number] | null;

const X = np.arange(24).reshape([2, 3, 4]);
const int = (...values: number[]) => np.array(values, { dtype: "int32" });

/** What one item of an index takes of a list. */
function taken(list: readonly unknown[], item: Item): unknown {
  if (item === null) return [list];
  if (typeof item === "number") return list.at(item);
  const [start = null, stop = null, step = 1] = item;
  const n = list.length;
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? n : n - 1;
  const bound = (at: number | null, absent: number) =>
    at === null ? absent : Math.min(Math.max(at < 0 ? at + n : at, low), high);
  const out: unknown[] = [];
  const end = bound(stop, step > 0 ? high : low);
  for (
    let i = bound(start, step > 0 ? low : high);
    step > 0 ? i < end : i > end;
    i += step
  ) out.push(list[i]);
  return out;
}

/** `list[...index]` by recursion. */
function naive(list: unknown, [item, ...rest]: readonly Item[]): unknown {
  if (item === undefined) return list;
  if (item === null) return [naive(list, rest)];
  const part = taken(list as readonly unknown[], item);
  return typeof item === "number"
    ? naive(part, rest)
    : (part as readonly unknown[]).map((x) => naive(x, rest));
}

const bound = fc.option(fc.integer({ min: -6, max: 6 }));
const step = fc.constantFrom(-3, -2, -1, 1, 2, 3);
const range = fc.tuple(bound, bound, step);
const itemOf = (extent: number): fc.Arbitrary<Item[]> =>
  fc.tuple(
    fc.constantFrom<Item[]>([], [null]),
    fc.oneof<fc.Arbitrary<Item>[]>(
      fc.integer({ min: -extent, max: extent - 1 }),
      fc.constant([] as []),
      range,
    ),
  ).map(([before, item]) => [...before, item]);
const index = fc.tuple(...X.shape.map(itemOf)).map((items) => items.flat());

Deno.test("slice() takes what a loop takes", () =>
  fc.assert(
    fc.property(index, (items) => {
      assertEquals(X.slice(...items).js(), naive(X.js(), items));
    }),
    { numRuns: 60 },
  ));

Deno.test("at().set() puts back what slice() took", () =>
  fc.assert(
    fc.property(index, (items) => {
      const part = X.slice(...items);
      assertEquals(X.at(...items).set(part).js(), X.js());
      const sum = X.at(...items).add(1).sum().item();
      assertEquals(sum, X.sum().item() + part.size);
    }),
    { numRuns: 30 },
  ));

Deno.test("slice() by arrays broadcasts them, wraps and clamps positions", () => {
  assertEquals(X.slice(int(0, 1), int(2)).js(), [[8, 9, 10, 11], [
    20,
    21,
    22,
    23,
  ]]);
  assertEquals(X.slice(0, [], int(-1, 99)).js(), [[3, 7, 11], [3, 7, 11]]);
  assertEquals(X.slice([], int(0), int(1, 2)).js(), [[1, 2], [13, 14]]);
  assertEquals(X.slice("...", int(0, 0)).shape, [2, 3, 2]);
  // Arrays that are not side by side put their axes first.
  assertEquals(X.slice(int(0, 1, 0), [], int(1)).shape, [3, 3]);
  assertEquals(X.slice(int(0), null, int(1)).shape, [1, 1, 4]);
});

Deno.test("slice() by a mask takes where it is true, and refuses a traced one", () => {
  const x = np.array([[1, -2], [-3, 4]]);
  assertEquals(x.slice(x.greater(0)).js(), [1, 4]);
  assertEquals(x.slice(np.array([false, true])).js(), [[-3, 4]]);
  assertEquals(X.slice("...", np.ones([3, 4], { dtype: "bool" })).shape, [
    2,
    12,
  ]);
  assertThrows(
    () => jit((y: NDArray) => y.slice(y.greater(0)))(x),
    TypeError,
    "where(mask, x, 0)",
  );
});

Deno.test("slice() refuses positions, axes and dtypes that do not fit", () => {
  assertThrows(() => X.slice(2), RangeError, "position 2 of axis 0");
  assertThrows(() => X.slice(0, 0, 0, 0), RangeError, "4 indices");
  assertThrows(() => X.slice("...", "..."), RangeError, "at most once");
  assertThrows(() => X.slice(np.ones([1])), TypeError, 'astype("int32")');
  assertThrows(() => X.slice(0.5), TypeError, "whole number");
  assertThrows(() => X.slice([0, 1, 0]), TypeError, "at position 0");
});

Deno.test("at() drops positions out of bounds and combines duplicates", () => {
  const x = np.zeros([3]);
  const at = x.at(int(0, 0, -1, 9));
  assertEquals(at.add(1).js(), [2, 0, 1]);
  assertEquals(np.ones([3]).at(int(1, 1)).multiply(2).js(), [1, 4, 1]);
  assertEquals(at.max(np.array([1, 5, 2, 7])).js(), [5, 0, 2]);
  assertEquals(at.min(-1).js(), [-1, 0, -1]);
  assertEquals(x.at([0, 3, 2]).set(np.array([1, 2])).js(), [1, 0, 2]);
  assertEquals(at.get().js(), [0, 0, 0, 0]);
  assertThrows(() => x.at([]).set(np.ones([2])), TypeError, "shape");
});

Deno.test("indexing differentiates and batches", () => {
  const x = np.array([1, 2, 3]);
  const f = (y: NDArray) => y.at(int(0, 0)).add(y.slice(2)).slice([0, 2]).sum();
  assertEquals((grad(f)(x) as NDArray).js(), [1, 1, 2]);
  const rows = np.array([[1, 2, 3], [4, 5, 6]]);
  const last = vmap((y: NDArray, i: NDArray) => y.slice(i), [0, 0])(
    rows,
    int(2, -3),
  ) as NDArray;
  assertEquals(last.js(), [3, 4]);
});

Deno.test("take() and takeAlongAxis() follow positions", () => {
  const x = np.array([[3, 1, 2], [4, 6, 5]]);
  assertEquals(np.take(x, int(0, -1)).js(), [3, 5]);
  assertEquals(np.take(x, int(1), 1).js(), [[1], [6]]);
  assertEquals(np.take(x, 1, 0).js(), [4, 6, 5]);
  const order = np.argsort(x, 1);
  assertEquals(np.takeAlongAxis(x, order, 1).js(), [[1, 2, 3], [4, 5, 6]]);
  assertEquals(np.takeAlongAxis(x, int(0).reshape([1, 1]), 1).js(), [[3], [4]]);
  assertThrows(() => np.takeAlongAxis(x, int(0), 1), TypeError, "as many axes");
});

Deno.test("an array iterates over its first axis", () => {
  assertEquals([...np.array([[1, 2], [3, 4]])].map((x) => x.js()), [[1, 2], [
    3,
    4,
  ]]);
  assertThrows(() => [...np.array(1)], TypeError, "0-d");
});
