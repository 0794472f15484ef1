/** Laws of the elementwise families, at points where their functions are smooth. */

import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { barrier, stopGradient } from "../../core/ops/barrier.ts";
import * as bits from "../../core/ops/bits.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { clamp } from "../../core/ops/clamp.ts";
import * as exponential from "../../core/ops/exponential.ts";
import * as power from "../../core/ops/power.ts";
import * as rounding from "../../core/ops/rounding.ts";
import * as special from "../../core/ops/special.ts";
import * as trigonometric from "../../core/ops/trigonometric.ts";
import { grad } from "../../transforms/grad.ts";
import { array, arrayOf } from "../_util/array.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap, type Op } from "../_util/op_laws.ts";

/** Functions of one array, smooth within (0, 1); those of two, likewise. */
const { atan2, acosh, ...circular } = trigonometric;
const { logAddExp, slopeOfLogAddExp: _slope, ...exponents } = exponential;
const { pow, integerPow, ...roots } = power;

const SMOOTH: Readonly<Record<string, Op>> = {
  ...circular,
  ...exponents,
  ...roots,
  ...special,
  acosh: (x) => acosh(exponential.exp(x)),
  cubed: (x) => integerPow(x, 3),
  abs: rounding.abs,
  atan2: (x) => atan2(x, power.square(x)),
  logAddExp: (x) => logAddExp(x, power.square(x)),
  pow: (x) => pow(x, power.square(x)),
};

const within = arrayOf([2, 2], [0.2, 0.35, 0.6, 0.8], "float64");

for (const [name, f] of Object.entries(SMOOTH)) {
  Deno.test(`${name}() obeys the laws of differentiable functions`, () => {
    checkJit(f, [within]);
    checkVmap(f, [within]);
    checkGrads(f, [within], { tolerance: 1e-5 });
  });
}

Deno.test("bits of integers", () => {
  const [x, y] = [array([6, -1], "int32"), array([3, 1], "int32")];
  assertEquals(bits.and(x, y).js(), [2, 1]);
  assertEquals(bits.or(x, y).js(), [7, -1]);
  assertEquals(bits.xor(x, y).js(), [5, -2]);
  assertEquals(bits.not(x).js(), [-7, 0]);
  assertEquals(bits.shiftLeft(x, y).js(), [48, -2]);
  assertEquals(bits.shiftRightArithmetic(x, y).js(), [0, -1]);
  assertEquals(bits.shiftRightLogical(x, y).js(), [0, 2 ** 31 - 1]);
  assertEquals(bits.populationCount(x).js(), [2, 32]);
});

Deno.test("rounding to even, the sign of zero, and remainders", () => {
  const halves = array([-1.5, -0.5, 0.5, 1.5, 2.5]);
  assertEquals(rounding.round(halves).js(), [-2, -0, 0, 2, 2]);
  assertEquals(rounding.floor(halves).js(), [-2, -1, 0, 1, 2]);
  assertEquals(rounding.ceil(halves).js(), [-1, -0, 1, 2, 3]);
  assertEquals(rounding.sign(array([-2, -0, 0, 2])).js(), [-1, -0, 0, 1]);
  const [x, y] = [array([-5, 5]), array([3, -3])];
  assertEquals(rounding.rem(x, y).js(), [-2, 2]);
  const odd = array([NaN, Infinity, 1]);
  assertEquals(rounding.isNan(odd).js(), [true, false, false]);
  assertEquals(rounding.isFinite(odd).js(), [false, false, true]);
});

Deno.test("clamp() holds values within limits, and its derivative is 0 outside", () => {
  const [low, high] = [array([0, 0, 0]), array([1, 1, 1])];
  const f = (x: NDArray) => clamp(low, x, high);
  assertEquals(f(array([-1, 0.5, 2])).js(), [0, 0.5, 1]);
  const slope = grad((x: NDArray) => sum(f(x), [0]));
  assertEquals(slope(array([-1, 0.5, 2])).js(), [0, 1, 0]);
});

Deno.test("clamp() takes limits without axes for all elements, as JAX does", () => {
  const out = clamp(arrayOf([], [0]), array([-1, 0.5, 2]), arrayOf([], [1]));
  assertEquals(out.js(), [0, 0.5, 1]);
});

Deno.test("barrier() is the identity, stopGradient() without a derivative", () => {
  const x = array([1, 2]);
  assertEquals(barrier([x])[0]!.js(), [1, 2]);
  const f = (x: NDArray) => sum(power.square(stopGradient(x)), [0]);
  assertEquals(grad(f)(x).js(), [0, 0]);
  const g = (x: NDArray) => sum(power.square(barrier([x])[0]!), [0]);
  assertEquals(grad(g)(x).js(), [2, 4]);
});
