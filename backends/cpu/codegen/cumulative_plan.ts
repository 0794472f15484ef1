/** How a cumulative kernel is cut into units of work, and what its lanes are. */

import { isFloating } from "../../../core/dtype.ts";
import type { Cumulative } from "../../../core/ir/kernel.ts";
import {
  type Anatomy,
  type Axis,
  mergedAxes,
  sizeOf,
  strideOf,
} from "./axes.ts";

/** Elements of outer axes that one unit handles side by side: a line of float32. */
export const TILE = 16;
/** Elements of a chunk. */
const CHUNK = 1 << 15;
/** Each chunk looks at all before it: more of them would be slower. */
const MAX_CHUNKS = 512;
/** So many units keep all threads busy. */
const MANY_UNITS = 8;
/** Fewer steps than this are taken one by one. */
const SHORT = 8;
/** Steps of a chunk are a multiple of this, so that vectors fit. */
const STEP = 64;

/** The cut of a cumulative kernel. */
export interface CumulativePlan {
  /** The axis of the steps. */
  readonly axis: Axis;
  /** Whether vectors lie along it, and are combined in registers. */
  readonly isAlong: boolean;
  /** The axis whose positions are the lanes otherwise; `null` to go one by one. */
  readonly lanes: Axis | null;
  /** The axes that number the rows. */
  readonly rows: readonly Axis[];
  /** Parts of the lanes. */
  readonly tiles: number;
  /** Parts of the steps, of so many steps each. */
  readonly chunks: number;
  readonly chunkSize: number;
}

/**
 * Decides how to run a kernel. In what order floats are combined depends on
 * shapes and on where results go alone, not on what else is fused: a function
 * gives the same under `jit`.
 */
export function planOf(
  { loops, axis, reducer, store }: Cumulative,
  { indices }: Anatomy,
): CumulativePlan {
  const steps = { loops: [axis], extent: axis.extent };
  const { offset, value: { dtype } } = store;
  // In float64, products of neighbours could overflow where those from the start
  // do not, and logarithms of sums are taken lane by lane.
  const isApt = dtype !== "float64" ||
    (reducer !== "mul" && reducer !== "logAddExp");
  const isAlong = isApt && Math.abs(strideOf(offset, steps)) === 1 &&
    axis.extent >= SHORT;
  const outer = mergedAxes(loops, indices);
  const side = outer.find((a) => strideOf(offset, a) === 1) ?? null;
  const lanes = isAlong ? null : side;
  const count = sizeOf(loops);
  const width = isAlong ? 1 : Math.min(TILE, count);
  const isFew = count < MANY_UNITS * width;
  // Products of chunks could overflow like those of neighbours, of any floats.
  const isCut = isFew && axis.extent * width >= 4 * CHUNK &&
    (reducer !== "mul" || !isFloating(dtype));
  const wanted = Math.max(CHUNK / width, axis.extent / MAX_CHUNKS);
  const chunkSize = isCut
    ? Math.ceil(wanted / STEP) * STEP
    : Math.max(1, axis.extent);
  return {
    axis: steps,
    isAlong,
    lanes,
    rows: outer.filter((a) => a !== lanes),
    tiles: lanes ? Math.ceil(lanes.extent / TILE) : 1,
    chunks: Math.ceil(axis.extent / chunkSize),
    chunkSize,
  };
}
