/**
 * Operations under JAX's names. They are strict: operands have one shape and
 * one dtype, and axes count from 0. The functions of `numpy` are lenient.
 *
 * @module
 */

export { add } from "../../core/ops/addition.ts";
export { div, max, min, mul, neg, sub } from "../../core/ops/arithmetic.ts";
export {
  broadcastInDim,
  sum as reduceSum,
} from "../../core/ops/broadcast_sum.ts";
export { select } from "../../core/ops/compare.ts";
export { concatenate } from "../../core/ops/concatenate.ts";
export { iota, zerosLike } from "../../core/ops/constants.ts";
export { type DotDimensions, dotGeneral } from "../../core/ops/contract.ts";
export {
  cumlogsumexp,
  cummax,
  cummin,
  cumprod,
  cumsum,
} from "../../core/ops/cumulative.ts";
export {
  and,
  type Bitwise,
  not,
  or,
  populationCount,
  shiftLeft,
  shiftRightArithmetic,
  shiftRightLogical,
  xor,
} from "../../core/ops/bits.ts";
export { clamp } from "../../core/ops/clamp.ts";
export {
  bitcastConvertType,
  convertElementType,
} from "../../core/ops/convert.ts";
export {
  exp,
  exp2,
  expm1,
  log,
  log1p,
  logAddExp,
  logistic,
} from "../../core/ops/exponential.ts";
export {
  cbrt,
  integerPow,
  pow,
  rsqrt,
  sqrt,
  square,
} from "../../core/ops/power.ts";
export {
  abs,
  ceil,
  floor,
  isFinite,
  isNan,
  nextafter,
  rem,
  round,
  sign,
} from "../../core/ops/rounding.ts";
export { erf, erfc, erfInv } from "../../core/ops/special.ts";
export {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  sin,
  sinh,
  tan,
  tanh,
} from "../../core/ops/trigonometric.ts";
export {
  argmax,
  argmin,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
} from "../../core/ops/extrema.ts";
export {
  gather,
  type GatherDimensions,
  type GatherMode,
  type GatherOptions,
  scatterAdd,
  type ScatterDimensions,
  type ScatterMode,
  type ScatterOptions,
} from "../../core/ops/gather_scatter.ts";
export { reshape, rev, transpose } from "../../core/ops/layout.ts";
export {
  reduceWindowMax,
  reduceWindowMin,
  reduceWindowSum,
  type WindowOptions,
} from "../../core/ops/reduce_window.ts";
export {
  scatter,
  scatterMax,
  scatterMin,
  scatterMul,
} from "../../core/ops/scatter.ts";
export { pad, type Padding, slice } from "../../core/ops/slice_pad.ts";
export { sort, type SortOptions, topK } from "../../core/ops/sort.ts";
export { split } from "../../core/ops/split.ts";
export {
  allGather,
  axisIndex,
  axisSize,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
} from "../../transforms/collectives.ts";
export { cond, switch } from "../../transforms/cond.ts";
export { map, scan, type ScanOptions } from "../../transforms/scan.ts";
export { stopGradient } from "../../transforms/stop_gradient.ts";
export { foriLoop, whileLoop } from "../../transforms/while.ts";
export { full } from "../numpy/creation.ts";
export * from "./compare.ts";
export * from "./convolution.ts";
export * from "./shape.ts";
