/**
 * Exponential functions: `x = n log(2) + r` with a whole number `n`, a
 * polynomial in `r`, and the exponent bits for the power `2^n`.
 *
 * The polynomials are minimax approximations of ours (Lawson's iteration in
 * float64, coefficients rounded to float32 one after another, lowest first, and
 * the rest fitted again); each states its error.
 */

import type { Code } from "../wasm/function.ts";
import { f32x4, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { choose, madd, number, polynomial, signOf } from "./vector.ts";

/** log(2) as a sum; products of the first with integers up to 2^9 are exact. */
export const LOG2_HIGH = 0.693145751953125;
export const LOG2_LOW = 1.42860682030941723212e-6;

/** `(exp(r) - 1 - r) / r^2` for `|r| <= log(2) / 2`; error of exp below 2^-28. */
const EXP = [
  0.5,
  0.1666651964187622,
  0.041666384786367416,
  0.008368848823010921,
  0.00139422167558223,
];

/** `(2^f - 1) / f` for `|f| <= 1/2`; error of 2^f below 2^-28. */
const EXP2 = [
  0.6931471824645996,
  0.24022650718688965,
  0.055503591895103455,
  0.00961806159466505,
  0.001339120208285749,
  0.0001546330313431099,
];

/** Added to a number below 2^22 it leaves the nearest integer in the low bits. */
const ROUNDER = 1.5 * 2 ** 23;

/** What a power of two adds to the bits of a float32. */
export const BIAS = 127;
export const MANTISSA = 23;

/** A whole number twice: as it is, and as the low bits of a word, plus `offset`. */
interface Whole {
  readonly value: Local<"v128">;
  readonly word: Local<"v128">;
}

/** The integer nearest to `x factor`, up to 2^22. */
function nearest(code: Code, x: V128, factor: number, offset: number): Whole {
  const rounder = number(code, ROUNDER + offset);
  const word = code.let(madd(x, number(code, factor), rounder));
  return { value: code.let(f32x4.sub(word, rounder)), word };
}

/** `x = n log(2) + r` for the whole number `n = word - offset`. */
interface Reduced {
  readonly word: Local<"v128">;
  readonly r: Local<"v128">;
}

/** Takes multiples of `log(2)` away from `x`. */
export function reduce(code: Code, x: Local<"v128">, offset: number): Reduced {
  const { value, word } = nearest(code, x, Math.LOG2E, offset);
  const high = madd(value, number(code, -LOG2_HIGH), x);
  return { word, r: code.let(madd(value, number(code, -LOG2_LOW), high)) };
}

/** `exp(r) - 1` for `|r| <= log(2) / 2`. */
export function expm1Small(code: Code, r: Local<"v128">): V128 {
  const square = code.let(f32x4.mul(r, r));
  return madd(polynomial(code, r, EXP), square, r);
}

/** The number whose exponent bits are the low bits of `word`. */
export function power(word: V128): V128 {
  return i32x4.shl(word, i32.const(MANTISSA));
}

/**
 * `2^n` for `word = n + 2 BIAS` as a product: neither factor overflows where the
 * result of a function does not, and a subnormal result is rounded once.
 */
function factors(code: Code, word: Local<"v128">): readonly [V128, V128] {
  const half = code.let(power(i32x4.shr_u(word, i32.const(1))));
  return [half, i32x4.sub(power(word), half)];
}

/** `y 2^n` for `word = n + 2 BIAS`. */
export function scale(code: Code, y: V128, word: Local<"v128">): V128 {
  const [half, rest] = factors(code, word);
  return f32x4.mul(f32x4.mul(y, half), rest);
}

/** `(1 + y) 2^n` for `word = n + 2 BIAS`. */
function scaleFrom1(code: Code, y: V128, word: Local<"v128">): V128 {
  const [half, rest] = factors(code, word);
  return f32x4.mul(madd(y, half, half), rest);
}

/** Keeps NaN. Outside, results do not change any more. */
function clamp(code: Code, x: V128, low: number, high: number): V128 {
  return f32x4.pmin(f32x4.pmax(x, number(code, low)), number(code, high));
}

export function exp(code: Code, x: V128): V128 {
  const within = code.let(clamp(code, x, -104, 89));
  return expWithin(code, within, 2 * BIAS);
}

/** `2^shift exp(x)` for `offset = 2 BIAS + shift`, where the exponent fits. */
export function expWithin(
  code: Code,
  x: Local<"v128">,
  offset: number,
): V128 {
  const { word, r } = reduce(code, x, offset);
  return scaleFrom1(code, expm1Small(code, r), word);
}

export function exp2(code: Code, x: V128): V128 {
  const within = code.let(clamp(code, x, -151, 129));
  const n = nearest(code, within, 1, 2 * BIAS);
  return exp2OfParts(code, f32x4.sub(within, n.value), n.word);
}

/** `2^(n + f)` for `word = n + 2 BIAS` and `|f| <= 1/2`. */
export function exp2OfParts(
  code: Code,
  f: V128,
  word: Local<"v128">,
): V128 {
  const x = code.let(f);
  return scaleFrom1(code, f32x4.mul(polynomial(code, x, EXP2), x), word);
}

/**
 * `2 (2^m (exp(r) - 1) + (2^m - 1/2))` with `m = n - 1`: halves, because
 * `2^128` is no float32.
 */
export function expm1(code: Code, x: V128): V128 {
  const input = code.let(x);
  const within = code.let(clamp(code, input, -18, 89));
  const { word, r } = reduce(code, within, BIAS - 1);
  const half = code.let(power(word));
  const start = f32x4.sub(half, number(code, 0.5));
  const sum = code.let(madd(half, expm1Small(code, r), start));
  return v128.or(f32x4.add(sum, sum), signOf(code, input)); // keeps -0
}

/** With the exponential of `-|x|`, as core/numerics.ts has it. */
export function logistic(code: Code, x: V128): V128 {
  const input = code.let(x);
  const least = number(code, -104);
  const size = code.let(f32x4.pmax(f32x4.neg(f32x4.abs(input)), least));
  const small = code.let(expWithin(code, size, 2 * BIAS));
  const one = number(code, 1);
  const above = choose(f32x4.lt(input, number(code, 0)), small, one);
  return f32x4.div(above, f32x4.add(one, small));
}
