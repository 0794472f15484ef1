/** Instructions of one dtype under common names, on scalars and on vectors. */

import { type DType, DTYPES } from "../../../core/dtype.ts";
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  select,
} from "../wasm/instructions.ts";
import type { I32, Value } from "../wasm/value.ts";
import type { LaneCount } from "./lanes.ts";

type Unary = (x: Value) => Value;
type Binary = (x: Value, y: Value) => Value;

/** Arithmetic and order on values of one form. */
export interface Arithmetic {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly max: Binary;
  readonly min: Binary;
  readonly eq: Binary;
  readonly ne: Binary;
  readonly lt: Binary;
  readonly le: Binary;
  readonly gt: Binary;
  readonly ge: Binary;
}

/** What only floats have. */
export interface FloatArithmetic extends Arithmetic {
  readonly div: Binary;
  readonly abs: Unary;
  readonly neg: Unary;
  readonly floor: Unary;
  readonly ceil: Unary;
  readonly nearest: Unary;
  readonly sqrt: Unary;
}

const SIGNED = {
  add: i32.add,
  sub: i32.sub,
  mul: i32.mul,
  max: (x: I32, y: I32) => select(i32.gt_s(x, y), x, y),
  min: (x: I32, y: I32) => select(i32.lt_s(x, y), x, y),
  eq: i32.eq,
  ne: i32.ne,
  lt: i32.lt_s,
  le: i32.le_s,
  gt: i32.gt_s,
  ge: i32.ge_s,
};

const UNSIGNED = {
  ...SIGNED,
  max: (x: I32, y: I32) => select(i32.gt_u(x, y), x, y),
  min: (x: I32, y: I32) => select(i32.lt_u(x, y), x, y),
  lt: i32.lt_u,
  le: i32.le_u,
  gt: i32.gt_u,
  ge: i32.ge_u,
};

const SIGNED_VECTOR = {
  add: i32x4.add,
  sub: i32x4.sub,
  mul: i32x4.mul,
  max: i32x4.max_s,
  min: i32x4.min_s,
  eq: i32x4.eq,
  ne: i32x4.ne,
  lt: i32x4.lt_s,
  le: i32x4.le_s,
  gt: i32x4.gt_s,
  ge: i32x4.ge_s,
};

/** Of masks, too: all ones are more than none. */
const UNSIGNED_VECTOR = {
  ...SIGNED_VECTOR,
  max: i32x4.max_u,
  min: i32x4.min_u,
  lt: i32x4.lt_u,
  le: i32x4.le_u,
  gt: i32x4.gt_u,
  ge: i32x4.ge_u,
};

/** The arithmetic of a dtype; floats of 16 bits compute as float32. */
export function arithmeticOf(
  dtype: DType,
  lanes: 1 | LaneCount,
): FloatArithmetic {
  const isVector = lanes > 1;
  // The instructions check their operands' types, which `dtype` decides here.
  const of = (scalar: unknown, vector: unknown) =>
    (isVector ? vector : scalar) as FloatArithmetic;
  switch (DTYPES[dtype].kind) {
    case "float":
      return dtype === "float64" ? of(f64, f64x2) : of(f32, f32x4);
    case "int":
      return of(SIGNED, SIGNED_VECTOR);
    default:
      return of(UNSIGNED, UNSIGNED_VECTOR);
  }
}
