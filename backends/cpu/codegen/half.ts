/** Floats of 16 bits, held as float32: rounding to them, and their bits. */

import type { Code } from "../wasm/function.ts";
import { f32x4, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { V128 } from "../wasm/value.ts";

const QUIET_NAN = 0x7fc00000;

const words = (code: Code, word: number): V128 =>
  code.fn.constant(v128.const([word, word, word, word]));

/** Nearest bfloat16, ties to even: the upper half of a float32. */
export function roundToBfloat16(code: Code, x: V128): V128 {
  const odd = v128.and(i32x4.shr_u(x, i32.const(16)), words(code, 1));
  const bias = i32x4.add(odd, words(code, 0x7fff));
  const rounded = v128.and(i32x4.add(x, bias), words(code, 0xffff0000));
  return v128.bitselect(rounded, words(code, QUIET_NAN), f32x4.eq(x, x));
}

export function valueOfBfloat16(bits: V128): V128 {
  return i32x4.shl(bits, i32.const(16));
}

export function bitsOfBfloat16(x: V128): V128 {
  return i32x4.shr_u(x, i32.const(16));
}

/** Nearest float16, ties to even. */
export function roundToFloat16(code: Code, x: V128): V128 {
  const sign = code.let(v128.and(x, words(code, 0x80000000)));
  const size = code.let(v128.xor(x, sign));
  // 13 bits go. Where that carries past 65504, the result is an infinity.
  const odd = v128.and(i32x4.shr_u(size, i32.const(13)), words(code, 1));
  const bias = i32x4.add(odd, words(code, 0xfff));
  const normal = code.let(
    v128.and(i32x4.add(size, bias), words(code, 0xffffe000)),
  );
  const isLarge = f32x4.ge(normal, code.fn.constant(f32x4.const(65536)));
  const finite = v128.bitselect(
    code.fn.constant(f32x4.const(Infinity)),
    normal,
    isLarge,
  );
  // Below 2^-14 the steps are 2^-24: those of float32 between 1/2 and 1.
  const half = code.fn.constant(f32x4.const(0.5));
  const tiny = f32x4.sub(f32x4.add(size, half), half);
  const isTiny = f32x4.lt(size, code.fn.constant(f32x4.const(2 ** -14)));
  const rounded = v128.bitselect(tiny, finite, isTiny);
  return v128.bitselect(
    v128.or(rounded, sign),
    words(code, QUIET_NAN),
    f32x4.eq(x, x),
  );
}

/** The float32 that bits of a float16 stand for; `bits` is a local. */
export function valueOfFloat16(code: Code, bits: V128): V128 {
  const sign = i32x4.shl(
    v128.and(bits, words(code, 0x8000)),
    i32.const(16),
  );
  const size = code.let(
    i32x4.shl(v128.and(bits, words(code, 0x7fff)), i32.const(13)),
  );
  // The bias of exponents differs by 112; a product also sets subnormals right.
  const value = f32x4.mul(size, code.fn.constant(f32x4.const(2 ** 112)));
  const isSpecial = i32x4.ge_u(size, words(code, 0x7c00 << 13));
  const special = v128.or(size, words(code, 0x7f800000));
  return v128.or(v128.bitselect(special, value, isSpecial), sign);
}

/** The bits of a float32 that is a float16. */
export function bitsOfFloat16(code: Code, given: V128): V128 {
  const x = code.let(given);
  const sign = v128.and(i32x4.shr_u(x, i32.const(16)), words(code, 0x8000));
  const size = code.let(v128.and(x, words(code, 0x7fffffff)));
  const scaled = f32x4.mul(size, code.fn.constant(f32x4.const(2 ** -112)));
  const finite = i32x4.shr_u(scaled, i32.const(13));
  const special = v128.bitselect(
    words(code, 0x7c00),
    words(code, 0x7e00),
    f32x4.eq(x, x),
  );
  const isSpecial = i32x4.ge_u(size, words(code, 0x7f800000));
  return v128.or(v128.bitselect(special, finite, isSpecial), sign);
}
