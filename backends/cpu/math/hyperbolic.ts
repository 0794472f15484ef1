/** Hyperbolic functions. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { V128 } from "../wasm/value.ts";
import { BIAS, expm1Small, power, reduce } from "./exponential.ts";
import { bits, number } from "./vector.ts";

const SIGN = 0x80000000;

/** From here on the result is 1. */
const TANH_ONE = 9.1;

/** `-t / (t + 2)` with `t = exp(-2 |x|) - 1`, where nothing cancels. */
export function tanh(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const twice = f32x4.mul(size, number(code, -2));
  const within = f32x4.pmax(twice, number(code, -2 * TANH_ONE));
  const reduced = reduce(code, code.let(within), BIAS);
  const scale = code.let(power(reduced.n.word));
  const main = f32x4.mul(scale, expm1Small(code, reduced));
  const t = code.let(
    f32x4.add(f32x4.sub(scale, number(code, 1)), main),
  );
  const result = f32x4.div(t, f32x4.add(t, number(code, 2)));
  const signs = v128.xor(v128.xor(input, size), bits(code, SIGN));
  return v128.xor(result, signs);
}
