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
  i8x16,
  v128,
} from "../wasm/instructions.ts";
import type {
  Effect,
  F32,
  F64,
  I32,
  Local,
  V128,
  Value,
} from "../wasm/value.ts";
import {
  lane,
  type LaneCount,
  scalarConst,
  type ScalarType,
  vectorConst,
} from "./lanes.ts";
import { fitted } from "./operation.ts";
import { combine } from "./operations.ts";
import {
  floatOf,
  floatsOf,
  INFINITY_BITS,
  ordered,
  orderedVector,
} from "./ordered_floats.ts";

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

  /** Keeps parts in memory. */
  store(
    code: Code,
    parts: Parts,
    { base, offset }: Place,
    wide: boolean,
  ): void {
    parts.forEach((part, i) => {
      const by = offset + 16 * i;
      code.do(
        wide
          ? this.storeVector(base, part as V128, by)
          : storeOf(base, part, by),
      );
    });
  }

  load(code: Code, { base, offset }: Place, wide: boolean): Parts {
    return this.identity(code, wide).map(({ type }, i) => {
      const by = offset + 16 * i;
      return code.let(
        wide ? v128.load(base, by) : loadOf(type as ScalarType, base, by),
      );
    });
  }

  /** With two lanes of 32 bits, vectors fill but half of a register. */
  private storeVector(base: I32, part: V128, by: number): Effect {
    return this.width * this.bytes === 8
      ? v128.store64_lane(base, part, 0, by)
      : v128.store(base, part, by);
  }
}

/** Where parts are kept. */
interface Place {
  readonly base: I32;
  readonly offset: number;
}

function storeOf(base: I32, part: Local, by: number): Effect {
  switch (part.type as ScalarType) {
    case "f64":
      return f64.store(base, part as Value as F64, by);
    case "f32":
      return f32.store(base, part as Value as F32, by);
    case "i32":
      return i32.store(base, part as I32, by);
  }
}

function loadOf(type: ScalarType, base: I32, by: number): Value {
  if (type === "f64") return f64.load(base, by);
  return type === "f32" ? f32.load(base, by) : i32.load(base, by);
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
