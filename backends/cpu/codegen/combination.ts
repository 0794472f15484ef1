/**
 * In what form running combinations are kept, and how two become one.
 *
 * Sums, products and logarithms of sums of floats are kept in float64 and
 * rounded for each result, as the interpreter does: errors do not add up. The
 * largest and smallest of short floats are kept as integers in the same order:
 * to compare floats and mind NaN takes the machine several times as long.
 */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Reducer } from "../../../core/ir/scalar.ts";
import { identityOf } from "../../../core/ir/semantics.ts";
import {
  addLogSums,
  type LogSum,
  NO_TERMS,
  valueOfLogSum,
} from "../math/log_sums.ts";
import type { Code } from "../wasm/function.ts";
import { f64, f64x2 } from "../wasm/instructions.ts";
import type { F64, I32, Local, V128, Value } from "../wasm/value.ts";
import type { LaneCount } from "./lanes.ts";
import { combine } from "./operations.ts";
import {
  floatOf,
  floatsOf,
  INFINITY_BITS,
  ordered,
  orderedVector,
} from "./ordered_floats.ts";

/** The numbers that a combination is kept as: each a scalar or a vector. */
export type Combined = readonly Local[];

/** A form of combinations. */
export interface Combination {
  /** The dtype of the numbers. */
  readonly dtype: DType;
  /** Those of a combination that never changes another. */
  readonly identity: readonly number[];
  /** Of one value, which has been widened to float64 if the numbers are. */
  of(code: Code, value: Value, lanes: 1 | LaneCount): Combined;
  join(code: Code, x: Combined, y: Combined, lanes: 1 | LaneCount): Combined;
  /** What a combination came to, in the form in which `of` takes values. */
  value(code: Code, x: Combined, lanes: 1 | LaneCount): Value;
}

/** How values of a dtype are combined, step by step. */
export function combinationOf(reducer: Reducer, dtype: DType): Combination {
  if (isFloating(dtype) && dtype !== "float64") {
    if (reducer === "logAddExp") return LOG_SUM;
    if (reducer === "max" || reducer === "min") {
      return extremum(reducer, identityOf(reducer, dtype));
    }
  }
  return plain(reducer, widest(dtype), identityOf(reducer, dtype));
}

function widest(dtype: DType): DType {
  if (dtype === "bool") return dtype;
  if (isFloating(dtype)) return "float64";
  return DTYPES[dtype].kind === "int" ? "int32" : "uint32";
}

function plain(reducer: Reducer, dtype: DType, start: number): Combination {
  return {
    dtype,
    identity: [start],
    of: (code, value) => [code.let(value)],
    join: (code, [x], [y], lanes) => [
      code.let(combine(reducer, dtype, { code, lanes }, [x!, y!])),
    ],
    value: (_code, [x]) => x!,
  };
}

function extremum(reducer: "max" | "min", start: number): Combination {
  const nan = reducer === "max" ? 0x7fffffff : -0x80000000;
  return {
    ...plain(reducer, "int32", start > 0 ? INFINITY_BITS : ~INFINITY_BITS),
    of: (code, value, lanes) => [
      lanes > 1 ? orderedVector(code, value, nan) : ordered(code, value, nan),
    ],
    value: (code, [x], lanes) =>
      lanes > 1 ? floatsOf(x as V128) : floatOf(code, x as I32),
  };
}

const LOG_SUM: Combination = {
  dtype: "float64",
  identity: NO_TERMS,
  of: (code, value, lanes) => [
    code.let(value),
    code.let(lanes > 1 ? f64x2.const(0) : f64.const(0)),
  ],
  join: (code, x, y, lanes) => {
    if (lanes > 1) return addLogSums(code, x as LogSum, y as LogSum);
    return addLogSums(code, inLanes(code, x), inLanes(code, y))
      .map((sum) => code.let(f64x2.extract_lane(sum, 0)));
  },
  value: (code, x, lanes) => {
    if (lanes > 1) return valueOfLogSum(code, x as LogSum);
    const value = code.let(valueOfLogSum(code, inLanes(code, x)));
    return f64x2.extract_lane(value, 0);
  },
};

function inLanes(code: Code, [most, rest]: Combined): LogSum {
  return [
    code.let(f64x2.splat(most as Value as F64)),
    code.let(f64x2.splat(rest as Value as F64)),
  ];
}
