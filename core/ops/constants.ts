/** Constants: numbers, filled arrays, ranges. */

import type { NDArray } from "../array.ts";
import { Aval } from "../aval.ts";
import { ConcreteArray } from "../concrete_array.ts";
import type { DType } from "../dtype.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { broadcastInDim } from "./broadcast_sum.ts";

/** A 0-d array; a literal in programs. */
export function scalar(value: number, dtype: DType, weakType = false): NDArray {
  return ConcreteArray.scalar(value, dtype, weakType);
}

/** An array of one repeated number. */
export function full(
  shape: readonly number[],
  value: number,
  dtype: DType,
): NDArray {
  return broadcastInDim(scalar(value, dtype), shape, []);
}

/** A number repeated in the shape and dtype of `x`. */
export function fullLike(x: { readonly aval: Aval }, value: number): NDArray {
  const { shape, dtype, weakType } = x.aval;
  return broadcastInDim(scalar(value, dtype, weakType), shape, []);
}

/** Zeros in the shape and dtype of `x`. */
export function zerosLike(x: { readonly aval: Aval }): NDArray {
  return fullLike(x, 0);
}

type IotaParams = {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly dimension: number;
};

const iotaP: Primitive<readonly [], IotaParams> = {
  name: "iota",
  abstractEval: (_avals, { shape, dtype }) => [Aval.of(shape, dtype)],
  lower: (k, _inputs, { dimension, dtype }) => (index) =>
    k.value(index[dimension]!, dtype),
};

/** Each element's own position along one axis. */
export function iota(
  dtype: DType,
  shape: readonly number[],
  dimension: number,
): NDArray {
  return bind1(iotaP, [], { dtype, shape, dimension });
}
