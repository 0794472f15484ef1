/** Gathering, and adding what is scattered: each is the transpose of the other. */

import type { NDArray } from "../array.ts";
import { known, Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import {
  batchedGather,
  type GatherDimensions,
  gatheredShape,
  type GatherMode,
  type GatherParams,
  gatherSource,
} from "./_gather.ts";
import {
  gatherOf,
  type ScatterFunction,
  scatterFunction,
  scatterOf,
} from "./_scatter.ts";
import { zerosLike } from "./constants.ts";

export type { GatherDimensions, GatherMode } from "./_gather.ts";
export type {
  ScatterDimensions,
  ScatterFunction,
  ScatterMode,
  ScatterOptions,
} from "./_scatter.ts";

const gatherP: Primitive<readonly [NDArray, NDArray], GatherParams> = {
  name: "gather",
  readsManyTimes: true,
  abstractEval: (
    [x, indices],
    params,
  ) => [x.with({ shape: gatheredShape(x, indices, params) })],
  jvp: ([x, indices], [dx], params) => [
    [gather(x, indices, params)],
    [dx && gather(dx, indices, { ...params, fillValue: 0 })],
  ],
  transpose: ([ct], [x, indices], params) => [
    x instanceof Linear
      ? scatterAdd(zerosLike(x), known(indices), ct, scatterOf(params))
      : null,
    null,
  ],
  batch: ([x, indices], mapped, { size }, params) => [
    gather(x, indices, batchedGather(params, mapped, size)),
  ],
  lower: (k, inputs, params, { ins: [x] }) =>
    gatherSource(k, inputs, params, x),
};

/** How a caller describes a gather. */
export type GatherOptions = GatherDimensions & {
  /** `clip` unless given. */
  readonly mode?: GatherMode;
  /** `null`, unless given: NaN, the least signed or the greatest unsigned integer, or true. */
  readonly fillValue?: number | null;
};

/**
 * Windows of `x` at `indices`, integers whose last axis holds the components of
 * one index. Derivatives through a window that is filled are zero.
 *
 * @throws {ShapeError} If a window is larger than the array, or shapes do not fit.
 */
export function gather(
  x: NDArray,
  indices: NDArray,
  options: GatherOptions,
): NDArray {
  const params = { mode: "clip", fillValue: null, ...options } as const;
  return bind1(gatherP, [x, indices], params);
}

/**
 * Adds `updates` to the windows of `x` at `indices`, integers whose last axis
 * holds the components of one index. Windows may overlap.
 *
 * @throws {ShapeError} If shapes or dtypes do not fit.
 */
export const scatterAdd: ScatterFunction = scatterFunction({
  name: "scatter_add",
  combine: "add",
  jvp: ([x, indices, updates], [dx, , dUpdates], params) => [
    [scatterAdd(x, indices, updates, params)],
    [
      dUpdates ? scatterAdd(dx ?? zerosLike(x), indices, dUpdates, params) : dx,
    ],
  ],
  transpose: ([ct], [x, indices, updates], params) => [
    x instanceof Linear ? ct : null,
    null,
    updates instanceof Linear
      ? gather(ct, known(indices), gatherOf(params, ct, updates.aval))
      : null,
  ],
});
