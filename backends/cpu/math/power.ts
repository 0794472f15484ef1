/** Powers. */

import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { BIAS, exp2OfParts } from "./exponential.ts";
import {
  double,
  each,
  type Halves,
  log2,
  lowWords,
  narrow,
  widen,
} from "./halves.ts";
import { choose, number, signOf } from "./vector.ts";

/** Added to a float64 below 2^51 it leaves the nearest integer in the low bits. */
const ROUNDER = 1.5 * 2 ** 52 + 2 * BIAS;

/**
 * `2^(y log2 |x|)`: the exponent in float64, since its rounding becomes a
 * relative error of the result.
 */
export function pow(code: Code, x: V128, y: V128): V128 {
  const [base, exponent] = [code.let(x), code.let(y)];
  const size = code.let(f32x4.abs(base));
  const wide = widen(code, exponent);
  const powers = each(code, widen(code, size), (half, i) => {
    const product = f64x2.mul(log2(code, half), wide[i]);
    const atLeast = f64x2.pmax(product, double(code, -151));
    return f64x2.pmin(atLeast, double(code, 129));
  });
  const result = code.let(exp2OfHalves(code, powers));
  const usual = v128.and(
    f32x4.gt(base, number(code, 0)),
    f32x4.lt(
      f32x4.pmax(f32x4.abs(exponent), base),
      number(code, Infinity),
    ),
  );
  code.if(v128.any_true(v128.not(usual)), (rare) => {
    rare.set(result, specialPow(rare, base, exponent, result));
  });
  return result;
}

/** `2^x`, of the result in float32. */
function exp2OfHalves(code: Code, x: Halves): V128 {
  const rounder = double(code, ROUNDER);
  const whole = each(code, x, (half) => f64x2.add(half, rounder));
  const rest = each(
    code,
    x,
    (half, i) => f64x2.sub(half, f64x2.sub(whole[i], rounder)),
  );
  const word = code.let(lowWords(whole));
  return exp2OfParts(code, narrow(rest), word);
}

/** What IEEE 754 wants where the power of the size is not the answer. */
function specialPow(
  code: Code,
  x: Local<"v128">,
  y: Local<"v128">,
  power: Local<"v128">,
): V128 {
  const [zero, one] = [number(code, 0), number(code, 1)];
  const infinity = number(code, Infinity);
  const size = code.let(f32x4.abs(x));
  const whole = code.let(f32x4.eq(f32x4.trunc(y), y));
  const half = code.let(f32x4.mul(y, number(code, 0.5)));
  const odd = v128.andnot(whole, f32x4.eq(f32x4.trunc(half), half));

  // 0 and infinity are their own powers, or each the other's.
  const isZero = f32x4.eq(size, zero);
  const inverse = v128.xor(isZero, f32x4.lt(y, zero));
  const extreme = v128.andnot(infinity, inverse);
  const atEnds = v128.or(f32x4.eq(size, zero), f32x4.eq(size, infinity));
  const positive = choose(atEnds, extreme, power);
  const signed = v128.xor(positive, v128.and(odd, signOf(code, x)));
  const finite = v128.and(f32x4.lt(x, zero), f32x4.lt(size, infinity));
  const undefined_ = v128.or(v128.andnot(finite, whole), f32x4.ne(x, x));
  const known = v128.or(signed, undefined_); // all bits set are NaN
  const withNaN = v128.or(known, f32x4.ne(y, y));
  // 1 to any power, any number to the power 0, and -1 to infinity.
  const unit = f32x4.eq(f32x4.abs(y), infinity);
  const isOne = v128.or(
    f32x4.eq(x, one),
    v128.or(f32x4.eq(y, zero), v128.and(f32x4.eq(size, one), unit)),
  );
  return choose(isOne, one, withNaN);
}
