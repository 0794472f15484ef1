/** The table through which an array's methods reach the library above. */

import type { ArrayLike, NDArray } from "./array.ts";
import type { DType } from "./dtype.ts";

/** One axis, several, or all (`null`). */
export type Axes = number | readonly number[] | null;

/**
 * What selects elements along one axis: a position, `[]` (all), `[start]`,
 * `[start, stop]`, `[start, stop, step]`, `null` (a new axis), `"..."`, or an
 * integer or boolean array.
 */
export type Indexer =
  | number
  | readonly []
  | readonly [number | null]
  | readonly [number | null, number | null]
  | readonly [number | null, number | null, number]
  | null
  | "..."
  | NDArray;

/** Functional updates of the elements that an index selects. */
export interface IndexUpdater {
  /** The elements. */
  get(): NDArray;
  /** The array with these values there. */
  set(values: ArrayLike): NDArray;
  /** The array with values added there; repeated positions add up. */
  add(values: ArrayLike): NDArray;
  /** The array with the elements there multiplied. */
  mul(values: ArrayLike): NDArray;
  /** As `mul`. */
  multiply(values: ArrayLike): NDArray;
  /** The array with the smaller values there. */
  min(values: ArrayLike): NDArray;
  /** The array with the larger values there. */
  max(values: ArrayLike): NDArray;
}

/** Whether a reduction keeps its axes, with one element each. */
export interface KeepDims {
  /** Keeps them if true. */
  readonly keepdims?: boolean;
}
type Binary = (x: ArrayLike, y: ArrayLike) => NDArray;
type Unary = (x: ArrayLike) => NDArray;
type Reduction = (x: ArrayLike, axis?: Axes, options?: KeepDims) => NDArray;
type Moment = (
  x: ArrayLike,
  axis?: Axes,
  options?: KeepDims & { readonly correction?: number },
) => NDArray;
type Search = (
  x: ArrayLike,
  axis?: number | null,
  options?: KeepDims,
) => NDArray;
type AlongAxis = (x: ArrayLike, axis?: number | null) => NDArray;

/** The functions behind the methods of `NDArray`. */
export interface ArrayMethods {
  readonly add: Binary;
  readonly subtract: Binary;
  readonly multiply: Binary;
  readonly trueDivide: Binary;
  readonly remainder: Binary;
  readonly power: Binary;
  readonly equal: Binary;
  readonly notEqual: Binary;
  readonly greater: Binary;
  readonly greaterEqual: Binary;
  readonly less: Binary;
  readonly lessEqual: Binary;
  readonly negative: Unary;
  readonly absolute: Unary;
  readonly sum: Reduction;
  readonly prod: Reduction;
  readonly mean: Reduction;
  readonly max: Reduction;
  readonly min: Reduction;
  readonly all: Reduction;
  readonly any: Reduction;
  readonly var: Moment;
  readonly std: Moment;
  readonly argmax: Search;
  readonly argmin: Search;
  readonly cumsum: AlongAxis;
  readonly cumprod: AlongAxis;
  readonly sort: AlongAxis;
  readonly argsort: AlongAxis;
  readonly dot: Binary;
  readonly matmul: Binary;
  transpose(x: ArrayLike, axes?: readonly number[]): NDArray;
  reshape(x: ArrayLike, shape: number | readonly number[]): NDArray;
  squeeze(x: ArrayLike, axis?: Axes): NDArray;
  diagonal(
    x: ArrayLike,
    offset?: number,
    axis1?: number,
    axis2?: number,
  ): NDArray;
  clip(
    x: ArrayLike,
    low?: ArrayLike | null,
    high?: ArrayLike | null,
  ): NDArray;
  round(x: ArrayLike, decimals?: number): NDArray;
  astype(x: ArrayLike, dtype: DType): NDArray;
  view(x: ArrayLike, dtype: DType): NDArray;
  slice(x: NDArray, index: readonly Indexer[]): NDArray;
  at(x: NDArray, index: readonly Indexer[]): IndexUpdater;
}

let table: ArrayMethods | null = null;

/** Fills the table; `library/numpy/methods.ts` does so when it is loaded. */
export function installMethods(methods: ArrayMethods): void {
  table = methods;
}

/** The table; empty only while the library itself is being loaded. */
export function methods(): ArrayMethods {
  return table!;
}
