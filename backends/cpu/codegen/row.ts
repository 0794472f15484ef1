/** Rows of values that a stage keeps in scratch memory for later ones. */

import type { DType } from "../../../core/dtype.ts";
import { f32, f64, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { F32, F64, I32, V128, Value } from "../wasm/value.ts";
import { type Axis, sizeOf } from "./axes.ts";
import { scalarType } from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** Values over some axes, in the form in which the kernel computes with them. */
export class Row {
  private static count = 0;
  private readonly name = `row${Row.count++}`;

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
    const type = scalarType(this.dtype);
    if (!wide) {
      if (type === "f64") return f64.load(base, offset);
      return type === "f32" ? f32.load(base, offset) : i32.load(base, offset);
    }
    if (this.isWide || type === "f64" || scope.form.lanes === 4) {
      const vector = v128.load(base, offset);
      return this.isMask() ? i32x4.neg(vector) : vector;
    }
    const half = v128.load64_zero(base, offset);
    return this.isMask() ? i32x4.neg(half) : half;
  }

  store(scope: Scope, value: Value, wide: boolean): void {
    const { code } = scope;
    const { base, offset } = this.address(scope);
    const type = scalarType(this.dtype);
    if (wide) {
      const plain = code.let(
        this.isMask() ? i32x4.neg(value as V128) : value as V128,
      );
      const isHalf = !this.isWide && type !== "f64" && scope.form.lanes === 2;
      code.do(
        isHalf
          ? v128.store64_lane(base, plain, 0, offset)
          : v128.store(base, plain, offset),
      );
    } else if (type === "f64") code.do(f64.store(base, value as F64, offset));
    else if (type === "f32") code.do(f32.store(base, value as F32, offset));
    else code.do(i32.store(base, value as I32, offset));
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
    return scope.addressAlong(this.name, this.start, strides);
  }
}

function elementBytes(dtype: DType, isWide: boolean): number {
  if (isWide) return 16;
  return scalarType(dtype) === "f64" ? 8 : 4;
}
