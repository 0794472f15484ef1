/**
 * Four float32 as two pairs of float64, for functions whose intermediate
 * results need more digits than float32 has.
 */

import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, i32, i64x2, i8x16, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { estrin } from "./vector.ts";

/** The first two lanes and the last two. */
export type Halves = readonly [Local<"v128">, Local<"v128">];

const range = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => from + i);

const HIGH_FIRST = [...range(8, 8), ...range(0, 8)];
const LOW_HALVES = [...range(0, 8), ...range(16, 8)];
const EVEN_WORDS = [0, 8, 16, 24].flatMap((byte) => range(byte, 4));

export function widen(code: Code, x: Local<"v128">): Halves {
  return [
    code.let(f64x2.promote_low_f32x4(x)),
    code.let(f64x2.promote_low_f32x4(i8x16.shuffle(x, x, HIGH_FIRST))),
  ];
}

export function narrow([low, high]: readonly [V128, V128]): V128 {
  return i8x16.shuffle(
    f32x4.demote_f64x2_zero(low),
    f32x4.demote_f64x2_zero(high),
    LOW_HALVES,
  );
}

/** The lower 32 bits of each of four float64. */
export function lowWords([low, high]: readonly [V128, V128]): V128 {
  return i8x16.shuffle(low, high, EVEN_WORDS);
}

/** A function of both halves. */
export function each(
  code: Code,
  [low, high]: Halves,
  compute: (half: Local<"v128">, index: 0 | 1) => V128,
): Halves {
  return [code.let(compute(low, 0)), code.let(compute(high, 1))];
}

/** A number in both lanes, made once in the function. */
export function double(code: Code, value: number): V128 {
  return code.fn.constant(f64x2.const(value));
}

/** 64 bits in both lanes. */
function words(code: Code, high: number, low: number): V128 {
  return code.fn.constant(v128.const([low, high, low, high]));
}

/** `c[0] + c[1] x + ...` of float64. */
export function widePolynomial(
  code: Code,
  x: Local<"v128">,
  coefficients: readonly number[],
): V128 {
  return estrin(x, coefficients, {
    keep: (value) => code.let(value),
    number: (value) => double(code, value),
    mul: f64x2.mul,
    madd: (a, b, c) => f64x2.relaxed_madd(a, b, c),
  });
}

/**
 * `log2(m) / s` of `s^2` for `s = (m - 1) / (m + 1)` and `m` from sqrt(1/2) to
 * sqrt(2); error below 2^-37. Obtained as in exponential.ts.
 */
const LOG2 = [
  2.8853900817901423,
  0.9617966732661124,
  0.577083600356605,
  0.4116717446383026,
  0.34074899587081736,
];

/** Logarithm to base 2 of positive normal float64. */
export function log2(code: Code, x: Local<"v128">): V128 {
  // The exponent of a number below 2 sqrt(1/2) is that of 1 or less.
  const above = code.let(i64x2.sub(x, words(code, 0x3fe6a09e - EXPONENT_0, 0)));
  const power = code.let(v128.and(above, words(code, 0xfff00000, 0)));
  const m = code.let(
    i64x2.add(i64x2.sub(x, power), words(code, EXPONENT_0, 0)),
  );
  const one = double(code, 1);
  const s = code.let(f64x2.div(f64x2.sub(m, one), f64x2.add(m, one)));
  const square = code.let(f64x2.mul(s, s));
  const series = f64x2.mul(widePolynomial(code, square, LOG2), s);
  return f64x2.add(exponentOf(code, power), series);
}

/** The bits of 1. */
const EXPONENT_0 = 0x3ff00000;

/** The exponent that the upper bits hold. */
function exponentOf(code: Code, power: V128): V128 {
  const integer = i64x2.shr_u(power, i32.const(52));
  // As the low bits of 2^52 an integer is a number.
  const number = v128.or(integer, double(code, 2 ** 52));
  return f64x2.sub(number, double(code, 2 ** 52 + 1023));
}

/** `2^f` for `|f| <= 1/2`; error below 2^-40. Obtained as in exponential.ts. */
const EXP2 = [
  1.0000000000000269,
  0.6931471805459081,
  0.24022650695467815,
  0.05550410941305057,
  0.009618129228515498,
  0.0013333450474244846,
  0.00015403411585986426,
  1.5310104132404675e-5,
  1.326408259017809e-6,
];

/** Added to a float64 below 2^51 it leaves the nearest integer in the low bits. */
const ROUNDER = 1.5 * 2 ** 52;

/** A power of 2 taken apart: `2^x = small 2^n`. */
export interface WidePower {
  readonly small: V128;
  /** `n + offset` in the low bits. */
  readonly word: Local<"v128">;
}

/** Takes apart `2^x` for `|x| < 1022`. */
export function exp2Parts(
  code: Code,
  x: Local<"v128">,
  offset: number,
): WidePower {
  const rounder = double(code, ROUNDER + offset);
  const word = code.let(f64x2.add(x, rounder));
  const rest = code.let(f64x2.sub(x, f64x2.sub(word, rounder)));
  return { small: widePolynomial(code, rest, EXP2), word };
}

/** `2^x` for `|x| < 1022`. */
export function exp2(code: Code, x: Local<"v128">): V128 {
  const { small, word } = exp2Parts(code, x, 1023);
  return f64x2.mul(small, i64x2.shl(word, i32.const(52)));
}
