/** Scatters that store, multiply, or keep the smaller or the larger; `scatterAdd` is in `gather_scatter.ts`. */

import type { NDArray } from "../array.ts";
import { known, Linear, type Tangent } from "../primitive.ts";
import {
  gatherOf,
  type ScatterFunction,
  scatterFunction,
  type ScatterInputs,
  type ScatterParams,
} from "./_scatter.ts";
import { addTangents } from "./addition.ts";
import { div, mul } from "./arithmetic.ts";
import { compare, select } from "./compare.ts";
import { fullLike, iota, zerosLike } from "./constants.ts";
import { gather, scatterAdd } from "./gather_scatter.ts";
import { reshape } from "./layout.ts";

export type { ScatterFunction } from "./_scatter.ts";

/**
 * Stores `updates` in the windows of `x` at `indices`, integers whose last axis
 * holds the components of one index. Where windows overlap the last one stays.
 *
 * @throws {ShapeError} If shapes or dtypes do not fit.
 */
export const scatter: ScatterFunction = scatterFunction({
  name: "scatter",
  combine: "set",
  jvp: ([x, indices, updates], [dx, , dUpdates], params) => [
    [scatter(x, indices, updates, params)],
    [scatter(
      dx ?? zerosLike(x),
      indices,
      dUpdates ?? zerosLike(updates),
      params,
    )],
  ],
  transpose: ([ct], [x, indices, updates], params) => {
    const at = known(indices);
    return [
      x instanceof Linear ? scatter(ct, at, zerosLike(updates), params) : null,
      null,
      updates instanceof Linear ? stored(ct, at, updates, params) : null,
    ];
  },
});

/** The cotangents of updates: of those that another one has overwritten, zero. */
function stored(
  ct: NDArray,
  indices: NDArray,
  { aval }: Linear,
  params: ScatterParams,
): NDArray {
  const there = gatherOf(params, ct, aval);
  const gathered = gather(ct, indices, there);
  if (params.uniqueIndices) return gathered;
  // Each element of the updates leaves its number; those found again have stayed.
  const numbers = reshape(iota("int32", [aval.size], 0), aval.shape);
  const nobody = fullLike({ aval: ct.aval.with({ dtype: "int32" }) }, -1);
  const winners = gather(scatter(nobody, indices, numbers, params), indices, {
    ...there,
    fillValue: -1,
  });
  return select(compare("eq", winners, numbers), gathered, zerosLike(gathered));
}

/**
 * Multiplies the windows of `x` at `indices` by `updates`. The derivative with
 * respect to `updates` needs `uniqueIndices`, as in JAX.
 *
 * @throws {ShapeError} If shapes or dtypes do not fit.
 */
export const scatterMul: ScatterFunction = scatterFunction({
  name: "scatter_mul",
  combine: "mul",
  jvp: ([x, indices, updates], [dx, , dUpdates], params) => {
    if (dUpdates && !params.uniqueIndices) {
      throw new TypeError(
        `Cannot differentiate scatter_mul with respect to updates ${updates} ` +
          `whose windows may overlap. Promise uniqueIndices`,
      );
    }
    return [
      [scatterMul(x, indices, updates, params)],
      [addTangents(
        dx && scatterMul(dx, indices, updates, params),
        dUpdates &&
          mul(x, scatterAdd(zerosLike(x), indices, dUpdates, params)),
      )],
    ];
  },
  transpose: ([ct], [x, indices, updates], params) => [
    x instanceof Linear
      ? scatterMul(ct, known(indices), known(updates), params)
      : null,
    null,
    null,
  ],
});

/**
 * Keeps the smaller of the windows of `x` at `indices` and of `updates`. All
 * that equal the result share its derivative.
 *
 * @throws {ShapeError} If shapes or dtypes do not fit.
 */
export const scatterMin: ScatterFunction = scatterFunction({
  name: "scatter_min",
  combine: "min",
  jvp: (inputs, tangents, params) => {
    const out = scatterMin(...inputs, params);
    return [[out], [extremumTangent(out, inputs, tangents, params)]];
  },
});

/**
 * Keeps the larger of the windows of `x` at `indices` and of `updates`. All
 * that equal the result share its derivative.
 *
 * @throws {ShapeError} If shapes or dtypes do not fit.
 */
export const scatterMax: ScatterFunction = scatterFunction({
  name: "scatter_max",
  combine: "max",
  jvp: (inputs, tangents, params) => {
    const out = scatterMax(...inputs, params);
    return [[out], [extremumTangent(out, inputs, tangents, params)]];
  },
});

/** The mean of the tangents of all elements that equal the result. */
function extremumTangent(
  out: NDArray,
  [x, indices, updates]: ScatterInputs,
  [dx, , dUpdates]: readonly [Tangent, Tangent, Tangent],
  params: ScatterParams,
): NDArray {
  const there = gatherOf(params, x, updates);
  const ownShare = indicator(x, out);
  const share = indicator(updates, gather(out, indices, there));
  const count = scatterAdd(ownShare, indices, share, params);
  const own = mul(dx ?? zerosLike(x), ownShare);
  const total = dUpdates
    ? scatterAdd(own, indices, mul(dUpdates, share), params)
    : own;
  return div(total, count);
}

/** 1 where two arrays are equal, else 0. */
function indicator(x: NDArray, y: NDArray): NDArray {
  return select(compare("eq", x, y), fullLike(x, 1), zerosLike(x));
}
