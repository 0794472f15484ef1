/**
 * Functions of real numbers that JavaScript lacks, in float64, within one or
 * two units in the last place unless the function says otherwise. NaN
 * propagates; infinities, signed zeros and subnormals are as in IEEE 754.
 *
 * @module
 */

import { castValue } from "./casting.ts";
import type { DType } from "./dtype.ts";
import { finfo } from "./limits.ts";

/**
 * `x` to the power `y` as IEEE 754 has it: 1 to any power is 1, also to NaN;
 * -1 to an infinite power is 1. JavaScript gives NaN for these.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([pow(1, NaN), pow(-1, Infinity), pow(NaN, 0)], [1, 1, 1]);
 * ```
 */
export function pow(x: number, y: number): number {
  if (x === 1) return 1;
  if (x === -1 && Math.abs(y) === Infinity) return 1;
  return x ** y;
}

/**
 * `log(exp(a) + exp(b))` without overflow. Two negative infinities give one.
 *
 * The error is of the size of that of the larger argument: where the result is
 * near 0, the arguments cancel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(logAddExp(1000, 1000), 1000 + Math.LN2);
 * assertEquals(logAddExp(-Infinity, -Infinity), -Infinity);
 * ```
 */
export function logAddExp(a: number, b: number): number {
  if (a === b) return a + Math.LN2; // the difference of infinities is NaN
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/**
 * Logistic function `1 / (1 + exp(-x))`, which neither overflows nor loses
 * digits on either side.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([logistic(0), logistic(-1000), logistic(1000)], [0.5, 0, 1]);
 * ```
 */
export function logistic(x: number): number {
  const small = Math.exp(-Math.abs(x));
  return (x < 0 ? small : 1) / (1 + small);
}

/**
 * Nearest integer to `x`, ties to even. The sign of zero is kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([0.5, 1.5, 2.5, -0.5].map(roundHalfEven), [0, 2, 2, -0]);
 * ```
 */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x); // ties go up
  return rounded - x === 0.5 ? 2 * Math.round(x / 2) : rounded;
}

const FLOAT64_SCRATCH = new Float64Array(1);
const WORDS_SCRATCH = new Uint32Array(FLOAT64_SCRATCH.buffer);

/** Largest power of two up to `x > 0`; 0 if `x` is subnormal. */
function powerOfTwoBelow(x: number): number {
  FLOAT64_SCRATCH[0] = x;
  WORDS_SCRATCH[0] = 0;
  WORDS_SCRATCH[1]! &= 0x7ff00000;
  return FLOAT64_SCRATCH[0]!;
}

/**
 * The element of `dtype` next to its element `x`, in the direction of `y`.
 *
 * @throws {ShapeError} If `dtype` is not a floating-point dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nextafter(1, 2, "float64"), 1 + Number.EPSILON);
 * assertEquals(nextafter(1, 0, "bfloat16"), 1 - 2 ** -8);
 * ```
 */
export function nextafter(x: number, y: number, dtype: DType): number {
  const { eps, smallestSubnormal, max } = finfo(dtype);
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  if (x === y) return y;
  const size = Math.abs(x);
  const outward = x === 0 || (y > x) === (x > 0);
  if (size === Infinity) return Math.sign(x) * max;
  const power = powerOfTwoBelow(size);
  // Below a power of two, elements are twice as dense as above it.
  const spacing = !outward && size === power ? power * eps / 2 : power * eps;
  const step = Math.max(spacing, smallestSubnormal);
  if (!outward) return Math.sign(x) * (size - step);
  return castValue(Math.sign(x || y) * (size + step), dtype);
}

/**
 * Number of bits of the uint32 `x` that are 1 (Warren, Hacker's Delight, 5-1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(populationCount(0xff00ff01), 17);
 * ```
 */
export function populationCount(x: number): number {
  const pairs = x - ((x >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  const bytes = (nibbles + (nibbles >>> 4)) & 0x0f0f0f0f;
  return Math.imul(bytes, 0x01010101) >>> 24;
}
