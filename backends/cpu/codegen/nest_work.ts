/** How the outer indices of a nest are cut: into units of work, and these into items. */

import type { Loop } from "../../../core/ir/index.ts";
import type { Stage } from "../../../core/ir/kernel.ts";
import { type Axis, sizeOf } from "./axes.ts";
import { type Columns, columnsOf } from "./columns.ts";
import type { LaneCount } from "./lanes.ts";
import { ITEM_COST } from "./phases.ts";
import { loopsOf } from "./stages.ts";
import { columnTile, type Tile, tilingOf } from "./tiling.ts";
import { vectorChoice } from "./vector_choice.ts";

/** Rough nanoseconds of an addition. */
const ADDITION = 0.3;

/** What is known of a nest. */
export interface NestShape {
  readonly outer: readonly Axis[];
  readonly lanes: LaneCount;
  readonly axesOf: (loops: readonly Loop[]) => readonly Axis[];
}

/** How the indices of a phase are cut: units, some of which are an item. */
export interface Work {
  /** The stages as columns, where lanes are outer indices and they are such. */
  readonly columns: Columns | null;
  readonly tiles: readonly Tile[];
  /** Outer axes that are not in tiles. */
  readonly others: readonly Axis[];
  readonly units: number;
  readonly perItem: number;
  readonly items: number;
  readonly itemCost: number;
  /** Rough nanoseconds of all of it. */
  readonly total: number;
}

/** The cut of stages that run for all outer indices, and in so many chunks each. */
export function workOf(
  stages: readonly Stage[],
  { outer, lanes, axesOf }: NestShape,
  chunks = 1,
): Work {
  const choice = vectorChoice(
    stages,
    outer,
    (stage) => axesOf(loopsOf(stage)),
    lanes,
  );
  const cost = Math.max(choice.cost / chunks, 0.5) * ADDITION;
  const columns = choice.outer && columnsOf(stages, axesOf);
  const tiles = choice.outer
    ? columns
      ? [columnTile(choice.outer)]
      : tilingOf(stages, outer, choice.outer, cost, lanes)
    : [];
  const others = outer.filter((a) => tiles.every((t) => t.axis !== a));
  const units = sizeOf(others) * sizeOf(tiles) * chunks;
  const unitCost = tiles.reduce((c, t) => c * t.size, cost);
  const perItem = Math.max(1, Math.ceil(ITEM_COST / unitCost));
  return {
    columns,
    tiles,
    others,
    units,
    perItem,
    items: Math.ceil(units / perItem),
    itemCost: Math.ceil(Math.min(perItem, units) * unitCost),
    total: units * unitCost,
  };
}
