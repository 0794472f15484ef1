/** Floats as integers in the same order, which the machine compares faster. */

import type { Code } from "../wasm/function.ts";
import { f32, f32x4, i32, i32x4, select, v128 } from "../wasm/instructions.ts";
import type { F32, I32, Local, V128, Value } from "../wasm/value.ts";

/** The integer of infinity; that of the negative one is its complement. */
export const INFINITY_BITS = 0x7f800000;

/**
 * Floats as integers in the same order, -0 below 0: of negative ones all bits
 * but the sign are inverted, which also leads back. NaN becomes `nan`, one of
 * the integers at the ends.
 */
export function ordered(code: Code, given: Value, nan: number): Local<"i32"> {
  const x = given as F32;
  const bits = code.let(i32.reinterpret_f32(x));
  const key = i32.xor(bits, magnitudeIfNegative(bits));
  return code.let(select(f32.eq(x, x), key, i32.const(nan)));
}

function magnitudeIfNegative(bits: I32): I32 {
  return i32.shr_u(i32.shr_s(bits, i32.const(31)), i32.const(1));
}

/** The float that an integer stands for; a NaN for those at both ends. */
export function floatOf(code: Code, key: I32): F32 {
  const bits = code.let(i32.xor(key, magnitudeIfNegative(key)));
  return f32.reinterpret_i32(bits);
}

export function orderedVector(
  code: Code,
  given: Value,
  nan: number,
): Local<"v128"> {
  const x = given as V128;
  const key = v128.xor(x, magnitudesIfNegative(x));
  const none = code.fn.constant(v128.const([nan, nan, nan, nan]));
  return code.let(v128.bitselect(key, none, f32x4.eq(x, x)));
}

function magnitudesIfNegative(bits: V128): V128 {
  return i32x4.shr_u(i32x4.shr_s(bits, i32.const(31)), i32.const(1));
}

export function floatsOf(key: V128): V128 {
  return v128.xor(key, magnitudesIfNegative(key));
}
