/** Running combinations in registers and in memory, and prefixes of them. */

import type { DType } from "../../../core/dtype.ts";
import type { Reducer } from "../../../core/ir/scalar.ts";
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
  type Combination,
  combinationOf,
  type Combined,
} from "./combination.ts";
import {
  lane,
  type LaneCount,
  scalarConst,
  type ScalarType,
  splat,
  vectorConst,
} from "./lanes.ts";
import { fitted } from "./operation.ts";

/** A combination so far: one of scalars, or as many of vectors as `lanes` values need. */
export type Parts = readonly Combined[];

/** How values of one dtype are combined, step by step. */
export class Running {
  /** Bytes of one combination. */
  readonly bytes: number;
  private readonly combination: Combination;
  private readonly isWidened: boolean;
  /** Values in one vector. */
  private readonly width: LaneCount;
  /** Bytes of one of the numbers of a combination. */
  private readonly numberBytes: 4 | 8;

  constructor(
    reducer: Reducer,
    private readonly from: DType,
    private readonly lanes: LaneCount,
  ) {
    this.combination = combinationOf(reducer, from);
    const { dtype, identity } = this.combination;
    this.numberBytes = dtype === "float64" ? 8 : 4;
    this.bytes = this.numberBytes * identity.length;
    this.isWidened = dtype === "float64" && from !== "float64";
    this.width = dtype === "float64" ? 2 : lanes;
  }

  /** What never changes a combination. */
  identity(code: Code, wide: boolean): Parts {
    const { dtype, identity } = this.combination;
    const one = () =>
      identity.map((value) =>
        code.let(
          wide ? vectorConst(code, value, dtype) : scalarConst(value, dtype),
        )
      );
    return Array.from({ length: wide ? this.lanes / this.width : 1 }, one);
  }

  /** Values as parts. */
  parts(code: Code, value: Value, wide: boolean): Parts {
    return this.widened(code, value, wide).map((part) =>
      this.combination.of(code, part, this.lanesOf(wide))
    );
  }

  private widened(code: Code, value: Value, wide: boolean): readonly Value[] {
    if (!this.isWidened) return [value];
    if (!wide) return [f64.promote_f32(value as F32)];
    const low = f64x2.promote_low_f32x4(value as V128);
    if (this.lanes === 2) return [low];
    const upper = i8x16.shuffle(value as V128, value as V128, UPPER_HALF);
    return [code.let(low), f64x2.promote_low_f32x4(upper)];
  }

  /** Parts as values of the dtype that they came from. */
  result(code: Code, parts: Parts, wide: boolean): Value {
    const values = parts.map((part) =>
      this.combination.value(code, part, this.lanesOf(wide))
    );
    const form = { code, lanes: wide ? this.lanes : 1, to: this.from } as const;
    return code.let(fitted(form, this.narrowed(values, wide)));
  }

  private narrowed([low, high]: readonly Value[], wide: boolean): Value {
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

  private join(
    code: Code,
    x: Combined,
    y: Combined,
    wide: boolean,
  ): Combined {
    return this.combination.join(code, x, y, this.lanesOf(wide));
  }

  private lanesOf(wide: boolean): 1 | LaneCount {
    return wide ? this.width : 1;
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

  private prefix(code: Code, part: Combined, reverse: boolean): Combined {
    const { dtype, identity } = this.combination;
    const none = identity.map((value) => vectorConst(code, value, dtype));
    let x = part;
    for (let by = 1; by < this.width; by *= 2) {
      const order = this.moveBy(reverse ? -by : by);
      const moved = x.map((number, i) =>
        code.let(i8x16.shuffle(none[i]!, number as V128, order))
      );
      x = this.join(code, x, moved, true);
    }
    return x;
  }

  private last(code: Code, part: Combined, reverse: boolean): Combined {
    const bytes = this.numberBytes;
    const from = (reverse ? 0 : this.width - 1) * bytes;
    const order = Array.from({ length: 16 }, (_, b) => from + b % bytes);
    return part.map((number) =>
      code.let(i8x16.shuffle(number as V128, number as V128, order))
    );
  }

  /** The bytes of a second vector `by` lanes further, those of a first one where there are none. */
  private moveBy(by: number): readonly number[] {
    const bytes = this.numberBytes;
    return Array.from({ length: 16 }, (_, byte) => {
      const from = Math.floor(byte / bytes) - by;
      if (from < 0 || from >= this.width) return byte;
      return 16 + from * bytes + byte % bytes;
    });
  }

  /** The combination of the lanes of some parts, as scalars. */
  across(code: Code, parts: Parts): Parts {
    const total = this.total(code, this.prefixes(code, parts, false), false);
    return this.firstLane(code, total);
  }

  firstLane(code: Code, [part]: Parts): Parts {
    const { dtype } = this.combination;
    return [part!.map((number) => code.let(lane(number as V128, 0, dtype)))];
  }

  /** Scalars in all lanes. */
  spread(code: Code, [part]: Parts): Parts {
    const { dtype } = this.combination;
    const numbers = part!.map((number) => splat(number, dtype));
    return Array.from(
      { length: this.lanes / this.width },
      () => numbers.map((number) => code.let(number)),
    );
  }

  /** Keeps parts in memory. */
  store(code: Code, parts: Parts, place: Place, wide: boolean): void {
    parts.flat().forEach((number, i) => {
      const { base } = place;
      const by = this.offsetOf(place, i, wide);
      code.do(
        wide
          ? this.storeVector(base, number as V128, by)
          : storeOf(base, number, by),
      );
    });
  }

  load(code: Code, place: Place, wide: boolean): Parts {
    const { base } = place;
    let count = 0;
    return this.identity(code, wide).map((part) =>
      part.map(({ type }) => {
        const by = this.offsetOf(place, count++, wide);
        return code.let(
          wide ? v128.load(base, by) : loadOf(type as ScalarType, base, by),
        );
      })
    );
  }

  /** Where a number is; vectors of them lie one after the other. */
  private offsetOf({ offset }: Place, i: number, wide: boolean): number {
    return offset + i * (wide ? this.width : 1) * this.numberBytes;
  }

  /** With two lanes of 32 bits, vectors fill but half of a register. */
  private storeVector(base: I32, part: V128, by: number): Effect {
    return this.width * this.numberBytes === 8
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
