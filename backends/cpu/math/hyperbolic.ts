/** Hyperbolic functions. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { BIAS, expm1Small, expWithin, power, reduce } from "./exponential.ts";
import { choose, madd, number, polynomial } from "./vector.ts";

/** From here on the result is 1. */
const TANH_ONE = 9.1;

/** `-t / (t + 2)` with `t = exp(-2 |x|) - 1`, where nothing cancels. */
export function tanh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const within = code.let(f32x4.pmin(size, number(code, TANH_ONE)));
  const twice = code.let(f32x4.mul(within, number(code, -2)));
  const { word, r } = reduce(code, twice, BIAS);
  const factor = code.let(power(word));
  const start = f32x4.sub(factor, number(code, 1));
  const t = code.let(madd(factor, expm1Small(code, r), start));
  const signed = v128.or(f32x4.abs(t), v128.xor(input, size));
  return f32x4.div(signed, f32x4.add(t, number(code, 2)));
}

/** `(sinh(x) - x) / x^3` of `x^2`, for `|x| <= 1`; error below 2^-31. */
const SINH = [
  0.1666666716337204,
  0.00833331048488617,
  0.00019842895562760532,
  2.7822131869470468e-6,
];

/** `exp(size) / 2`, which is finite where `exp(size)` no longer is. */
function halfExp(code: Code, size: Local<"v128">): Local<"v128"> {
  const within = code.let(f32x4.pmin(size, number(code, 90)));
  return code.let(expWithin(code, within, 2 * BIAS - 1));
}

/** `exp(x) / 2 - exp(-x) / 2`; a polynomial where that cancels. */
export function sinh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const half = halfExp(code, size);
  const large = f32x4.sub(half, f32x4.div(number(code, 0.25), half));
  const square = code.let(f32x4.mul(size, size));
  const cube = f32x4.mul(square, size);
  const small = madd(cube, polynomial(code, square, SINH), size);
  const isSmall = f32x4.lt(size, number(code, 1));
  return v128.or(choose(isSmall, small, large), v128.xor(input, size));
}

export function cosh(code: Code, x: V128): V128 {
  const half = halfExp(code, code.let(f32x4.abs(x)));
  return f32x4.add(half, f32x4.div(number(code, 0.25), half));
}
