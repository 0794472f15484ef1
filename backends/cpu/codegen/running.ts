/**
 * Running combinations: in what form they are kept, and prefixes in registers.
 *
 * Sums, products and logarithms of sums of floats are kept in float64 and
 * rounded for each result, as the interpreter does: errors do not add up. The
 * largest and smallest of short floats are kept as integers in the same order:
 * to compare floats and mind NaN takes the machine several times as long.
 */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Reducer } from "../../../core/ir/scalar.ts";
import { identityOf } from "../../../core/ir/semantics.ts";
import type { Code } from "../wasm/function.ts";
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  i8x16,
  select,
  v128,
} from "../wasm/instructions.ts";
import type { F32, F64, I32, Local, V128, Value } from "../wasm/value.ts";
import { lane, type LaneCount, scalarConst, vectorConst } from "./lanes.ts";
import { fitted } from "./operation.ts";
import { combine } from "./operations.ts";

/** A combination so far: one scalar, or as many vectors as `lanes` values need. */
export type Parts = readonly Local[];

/** How values of one dtype are combined, step by step. */
export class Running {
  /** The dtype in which they are combined. */
  readonly dtype: DType;
  /** Bytes of one combined value. */
  readonly bytes: 4 | 8;
  private readonly isWidened: boolean;
  private readonly isOrdered: boolean;
  /** Values in one vector. */
  private readonly width: LaneCount;

  constructor(
    readonly reducer: Reducer,
    private readonly from: DType,
    private readonly lanes: LaneCount,
  ) {
    this.dtype = runningDType(reducer, from);
    this.bytes = this.dtype === "float64" ? 8 : 4;
    this.isWidened = this.dtype === "float64" && from !== "float64";
    this.isOrdered = this.dtype === "int32" && isFloating(from);
    this.width = this.dtype === "float64" ? 2 : lanes;
  }

  /** What never changes a combination. */
  identity(code: Code, wide: boolean): Parts {
    const value = this.identityValue();
    if (!wide) return [code.let(scalarConst(value, this.dtype))];
    return Array.from(
      { length: this.lanes / this.width },
      () => code.let(vectorConst(code, value, this.dtype)),
    );
  }

  private identityValue(): number {
    const value = identityOf(this.reducer, this.from);
    if (!this.isOrdered) return value;
    return value > 0 ? INFINITY_BITS : ~INFINITY_BITS;
  }

  /** Values as parts. */
  parts(code: Code, value: Value, wide: boolean): Parts {
    if (this.isOrdered) {
      const nan = this.reducer === "max" ? 0x7fffffff : -0x80000000;
      return [
        wide ? orderedVector(code, value, nan) : ordered(code, value, nan),
      ];
    }
    if (!this.isWidened) return [code.let(value)];
    if (!wide) return [code.let(f64.promote_f32(value as F32))];
    const low = code.let(f64x2.promote_low_f32x4(value as V128));
    if (this.lanes === 2) return [low];
    const upper = i8x16.shuffle(value as V128, value as V128, UPPER_HALF);
    return [low, code.let(f64x2.promote_low_f32x4(upper))];
  }

  /** Parts as values of the dtype that they came from. */
  result(code: Code, parts: Parts, wide: boolean): Value {
    const to = this.from;
    const lanes = wide ? this.lanes : 1;
    return code.let(
      fitted({ code, lanes, to }, this.narrowed(code, parts, wide)),
    );
  }

  private narrowed(code: Code, [low, high]: Parts, wide: boolean): Value {
    if (this.isOrdered) {
      return wide ? floatsOf(low as V128) : floatOf(code, low as I32);
    }
    if (!this.isWidened) return low!;
    if (!wide) return f32.demote_f64(low as F64);
    const first = f32x4.demote_f64x2_zero(low as V128);
    if (!high) return first;
    const second = f32x4.demote_f64x2_zero(high as V128);
    return i8x16.shuffle(first, second, LOWER_HALVES);
  }

  combine(code: Code, x: Parts, y: Parts, wide: boolean): Parts {
    return x.map((part, i) => this.join(code, part, y[i]!, wide));
  }

  private join(code: Code, x: Value, y: Value, wide: boolean): Local {
    const lanes = wide ? this.width : 1;
    return code.let(combine(this.reducer, this.dtype, { code, lanes }, [x, y]));
  }

  /** Combines each lane with those before it, or after it if `reverse`. */
  prefixes(code: Code, parts: Parts, reverse: boolean): Parts {
    const prefixes = parts.map((part) => this.prefix(code, part, reverse));
    const [first, second] = reverse ? prefixes.toReversed() : prefixes;
    if (!second) return [first!];
    const rest = this.join(
      code,
      this.last(code, first!, reverse),
      second,
      true,
    );
    return reverse ? [rest, first!] : [first!, rest];
  }

  /** The combination of all lanes, in all lanes of all parts, of their prefixes. */
  total(code: Code, prefixes: Parts, reverse: boolean): Parts {
    const last = reverse ? prefixes[0]! : prefixes.at(-1)!;
    const total = this.last(code, last, reverse);
    return prefixes.map(() => total);
  }

  private prefix(code: Code, part: Local, reverse: boolean): Local {
    let x = part;
    for (let by = 1; by < this.width; by *= 2) {
      const none = vectorConst(code, this.identityValue(), this.dtype);
      const moved = code.let(
        i8x16.shuffle(none, x as V128, this.moveBy(reverse ? -by : by)),
      );
      x = this.join(code, x, moved, true);
    }
    return x;
  }

  private last(code: Code, part: Local, reverse: boolean): Local {
    const from = (reverse ? 0 : this.width - 1) * this.bytes;
    const order = Array.from({ length: 16 }, (_, b) => from + b % this.bytes);
    return code.let(i8x16.shuffle(part as V128, part as V128, order));
  }

  /** The bytes of a second vector `by` lanes further, those of a first one where there are none. */
  private moveBy(by: number): readonly number[] {
    return Array.from({ length: 16 }, (_, byte) => {
      const from = Math.floor(byte / this.bytes) - by;
      if (from < 0 || from >= this.width) return byte;
      return 16 + from * this.bytes + byte % this.bytes;
    });
  }

  /** The combination of the lanes of some parts, as a scalar. */
  across(code: Code, parts: Parts): Parts {
    const total = this.total(code, this.prefixes(code, parts, false), false);
    return this.firstLane(code, total);
  }

  firstLane(code: Code, [part]: Parts): Parts {
    return [code.let(lane(part as V128, 0, this.dtype))];
  }
}

const UPPER_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const LOWER_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

function runningDType(reducer: Reducer, dtype: DType): DType {
  if (isFloating(dtype)) {
    const isExact = reducer === "max" || reducer === "min";
    return isExact && dtype !== "float64" ? "int32" : "float64";
  }
  if (dtype === "bool") return "bool";
  return DTYPES[dtype].kind === "int" ? "int32" : "uint32";
}

const INFINITY_BITS = 0x7f800000;

/**
 * Floats as integers in the same order, -0 below 0: of negative ones all bits
 * but the sign are inverted, which also leads back. NaN becomes `nan`, one of
 * the integers at the ends.
 */
function ordered(code: Code, given: Value, nan: number): Local<"i32"> {
  const x = given as F32;
  const bits = code.let(i32.reinterpret_f32(x));
  const key = i32.xor(bits, magnitudeIfNegative(bits));
  return code.let(select(f32.eq(x, x), key, i32.const(nan)));
}

function magnitudeIfNegative(bits: I32): I32 {
  return i32.shr_u(i32.shr_s(bits, i32.const(31)), i32.const(1));
}

/** The least integer is a NaN, too, if its bits are taken as they are. */
function floatOf(code: Code, key: I32): F32 {
  const bits = code.let(i32.xor(key, magnitudeIfNegative(key)));
  return f32.reinterpret_i32(bits);
}

function orderedVector(code: Code, given: Value, nan: number): Local<"v128"> {
  const x = given as V128;
  const key = v128.xor(x, magnitudesIfNegative(x));
  const none = code.fn.constant(v128.const([nan, nan, nan, nan]));
  return code.let(v128.bitselect(key, none, f32x4.eq(x, x)));
}

function magnitudesIfNegative(bits: V128): V128 {
  return i32x4.shr_u(i32x4.shr_s(bits, i32.const(31)), i32.const(1));
}

function floatsOf(key: V128): V128 {
  return v128.xor(key, magnitudesIfNegative(key));
}
