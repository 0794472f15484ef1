/**
 * Inverse hyperbolic functions: logarithms of float64, which have digits enough
 * where those of float32 cancel.
 */

import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { double, each, log2, narrow, widen } from "./halves.ts";
import { choose, number } from "./vector.ts";

/** The logarithm of a function of `x`, which is positive and finite. */
function logOf(
  code: Code,
  x: Local<"v128">,
  compute: (half: Local<"v128">) => V128,
  factor = 1,
): V128 {
  const scale = double(code, factor * Math.LN2);
  return narrow(each(
    code,
    widen(code, x),
    (half) => f64x2.mul(log2(code, code.let(compute(half))), scale),
  ));
}

/** Nearer to 0 than this, `asinh(x)` and `atanh(x)` are `x`. */
const SMALL = 2 ** -13;

/** Lanes that are neither near 0 nor infinite nor NaN. */
function regular(code: Code, size: V128, end: number): V128 {
  return v128.and(
    f32x4.ge(size, number(code, SMALL)),
    f32x4.lt(size, number(code, end)),
  );
}

export function asinh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const one = double(code, 1);
  const result = logOf(
    code,
    size,
    (a) => f64x2.add(a, f64x2.sqrt(f64x2.add(f64x2.mul(a, a), one))),
  );
  const signed = v128.or(result, v128.xor(input, size));
  return choose(regular(code, size, Infinity), signed, input);
}

export function acosh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const one = double(code, 1);
  const result = logOf(code, input, (a) => {
    const square = f64x2.mul(f64x2.sub(a, one), f64x2.add(a, one));
    return f64x2.add(a, f64x2.sqrt(square));
  });
  const finite = f32x4.lt(input, number(code, Infinity));
  const valid = f32x4.ge(input, number(code, 1));
  return v128.or(choose(finite, result, input), v128.not(valid));
}

export function atanh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const one = double(code, 1);
  const half = 0.5;
  const result = logOf(
    code,
    size,
    (a) => f64x2.div(f64x2.add(one, a), f64x2.sub(one, a)),
    half,
  );
  const signed = v128.or(result, v128.xor(input, size));
  const end = number(code, 1);
  const within = choose(regular(code, size, 1), signed, input);
  // At the ends 1 / 0, with the sign; beyond them NaN.
  const ends = choose(
    f32x4.eq(size, end),
    f32x4.div(input, number(code, 0)),
    within,
  );
  return v128.or(ends, f32x4.gt(size, end));
}
