/** The logarithm of a sum of exponentials. */

import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, v128 } from "../wasm/instructions.ts";
import type { V128 } from "../wasm/value.ts";
import { double, each, exp2, log2, narrow, widen } from "./halves.ts";
import { choose, number } from "./vector.ts";

/** Powers of 2 below this one's are less than the smallest float32. */
const LEAST = -200;

/** Below, `log(1 + x)` is `x`, and `1 + x` would have lost digits of it. */
const SMALL = 2 ** -26;

/**
 * `max(x, y) + log(1 + exp(-|x - y|))`, in float64, so that digits are left
 * where the terms cancel.
 */
export function logAddExp(code: Code, x: V128, y: V128): V128 {
  const [a, b] = [code.let(x), code.let(y)];
  const others = widen(code, b);
  const one = double(code, 1);
  const sums = each(code, widen(code, a), (half, i) => {
    const distance = f64x2.abs(f64x2.sub(half, others[i]));
    const power = f64x2.mul(distance, double(code, -Math.LOG2E));
    const within = code.let(f64x2.pmax(power, double(code, LEAST)));
    const small = code.let(exp2(code, within));
    const sum = code.let(f64x2.add(small, one));
    const large = f64x2.mul(log2(code, sum), double(code, Math.LN2));
    const isSmall = f64x2.lt(small, double(code, SMALL));
    const rest = choose(isSmall, small, large);
    const isNaN = f64x2.ne(within, within);
    return f64x2.add(f64x2.pmax(half, others[i]), v128.or(rest, isNaN));
  });
  // The distance of equal infinities is NaN.
  const infinite = f32x4.eq(f32x4.abs(a), number(code, Infinity));
  return choose(v128.and(f32x4.eq(a, b), infinite), a, narrow(sums));
}
