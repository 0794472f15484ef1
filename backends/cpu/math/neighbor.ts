/** The next number of each dtype that is computed in float32 lanes. */

import type { FloatDType } from "../../../core/dtype.ts";
import type { Code } from "../wasm/function.ts";
import { f32x4, i32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { type Binary, bits, choose, number, signOf } from "./vector.ts";

/** Numbers of all dtypes but float64 are float32 in lanes. */
export const NEXTAFTER: Readonly<
  Record<Exclude<FloatDType, "float64">, Binary>
> = {
  float32: nextafter,
  bfloat16: (code, x, y) => nextOf(code, x, y, (a, b) => step(code, a, b, 16)),
  float16: (code, x, y) => nextOf(code, x, y, (a, b) => step16(code, a, b)),
};

export function nextafter(code: Code, x: V128, y: V128): V128 {
  return nextOf(code, x, y, (from, to) => step(code, from, to, 0));
}

/** What the functions share: no step between equals, and NaN. */
function nextOf(
  code: Code,
  x: V128,
  y: V128,
  move: (from: Local<"v128">, to: Local<"v128">) => V128,
): V128 {
  const [from, to] = [code.let(x), code.let(y)];
  const moved = move(from, to);
  const isNaN = v128.or(f32x4.ne(from, from), f32x4.ne(to, to));
  return v128.or(choose(f32x4.eq(from, to), to, moved), isNaN);
}

/** Away from 0 the bits of a number are those of the one before, and 1. */
function step(
  code: Code,
  from: Local<"v128">,
  to: Local<"v128">,
  lowest: number,
): V128 {
  const zero = number(code, 0);
  const one = bits(code, 2 ** lowest);
  const inward = code.let(
    v128.xor(f32x4.gt(to, from), f32x4.gt(from, zero)),
  );
  const change = i32x4.sub(v128.xor(one, inward), inward); // negated, if inward
  const first = v128.or(one, signOf(code, to));
  return choose(f32x4.eq(from, zero), first, i32x4.add(from, change));
}

/** Numbers of float16 that are not 0, near 0 and at the end. */
const [LEAST, NORMAL, LARGEST] = [2 ** -24, 2 ** -14, 65504];

/** Below `NORMAL` those of float16 are equally far apart, others have 10 bits. */
function step16(code: Code, from: Local<"v128">, to: Local<"v128">): V128 {
  const normal = number(code, NORMAL);
  const next = code.let(step(code, from, to, 13));
  const [size, nextSize] = [f32x4.abs(from), f32x4.abs(next)];
  const regular = f32x4.ge(f32x4.pmin(size, nextSize), normal);
  const direction = choose(
    f32x4.gt(to, from),
    number(code, LEAST),
    number(code, -LEAST),
  );
  const sum = v128.or(f32x4.add(from, direction), signOf(code, next)); // may be -0
  const result = choose(regular, next, sum);
  const infinite = f32x4.eq(f32x4.abs(from), number(code, Infinity));
  const end = v128.or(number(code, LARGEST), signOf(code, from));
  return choose(infinite, end, result);
}
