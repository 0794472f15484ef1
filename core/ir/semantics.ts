/** What each scalar operation means: one table, for folding and for the interpreter. */

import { roundBfloat16 } from "../bfloat16.ts";
import { castValue, wrapInteger } from "../casting.ts";
import { type DType, DTYPES, isFloating } from "../dtype.ts";
import { erf, erfc, erfInv } from "../error_function.ts";
import { iinfo } from "../limits.ts";
import {
  logAddExp,
  logistic,
  nextafter,
  populationCount,
  pow,
  roundHalfEven,
} from "../numerics.ts";
import { readValue, storageOf, writeValue } from "../storage.ts";
import type { Reducer, ScalarOp } from "./scalar.ts";

/** A function on scalars; it reads as many of its arguments as it has. */
export type ScalarFunction = (x: number, y: number, z: number) => number;

/** Operations on numbers, before the result is rounded or wrapped to its dtype. */
const EXACT: Record<Exclude<ScalarOp, keyof typeof BY_DTYPE>, ScalarFunction> =
  {
    sign: (x) => Math.sign(x),
    floor: (x) => Math.floor(x),
    ceil: (x) => Math.ceil(x),
    round: (x) => roundHalfEven(x),
    isFinite: (x) => Number(Number.isFinite(x)),
    isNan: (x) => Number(x !== x),
    neg: (x) => -x,
    abs: (x) => Math.abs(x),
    sqrt: (x) => Math.sqrt(x),
    rsqrt: (x) => 1 / Math.sqrt(x),
    cbrt: (x) => Math.cbrt(x),
    exp: (x) => Math.exp(x),
    exp2: (x) => pow(2, x),
    expm1: (x) => Math.expm1(x),
    log: (x) => Math.log(x),
    log1p: (x) => Math.log1p(x),
    logistic: (x) => logistic(x),
    sin: (x) => Math.sin(x),
    cos: (x) => Math.cos(x),
    tan: (x) => Math.tan(x),
    asin: (x) => Math.asin(x),
    acos: (x) => Math.acos(x),
    atan: (x) => Math.atan(x),
    sinh: (x) => Math.sinh(x),
    cosh: (x) => Math.cosh(x),
    tanh: (x) => Math.tanh(x),
    asinh: (x) => Math.asinh(x),
    acosh: (x) => Math.acosh(x),
    atanh: (x) => Math.atanh(x),
    erf: (x) => erf(x),
    erfc: (x) => erfc(x),
    erfInv: (x) => erfInv(x),
    add: (x, y) => x + y,
    sub: (x, y) => x - y,
    max: (x, y) => Math.max(x, y),
    min: (x, y) => Math.min(x, y),
    pow: (x, y) => pow(x, y),
    atan2: (x, y) => Math.atan2(x, y),
    logAddExp: (x, y) => logAddExp(x, y),
    and: (x, y) => x & y,
    or: (x, y) => x | y,
    xor: (x, y) => x ^ y,
    eq: (x, y) => Number(x === y),
    ne: (x, y) => Number(x !== y),
    lt: (x, y) => Number(x < y),
    le: (x, y) => Number(x <= y),
    gt: (x, y) => Number(x > y),
    ge: (x, y) => Number(x >= y),
    select: (which, x, y) => which ? x : y,
  };

/** Operations whose meaning depends on the dtype of their (last) operand. */
const BY_DTYPE = {
  mul: (dtype: DType): ScalarFunction =>
    isFloating(dtype) ? (x, y) => x * y : (x, y) => Math.imul(x, y),
  // As XLA: a division by zero gives -1, its remainder the dividend.
  div: (dtype: DType): ScalarFunction =>
    isFloating(dtype)
      ? (x, y) => x / y
      : (x, y) => y === 0 ? -1 : Math.trunc(x / y),
  rem: (dtype: DType): ScalarFunction =>
    isFloating(dtype) ? (x, y) => x % y : (x, y) => y === 0 ? x : x % y,
  not: (dtype: DType): ScalarFunction =>
    dtype === "bool" ? (x) => 1 - x : (x) => ~x,
  nextafter: (dtype: DType): ScalarFunction => (x, y) => nextafter(x, y, dtype),
  populationCount: (dtype: DType): ScalarFunction => (x) =>
    populationCount(bitsOf(x, dtype)),
  shiftLeft: (dtype: DType): ScalarFunction => (x, y) =>
    isShiftWithin(y, dtype) ? x << y : 0,
  shiftRightLogical: (dtype: DType): ScalarFunction => (x, y) =>
    isShiftWithin(y, dtype) ? bitsOf(x, dtype) >>> y : 0,
  shiftRightArithmetic: (dtype: DType): ScalarFunction => (x, y) => {
    const width = 8 * DTYPES[dtype].bytes;
    const signed = bitsOf(x, dtype) << (32 - width) >> (32 - width);
    return signed >> (isShiftWithin(y, dtype) ? y : 31);
  },
  cast: (from: DType, to: DType): ScalarFunction =>
    isFloating(from) || to === "bool" || isFloating(to)
      ? (x) => castValue(x, to)
      : (x) => wrapInteger(x, to),
  bitcast: (from: DType, to: DType): ScalarFunction => (x) => {
    writeValue(storageOf(from, scratch, 0, 1), from, 0, x);
    return readValue(storageOf(to, scratch, 0, 1), to, 0);
  },
} satisfies Partial<
  Record<ScalarOp, (operand: DType, result: DType) => ScalarFunction>
>;

const scratch = new ArrayBuffer(8);

/** The bits of an integer as an unsigned one of the same width. */
function bitsOf(x: number, dtype: DType): number {
  const { bytes } = DTYPES[dtype];
  return (bytes === 4 ? x : x & (2 ** (8 * bytes) - 1)) >>> 0;
}

function isShiftWithin(count: number, dtype: DType): boolean {
  return count >= 0 && count < 8 * DTYPES[dtype].bytes;
}

/** Rounds a float, or wraps an integer, to what a dtype can hold. */
export function rounderOf(dtype: DType): (x: number) => number {
  switch (dtype) {
    case "float64":
      return (x) => x;
    case "float32":
      return Math.fround;
    case "float16":
      return (x) => Math.f16round(x);
    case "bfloat16":
      return roundBfloat16;
    case "bool":
      return (x) => x;
    case "int32":
      return (x) => x | 0;
    case "uint32":
      return (x) => x >>> 0;
    default:
      return (x) => wrapInteger(x, dtype);
  }
}

/** The meaning of `op` on operands of one dtype, with its result as it is stored. */
export function scalarFunction(
  op: ScalarOp,
  operand: DType,
  result: DType,
): ScalarFunction {
  if (op === "cast") return BY_DTYPE.cast(operand, result);
  if (op === "bitcast") return BY_DTYPE.bitcast(operand, result);
  const f = op in BY_DTYPE
    ? BY_DTYPE[op as Exclude<keyof typeof BY_DTYPE, "cast" | "bitcast">](
      operand,
    )
    : EXACT[op as keyof typeof EXACT];
  const round = rounderOf(result);
  return (x, y, z) => round(f(x, y, z));
}

/** What a reduction over nothing gives, and what never changes a result. */
export function identityOf(reducer: Reducer, dtype: DType): number {
  switch (reducer) {
    case "add":
    case "or":
      return 0;
    case "mul":
      return 1;
    case "and":
      return dtype === "bool" ? 1 : wrapInteger(-1, dtype);
    case "max":
    case "logAddExp":
      if (dtype === "bool") return 0;
      return isFloating(dtype) ? -Infinity : iinfo(dtype).min;
    case "min":
      if (dtype === "bool") return 1;
      return isFloating(dtype) ? Infinity : iinfo(dtype).max;
    default:
      return reducer satisfies never;
  }
}

/** How a reducer combines two values. Sums of floats are rounded by the caller, once. */
export function combinerOf(reducer: Reducer, dtype: DType): ScalarFunction {
  if (isFloating(dtype)) {
    return reducer === "mul"
      ? (x, y) => x * y
      : EXACT[reducer as keyof typeof EXACT];
  }
  return scalarFunction(reducer, dtype, dtype);
}
