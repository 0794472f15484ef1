/** The logarithm of a sum of two exponentials. */

import type { Code } from "../wasm/function.ts";
import type { V128 } from "../wasm/value.ts";
import { double, each, narrow, widen } from "./halves.ts";
import { addLogSums, valueOfLogSum } from "./log_sums.ts";

/** In float64, so that digits are left where the terms cancel. */
export function logAddExp(code: Code, x: V128, y: V128): V128 {
  const none = code.let(double(code, 0));
  const others = widen(code, code.let(y));
  const sums = each(code, widen(code, code.let(x)), (half, i) => {
    const sum = addLogSums(code, [half, none], [others[i], none]);
    return valueOfLogSum(code, sum);
  });
  return narrow(sums);
}
