/**
 * Functions on arrays under NumPy's names: they broadcast, promote dtypes and
 * take negative axes.
 *
 * @module
 */

import "./methods.ts";

export { type ArrayLike, NDArray as Array } from "../../core/array.ts";
export * from "./arithmetic.ts";
export * from "./array.ts";
export * from "./bits.ts";
export * from "./choice.ts";
export * from "./comparison.ts";
export * from "./conversion.ts";
export {
  arange,
  empty,
  emptyLike,
  full,
  fullLike,
  type LikeOptions,
  linspace,
  logspace,
  ones,
  onesLike,
  type RangeOptions,
  type Shape,
  zeros,
  zerosLike,
} from "./creation.ts";
export * from "./cumulative.ts";
export * from "./dtypes.ts";
export * from "./einsum.ts";
export * from "./exponential.ts";
export * from "./hyperbolic.ts";
export { diag, diagonal, take, takeAlongAxis, trace } from "./indexing.ts";
export {
  atleast1d,
  atleast2d,
  columnStack,
  concat,
  concatenate,
  dstack,
  hstack,
  stack,
  vstack,
} from "./join.ts";
export * from "./logic.ts";
export * from "./moments.ts";
export * from "./pad.ts";
export * from "./patterns.ts";
export * from "./power.ts";
export * from "./products.ts";
export {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  countNonzero,
  max,
  min,
  nansum,
  prod,
  ptp,
  type Reduction,
  type ReductionOptions,
  type Search,
  sum,
  type SumOptions,
} from "./reductions.ts";
export * from "./rounding.ts";
export * from "./shape.ts";
export * from "./sorting.ts";
export * from "./split.ts";
export * from "./trigonometric.ts";
