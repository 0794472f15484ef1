/** Dtypes, weak types and edges of functions, as JAX prints them. */

import { assertEquals, assertThrows } from "@std/assert";
import { type NDArray, numpy as np } from "../../mod.ts";

const int = (...values: number[]) => np.array(values, { dtype: "int32" });
const bools = (...values: boolean[]) => np.array(values);
const js = (x: NDArray) => x.js();

Deno.test("division of floats by 0 is infinite, the remainder of integers 0", () => {
  const zeros = np.array([0, -0, 0]);
  assertEquals(js(np.floorDivide(np.array([1, 1, 0]), zeros)), [
    Infinity,
    -Infinity,
    NaN,
  ]);
  for (const f of [np.remainder, np.fmod]) {
    assertEquals(js(f(int(5, -5), int(0, 0))), [0, 0]);
  }
  assertEquals(js(np.floorDivide(int(5, -5), int(0, 0))), [-2, -2]);
});

Deno.test("bools have no difference and no sign, but they differ", () => {
  const x = bools(true, false, false);
  assertThrows(() => np.subtract(x, x), TypeError, "needs numbers");
  assertThrows(() => np.negative(x), TypeError, "needs numbers");
  assertThrows(() => np.sign(x), TypeError, "needs numbers");
  assertThrows(() => np.ptp(x), TypeError, "needs numbers");
  assertEquals(js(np.diff(x)), [true, false]);
  assertEquals(np.positive(x).dtype, "bool");
});

Deno.test("products of bools are true where one pair is", () => {
  const x = np.array([[true, true], [false, false]]);
  assertEquals(js(np.matmul(x, x)), [[true, true], [false, false]]);
  assertEquals(np.matmul(x, x).dtype, "bool");
  assertEquals(js(np.matmul(x, x).astype("int32")), [[1, 1], [0, 0]]);
});

Deno.test("weak types end in reductions, comparisons and beside strong operands", () => {
  const weak = np.array(2.5);
  for (const f of [np.sum, np.max, np.mean, np.cumsum, np.isinf, np.signbit]) {
    assertEquals(f(weak).weakType, false);
  }
  assertEquals(np.isclose(weak, weak).weakType, false);
  assertEquals(np.copysign(weak, np.ones([1])).weakType, false);
  assertEquals(np.power(2, int(1, 2)).weakType, false);
  assertEquals(np.square(weak).weakType, true);
  assertEquals(np.full([1], 2.5).weakType, true);
});

Deno.test("a variance of too few elements is NaN", () => {
  assertEquals(np.var(np.array([1, 2, 3]), null, { ddof: 3 }).item(), NaN);
  assertEquals(np.var(np.array([1, 2, 3]), null, { ddof: 4 }).item(), NaN);
  assertEquals(np.var(np.array([1, 2, 3]), null, { ddof: 2 }).item(), 2);
});

Deno.test("take() and takeAlongAxis() fill what is out of bounds", () => {
  const at = int(1, 9, -2, -3);
  assertEquals(js(np.take(np.array([1, 2]), at)), [2, NaN, 1, NaN]);
  assertEquals(js(np.take(int(1, 2), at)), [2, -(2 ** 31), 1, -(2 ** 31)]);
  assertEquals(js(np.takeAlongAxis(np.array([1, 2]), at, 0)), [2, NaN, 1, NaN]);
  assertEquals(js(np.takeAlongAxis(np.array([[1], [2]]), int(1), null)), [2]);
});

Deno.test("updates combine in the promoted dtype", () => {
  const x = np.array([3, 4], { dtype: "uint8" });
  assertEquals(js(x.at(0).multiply(2.7)), [8, 4]);
  assertEquals(js(x.at(int(0)).multiply(2.7)), [8, 4]);
  assertEquals(js(x.at(int(0)).add(2.7)), [5, 4]);
  assertEquals(js(x.at(0).add(np.array(300, { dtype: "int32" }))), [47, 4]);
  const y = bools(true, false).at(int(0, 0, 1)).add(true);
  assertEquals([y.dtype, js(y.astype("int32"))], ["bool", [1, 1]]);
});

Deno.test("bitwiseCount() is of uint8, eye() takes its offset third", () => {
  assertEquals(np.bitwiseCount(int(-3, 255)).dtype, "uint8");
  assertEquals(js(np.eye(2, 3, 1)), [[0, 1, 0], [0, 0, 1]]);
  assertEquals(np.eye(2, null, 1).shape, [2, 2]);
});

Deno.test("a dtype that is not named is refused, not ignored", () => {
  const calls:
    readonly (readonly [(...args: never[]) => unknown, unknown[]])[] = [
      [np.array, [[1]]],
      [np.zeros, [[2]]],
      [np.ones, [[2]]],
      [np.full, [[2], 1]],
      [np.zerosLike, [np.ones([2])]],
      [np.arange, [0, 2, 1]],
      [np.eye, [2, 2, 0]],
      [np.tri, [2, 2, 0]],
    ];
  for (const [f, args] of calls) {
    assertThrows(
      () => Reflect.apply(f, np, [...args, "int8"]),
      TypeError,
      'write { dtype: "int8" }',
    );
  }
});
