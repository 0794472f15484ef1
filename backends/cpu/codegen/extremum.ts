/** The larger or smaller of two values. */

import { isFloating } from "../../../core/dtype.ts";
import { f32x4, f64x2, i32, v128 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import { arithmeticOf } from "./arithmetic.ts";
import { vectorConst } from "./lanes.ts";
import type { Operation } from "./operation.ts";

/** Propagates NaN, and takes -0 to be below 0. */
export function extremum(o: Operation, name: "max" | "min"): Value {
  const { to, lanes, args } = o;
  const [x, y] = args;
  if (to === "bool") {
    const combine = name === "max" ? "or" : "and";
    return lanes > 1
      ? v128[combine](x as V128, y as V128)
      : i32[combine](x as I32, y as I32);
  }
  const bounded = lanes > 1 && isFloating(to) ? bounds(o, name) : null;
  return bounded ?? arithmeticOf(to, lanes)[name](x!, y!);
}

/**
 * Of floats and a number, if that is shorter: the instruction that minds NaN and
 * zeros of both its operands is several of the machine.
 */
function bounds({ code, to, args, known }: Operation, name: "max" | "min") {
  const at = known.findIndex((value) => value !== null);
  const bound = known[at];
  if (bound === undefined || bound === null || Number.isNaN(bound)) return null;
  const { pmax, pmin, le } = to === "float64" ? f64x2 : f32x4;
  const x = args[1 - at] as V128;
  const limit = vectorConst(code, bound, to);
  // These take their first operand where it is NaN or both are equal.
  if (name === "max") {
    return Object.is(bound, 0) ? v128.andnot(x, le(x, limit)) : pmax(x, limit);
  }
  return Object.is(bound, -0) ? null : pmin(x, limit);
}
