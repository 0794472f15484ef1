/** The next number. */

import type { Code } from "../wasm/function.ts";
import { f32x4, i32x4, v128 } from "../wasm/instructions.ts";
import type { V128 } from "../wasm/value.ts";
import { bits, choose, number, signOf } from "./vector.ts";

/** Away from 0 the bits of a number are those of the one before, and 1. */
export function nextafter(code: Code, x: V128, y: V128): V128 {
  const [from, to] = [code.let(x), code.let(y)];
  const zero = number(code, 0);
  const inward = v128.xor(f32x4.gt(to, from), f32x4.gt(from, zero));
  const step = v128.or(inward, bits(code, 1)); // -1 or 1
  const next = i32x4.add(from, step);
  const first = v128.or(bits(code, 1), signOf(code, to));
  const moved = choose(f32x4.eq(from, zero), first, next);
  const isNaN = v128.or(f32x4.ne(from, from), f32x4.ne(to, to));
  return v128.or(choose(f32x4.eq(from, to), to, moved), isNaN);
}
