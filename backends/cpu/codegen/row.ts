/** Rows of values that a stage keeps in scratch memory for later ones. */

import type { DType } from "../../../core/dtype.ts";
import { f32, f64, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { Effect, F32, F64, I32, V128, Value } from "../wasm/value.ts";
import { type Axis, sizeOf } from "./axes.ts";
import { fromLanes, lane, scalarType } from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** Values over some axes, in the form in which the kernel computes with them. */
export class Row {
  constructor(
    private readonly start: I32,
    readonly axes: readonly Axis[],
    private readonly dtype: DType,
    /** Whether each position holds a whole vector, one lane an outer index. */
    readonly isWide: boolean,
  ) {}

  /** Bytes that a row needs. */
  static bytes(axes: readonly Axis[], dtype: DType, isWide: boolean): number {
    return Math.ceil(sizeOf(axes) * elementBytes(dtype, isWide) / 16) * 16 + 16;
  }

  load(scope: Scope, wide: boolean): Value {
    const { base, offset } = this.address(scope);
    if (!wide) return this.loadOne(base, offset);
    const step = this.step(scope);
    const { code, form: { lanes } } = scope;
    if (step !== 1) {
      const apart = step * elementBytes(this.dtype, false);
      return fromLanes(
        code,
        lanes,
        this.dtype,
        (i) => this.loadOne(base, offset + i * apart),
      );
    }
    const isHalf = this.isHalfVector(scope);
    const vector = isHalf
      ? v128.load64_zero(base, offset)
      : v128.load(base, offset);
    return this.isMask() ? i32x4.neg(vector) : vector;
  }

  store(scope: Scope, value: Value, wide: boolean): void {
    const { code, form: { lanes } } = scope;
    const { base, offset } = this.address(scope);
    if (!wide) return code.do(this.storeOne(base, value, offset));
    const step = this.step(scope);
    if (step !== 1) {
      const apart = step * elementBytes(this.dtype, false);
      for (let i = 0; i < lanes; i++) {
        const one = lane(value as V128, i, this.dtype);
        code.do(this.storeOne(base, one, offset + i * apart));
      }
      return;
    }
    const plain = code.let(
      this.isMask() ? i32x4.neg(value as V128) : value as V128,
    );
    code.do(
      this.isHalfVector(scope)
        ? v128.store64_lane(base, plain, 0, offset)
        : v128.store(base, plain, offset),
    );
  }

  private loadOne(base: I32, offset: number): Value {
    const type = scalarType(this.dtype);
    if (type === "f64") return f64.load(base, offset);
    return type === "f32" ? f32.load(base, offset) : i32.load(base, offset);
  }

  private storeOne(base: I32, value: Value, offset: number): Effect {
    const type = scalarType(this.dtype);
    if (type === "f64") return f64.store(base, value as F64, offset);
    return type === "f32"
      ? f32.store(base, value as F32, offset)
      : i32.store(base, value as I32, offset);
  }

  /** How many elements further the next lane's is. */
  private step(scope: Scope): number {
    if (this.isWide) return 1;
    const at = this.axes.findIndex((axis) =>
      scope.homes.positionOf(axis).isVector
    );
    return sizeOf(this.axes.slice(at + 1));
  }

  /** Two lanes of 32 bits. */
  private isHalfVector({ form }: Scope): boolean {
    return !this.isWide && scalarType(this.dtype) !== "f64" &&
      form.lanes === 2;
  }

  /** Bools are kept as 0 and 1, which scalars and vectors both understand. */
  private isMask(): boolean {
    return this.dtype === "bool" && !this.isWide;
  }

  private address(scope: Scope) {
    let stride = elementBytes(this.dtype, this.isWide);
    const strides = this.axes.toReversed().map((axis) => {
      const own = { axis, stride };
      stride *= axis.extent;
      return own;
    });
    return scope.addressAlong(this.start, strides);
  }
}

function elementBytes(dtype: DType, isWide: boolean): number {
  if (isWide) return 16;
  return scalarType(dtype) === "f64" ? 8 : 4;
}
