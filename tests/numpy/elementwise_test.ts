import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type DType, grad, jit, type NDArray, numpy as np } from "../../mod.ts";

const int = (...values: number[]) => np.array(values, { dtype: "int32" });
const js = (x: NDArray) => x.js();

Deno.test("add() of an array and a number is one kernel without a stored broadcast", () => {
  const text = String(jit((x: NDArray) => x.add(1)).lower(np.ones([4])));
  assertEquals(text.match(/^\s*(nest|contract)\b/gm)?.length, 1, text);
});

Deno.test("operands broadcast from the last axis", () => {
  const x = np.ones([2, 1, 3]);
  assertEquals(x.add(np.ones([4, 1])).shape, [2, 4, 3]);
  assertEquals(np.zeros([0, 3]).add(np.ones([1])).shape, [0, 3]);
  assertThrows(
    () => np.ones([2, 3]).add(np.ones([2])),
    TypeError,
    "Cannot broadcast shapes [2,3] and [2] in add()",
  );
});

Deno.test("operands promote as in JAX", () => {
  const CASES: readonly (readonly [DType, DType, DType])[] = [
    ["bool", "int8", "int8"],
    ["uint8", "int8", "int16"],
    ["int32", "float16", "float16"],
    ["bfloat16", "float16", "float32"],
    ["float32", "float64", "float64"],
    ["uint32", "int32", "int32"],
  ];
  for (const [a, b, joined] of CASES) {
    const sum = np.ones([1], { dtype: a }).add(np.ones([1], { dtype: b }));
    assertEquals([sum.dtype, sum.js()], [joined, [2]]);
    assertEquals(np.promoteTypes(b, a), joined);
  }
});

Deno.test("numbers are weakly typed, inside jit too", () => {
  for (const dtype of ["float16", "bfloat16", "float64"] as const) {
    const x = np.ones([1], { dtype });
    assertEquals(x.mul(2.5).dtype, dtype);
    assertEquals(jit((y: NDArray) => y.mul(2.5))(x).dtype, dtype);
  }
  assertEquals(int(1).add(1).dtype, "int32");
  assertEquals(np.ones([1], { dtype: "uint8" }).add(1).dtype, "uint8");
  assertEquals(int(1).add(1.5).dtype, "float32");
  assertEquals(np.array([true]).add(1).dtype, "int32");
});

Deno.test("integers become floats where results are not whole", () => {
  assertEquals(int(1).div(2).js(), [0.5]);
  for (const f of [np.sin, np.sqrt, np.exp, np.arctan]) {
    assertEquals(f(int(1)).dtype, "float32");
  }
  assertEquals(np.mean(int(1, 2)).item(), 1.5);
});

Deno.test("floorDivide() and remainder() have the signs of Python", () => {
  const [x, y] = [[-7, 7, -7, 7], [2, -2, -2, 2]];
  for (const dtype of ["int32", "float32"] as const) {
    const [a, b] = [np.array(x, { dtype }), np.array(y, { dtype })];
    assertEquals(js(np.floorDivide(a, b)), [-4, -4, 3, 3]);
    assertEquals(js(np.remainder(a, b)), [1, -1, -1, 1]);
    assertEquals(js(np.fmod(a, b)), [-1, 1, -1, 1]);
  }
  assertEquals(js(np.remainder(np.array([-1, 5.5]), 3)), [2, 2.5]);
});

Deno.test("power() of whole exponents keeps integers, and the edges of IEEE 754", () => {
  assertEquals(int(-2, 3).pow(3).js(), [-8, 27]);
  assertEquals(js(np.power(int(2, 0, 7), int(10, 0, 1))), [1024, 1, 7]);
  assertEquals(js(np.power(np.array([NaN, -Infinity]), np.array([0, 3]))), [
    1,
    -Infinity,
  ]);
  assertEquals(np.power(1, NaN).item(), 1);
  assertThrows(() => int(2).pow(-1), TypeError, "negative power -1");
});

Deno.test("specials keep signs and NaN", () => {
  assertEquals(js(np.copysign(np.array([1, 2]), np.array([-0, 0]))), [-1, 2]);
  assertEquals(js(np.signbit(np.array([-0, 0, -1]))), [true, false, true]);
  assertEquals(js(np.maximum(np.array([NaN, 1]), 0)), [NaN, 1]);
  assertEquals(js(np.fmax(np.array([NaN, 1]), 0)), [0, 1]);
  assertEquals(js(np.nanToNum(np.array([NaN, 1]), { nan: 7 })), [7, 1]);
  assertEquals(js(np.isinf(np.array([Infinity, NaN, 1]))), [
    true,
    false,
    false,
  ]);
  assertEquals(js(np.heaviside(np.array([-1, 0, 2]), 0.5)), [0, 0.5, 1]);
  assertEquals(js(np.hypot(np.array([3e30, 0]), np.array([4e30, 0]))), [
    Math.fround(5e30),
    0,
  ]);
  assertEquals(js(np.trunc(np.array([-1.5, 1.5]))), [-1, 1]);
});

Deno.test("round() goes to the even one at ties", () => {
  assertEquals(js(np.round(np.array([0.5, 1.5, 2.5, -0.5]))), [0, 2, 2, -0]);
  assertEquals(np.round(np.array(12.34, { dtype: "float64" }), 1).item(), 12.3);
  assertEquals(np.round(np.array(1250), -2).item(), 1200);
  assertEquals(int(3).round().js(), [3]);
});

Deno.test("bits and logic", () => {
  assertEquals(js(np.bitwiseXor(int(6), int(3))), [5]);
  assertEquals(js(np.rightShift(int(-8), 1)), [-4]);
  assertEquals(js(np.bitwiseNot(int(0))), [-1]);
  assertEquals(js(np.logicalAnd(np.array([0, 2]), true)), [false, true]);
  assertEquals(js(np.logicalNot(np.array([0, NaN]))), [true, false]);
});

Deno.test("where() and select() choose by conditions", () => {
  const x = np.array([-1, 0, 2]);
  assertEquals(js(np.where(x.less(0), 0, x)), [0, 0, 2]);
  assertEquals(
    js(np.select([x.less(0), x.greater(0)], [np.array(10), x], 5)),
    [10, 5, 2],
  );
  assertEquals(js(np.clip(x, 0)), [0, 0, 2]);
  assertEquals(js(x.clip(null, 1)), [-1, 0, 1]);
});

Deno.test("isclose() and allclose() treat infinities and NaN", () => {
  const x = np.array([1, Infinity, NaN]);
  assertEquals(js(np.isclose(x, x)), [true, true, false]);
  assertEquals(np.allclose(x, x, { equalNan: true }).item(), 1);
  assertEquals(np.arrayEqual(int(1), int(1, 2)).item(), 0);
});

Deno.test("sinc() and its derivative are right at 0", () => {
  const slope = grad((x: NDArray) => np.sinc(x)) as (x: NDArray) => NDArray;
  assertEquals([np.sinc(0).item(), slope(np.array(0)).item()], [1, 0]);
  const second = grad(slope)(np.array(0)) as NDArray;
  assertAlmostEquals(second.item(), -(Math.PI ** 2) / 3, 1e-6);
});
