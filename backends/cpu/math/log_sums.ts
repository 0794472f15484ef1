/** Logarithms of sums of exponentials, in float64. */

import type { Code } from "../wasm/function.ts";
import { f64x2, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { double, exp2, log2 } from "./halves.ts";
import { choose } from "./vector.ts";

/**
 * `most + log(1 + rest)` in both lanes: the largest term, and the others in
 * units of it. To add one takes an exponential; a logarithm only the result.
 */
export type LogSum = readonly [most: Local<"v128">, rest: Local<"v128">];

/** The sum of no terms. */
export const NO_TERMS = [-Infinity, -1] as const;

/** Powers of 2 below this one's are less than the smallest float32. */
const LEAST = -200;

/** Below, `log(1 + x)` is `x`, and `1 + x` would have lost digits of it. */
const SMALL = 2 ** -26;

/** The sum of all terms of two. */
export function addLogSums(
  code: Code,
  [a, x]: LogSum,
  [b, y]: LogSum,
): LogSum {
  const distance = f64x2.abs(f64x2.sub(a, b));
  const exponent = f64x2.mul(distance, double(code, -Math.LOG2E));
  // The distance of equal infinities is NaN.
  const known = v128.andnot(exponent, f64x2.eq(a, b));
  const within = code.let(f64x2.pmax(known, double(code, LEAST)));
  const isLess = code.let(f64x2.lt(a, b));
  const [larger, smaller] = [choose(isLess, y, x), choose(isLess, x, y)];
  const terms = f64x2.add(smaller, double(code, 1));
  const rest = f64x2.relaxed_madd(exp2(code, within), terms, larger);
  return [code.let(f64x2.pmax(a, b)), code.let(rest)];
}

/** The logarithm of the sum. */
export function valueOfLogSum(code: Code, [most, rest]: LogSum): V128 {
  const sum = code.let(f64x2.add(rest, double(code, 1)));
  const large = f64x2.mul(log2(code, sum), double(code, Math.LN2));
  const isSmall = f64x2.lt(rest, double(code, SMALL));
  // Of NaN the logarithm makes a number.
  const isNaN = f64x2.ne(rest, rest);
  return f64x2.add(most, v128.or(choose(isSmall, rest, large), isNaN));
}
