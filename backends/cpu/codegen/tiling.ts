/** How the outer axes of a nest are cut where one of them runs in vectors. */

import { DTYPES } from "../../../core/dtype.ts";
import type { Stage } from "../../../core/ir/kernel.ts";
import { Anatomy, type Axis, strideOf } from "./axes.ts";
import { rootsOf } from "./stages.ts";
import type { LaneCount } from "./lanes.ts";

/** Rough nanoseconds of work between two decisions what comes next. */
const UNIT_COST = 2_000;
/** Sides of a tile where memory is read along one axis and written along another. */
const CROSS_TILE = { vector: 8, other: 16 };

/** Columns that are reduced together: their results stay in the first cache. */
const COLUMNS = 2048;

/** An axis, and how many of its positions a unit of work covers. */
export interface Tile {
  readonly axis: Axis;
  readonly size: number;
  /** How many tiles there are. */
  readonly extent: number;
}

/** The tiles of a unit; the last one's axis is `vector`. */
export function tilingOf(
  stages: readonly Stage[],
  outer: readonly Axis[],
  vector: Axis,
  cost: number,
  lanes: LaneCount,
): readonly Tile[] {
  const across = crossingAxis(stages, outer, vector);
  if (across) {
    return [
      tileOf(across, CROSS_TILE.other),
      tileOf(vector, CROSS_TILE.vector),
    ];
  }
  const step = 4 * lanes;
  return [tileOf(vector, Math.ceil(UNIT_COST / cost / step) * step)];
}

/** The tile of a nest that reduces columns: a row of results for it is kept. */
export function columnTile(vector: Axis): Tile {
  return tileOf(vector, COLUMNS);
}

function tileOf(axis: Axis, wanted: number): Tile {
  const size = Math.min(axis.extent, wanted);
  return { axis, size, extent: Math.ceil(axis.extent / size) };
}

/** An axis along which neighbours are read, if along `vector` they are far apart. */
function crossingAxis(
  stages: readonly Stage[],
  outer: readonly Axis[],
  vector: Axis,
): Axis | null {
  const anatomy = new Anatomy();
  for (const node of stages.flatMap(rootsOf)) anatomy.addNode(node);
  for (const node of anatomy.nodes) {
    if (node.op !== "load") continue;
    const { offset, dtype } = node;
    const isFar =
      Math.abs(strideOf(offset, vector)) * DTYPES[dtype].bytes >= 64;
    const other = outer.find((axis) =>
      axis !== vector && axis.extent > 1 &&
      Math.abs(strideOf(offset, axis)) === 1
    );
    if (isFar && other) return other;
  }
  return null;
}
