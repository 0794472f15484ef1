/** Roots. */

import type { Code } from "../wasm/function.ts";
import { f32x4, i32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { bits, choose, number } from "./vector.ts";

export function rsqrt(code: Code, x: V128): V128 {
  return f32x4.div(number(code, 1), f32x4.sqrt(x));
}

/**
 * Of a power of two, the bits of the cube root are a third of its bits and of
 * two thirds of those of 1. The offset makes the largest error small, 3.2 %
 * (Kahan 1991, Computing a real cube root).
 */
const THIRD_OFFSET = 709958130;

/** Small numbers are multiplied by the cube of 2^8, so that they are normal. */
const SCALE = 2 ** 8;

/** Two of Halley's steps, which triple the digits, from a third of the bits. */
export function cbrt(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const small = code.let(f32x4.lt(size, number(code, 2 ** -100)));
  const scaled = f32x4.mul(size, number(code, SCALE ** 3));
  const a = code.let(choose(small, scaled, size));
  const third = f32x4.mul(f32x4.convert_i32x4_s(a), number(code, 1 / 3));
  const word = i32x4.trunc_sat_f32x4_s(third);
  const start = code.let(i32x4.add(word, bits(code, THIRD_OFFSET)));
  const quarter = code.let(f32x4.mul(a, number(code, 0.25)));
  const better = code.let(halley(code, quarter, start));
  const root = code.let(halley(code, quarter, better));
  const unscaled = f32x4.mul(root, number(code, 1 / SCALE));
  const result = choose(small, unscaled, root);
  const regular = v128.and(
    f32x4.gt(size, number(code, 0)),
    f32x4.lt(size, number(code, Infinity)),
  );
  return choose(regular, v128.or(result, v128.xor(input, size)), input);
}

/**
 * `y - y (y^3 - a) / (2 y^3 + a)`: the small part has the rounding errors.
 * `quarter` is `a / 4`, so that nothing overflows.
 */
function halley(
  code: Code,
  quarter: Local<"v128">,
  y: Local<"v128">,
): V128 {
  const square = f32x4.mul(y, y);
  const cube = code.let(
    f32x4.mul(square, f32x4.mul(y, number(code, 0.25))),
  );
  const above = f32x4.sub(cube, quarter);
  const below = f32x4.add(f32x4.add(cube, cube), quarter);
  return f32x4.sub(y, f32x4.mul(y, f32x4.div(above, below)));
}
