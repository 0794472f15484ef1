/** An operation to be written, and the form that its result must have. */

import { type DType, DTYPES } from "../../../core/dtype.ts";
import type { ScalarOp } from "../../../core/ir/scalar.ts";
import type { Code } from "../wasm/function.ts";
import { i32, i32x4 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import { roundToBfloat16, roundToFloat16 } from "./half.ts";
import { type LaneCount, throughVector } from "./lanes.ts";

/** An operation to be written: its arguments are locals or constants. */
export interface Operation {
  readonly op: ScalarOp;
  readonly code: Code;
  /** How many lanes the arguments have; 1 if they are scalars. */
  readonly lanes: 1 | LaneCount;
  readonly args: readonly Value[];
  /** The dtype of the last argument. */
  readonly from: DType;
  /** The dtype of the result. */
  readonly to: DType;
  /** The arguments that are numbers; `null` for the others. */
  readonly known: readonly (number | null)[];
}

/** Rounds or wraps a result to a dtype that is narrower than its form. */
export function fitted(
  { code, lanes, to }: Pick<Operation, "code" | "lanes" | "to">,
  value: Value,
): Value {
  switch (to) {
    case "bfloat16":
    case "float16": {
      const round = to === "float16" ? roundToFloat16 : roundToBfloat16;
      const x = code.let(value);
      if (lanes > 1) return round(code, x as V128);
      return throughVector(code, x, to, (v) => round(code, v));
    }
    case "int8":
    case "int16":
    case "uint8":
    case "uint16": {
      const shift = i32.const(32 - 8 * DTYPES[to].bytes);
      const isSigned = to.startsWith("int");
      if (lanes > 1) {
        const x = i32x4.shl(value as V128, shift);
        return isSigned ? i32x4.shr_s(x, shift) : i32x4.shr_u(x, shift);
      }
      const x = i32.shl(value as I32, shift);
      return isSigned ? i32.shr_s(x, shift) : i32.shr_u(x, shift);
    }
    default:
      return value;
  }
}
