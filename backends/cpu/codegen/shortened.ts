/** Numbers with fewer digits that round to 16 bits as the whole number does. */

import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  select,
  v128,
} from "../wasm/instructions.ts";
import type { F64, I32, V128, Value } from "../wasm/value.ts";
import { narrowMask, vectorConst } from "./lanes.ts";
import type { Operation } from "./operation.ts";

/** The bits of an integer of 32 that a float32 may lack. */
const LOW_BITS = 0x1ff;
const HALF_OF_THEM = 0x100;

/**
 * A float64 as a float32 that rounds to 16 bits as the float64 does: toward
 * zero, with the last bit set if anything was lost. Two roundings to nearest
 * could meet a tie that is none.
 */
export function roundedToOdd(
  { code, lanes }: Pick<Operation, "code" | "lanes">,
  given: Value,
): Value {
  if (lanes > 1) {
    const x = code.let(given as V128);
    const near = code.let(f32x4.demote_f64x2_zero(x));
    const size = code.let(f64x2.abs(x));
    const nearSize = code.let(f64x2.abs(f64x2.promote_low_f32x4(near)));
    const is = (mask: V128) => code.let(narrowMask(code.let(mask)));
    const above = is(f64x2.gt(nearSize, size));
    const below = is(f64x2.lt(nearSize, size));
    const last = v128.and(
      v128.or(above, below),
      vectorConst(code, 1, "int32"),
    );
    return v128.or(i32x4.add(near, above), last);
  }
  const x = code.let(given as F64);
  const near = code.let(f32.demote_f64(x));
  const size = code.let(f64.abs(x));
  const nearSize = code.let(f64.abs(f64.promote_f32(near)));
  const above = code.let(f64.gt(nearSize, size));
  const last = i32.or(above, f64.lt(nearSize, size));
  const bits = i32.sub(i32.reinterpret_f32(near), above);
  return f32.reinterpret_i32(i32.or(bits, last));
}

/**
 * An integer that rounds to bfloat16 as `x` does, and is a float32: where that
 * has not enough bits, the lowest ones only say whether anything is there.
 */
export function shortened(
  { code, lanes }: Pick<Operation, "code" | "lanes">,
  given: Value,
): Value {
  if (lanes > 1) {
    const x = code.let(given as V128);
    const [lows, half, zero] = [LOW_BITS, HALF_OF_THEM, 0].map((n) =>
      vectorConst(code, n, "int32")
    );
    const rest = code.let(v128.and(x, lows!));
    const some = v128.and(i32x4.ne(rest, zero!), half!);
    return v128.or(i32x4.sub(x, rest), some);
  }
  const x = code.let(given as I32);
  const rest = code.let(i32.and(x, i32.const(LOW_BITS)));
  const some = select(rest, i32.const(HALF_OF_THEM), i32.const(0));
  return i32.or(i32.sub(x, rest), some);
}
