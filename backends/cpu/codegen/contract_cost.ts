/** What contractions cost, in nanoseconds as measured on one machine: decides between plans. */

import type { Index, Loop } from "../../../core/ir/index.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { sizeOf, strideOf } from "./axes.ts";
import { isPacked, scatteredLoads, type Side } from "./contract_access.ts";
import type { InnerCut } from "./contract_cuts.ts";
import type { Draft } from "./contract_draft.ts";
import { TILE_ROWS, tileVectors } from "./micro_kernel.ts";

/** Nanoseconds of a product in a whole tile. */
const PRODUCT = 0.03;
/** Nanoseconds to begin and end a tile. */
const TILE_CALL = 8;
/** Vectors that one without another in its tile takes as long as. */
const SINGLE_VECTOR = 1.5;
/** Time of a tile of so many rows, where that of a whole one is 1. */
const TILE_TIMES = [0, 0.45, 0.58, 0.68, 0.74, 0.88, 1];
/** The same where there are no more rows. */
const FEW_ROWS: Readonly<Record<number, number>> = {
  1: 0.23,
  2: 0.36,
  3: 0.53,
};

/** Rough nanoseconds of a contraction whose results are stored at `offsets`. */
export function draftCost(
  { lanes, batch, rows, columns, inner }: Omit<Draft, "cost">,
  offsets: readonly Index[],
): number {
  const m = sizeOf(rows.axes);
  const vectors = vectorsOf({ columns, lanes });
  const width = tileVectors(m);
  const n = (vectors + vectors % width * (SINGLE_VECTOR - 1)) * lanes;
  const k = sizeOf(inner.axes);
  const last = columns.axes.at(-1)!;
  const tiles = FEW_ROWS[m] ??
    Math.floor(m / TILE_ROWS) + TILE_TIMES[m % TILE_ROWS]!;
  const products = tiles * TILE_ROWS * n * k * PRODUCT * 4 / lanes;
  const packing = packingCost(columns, inner) * n * k +
    packingCost(rows, inner) * m * k;
  const stores = offsets.reduce(
    (sum, offset) =>
      sum + m * n * (Math.abs(strideOf(offset, last)) === 1 ? 0.15 : 0.8),
    0,
  );
  const calls = Math.ceil(m / TILE_ROWS) * n / lanes / width *
    inner.blocks;
  return sizeOf(batch) * (products + packing + stores + calls * TILE_CALL);
}

/** Vectors of columns: the last one of a line may not be whole. */
export function vectorsOf(
  { columns, lanes }: Pick<Draft, "columns" | "lanes">,
): number {
  const { extent } = columns.axes.at(-1)!;
  return sizeOf(columns.axes) / extent * Math.ceil(extent / lanes);
}

/** Rough nanoseconds to pack an element. */
function packingCost(side: Side, inner: InnerCut): number {
  if (!isPacked(side)) return 0;
  const { node, axes } = side;
  const along = [axes.at(-1), inner.axes.at(-1)].map((axis) =>
    axis ? scatteredLoads(node, axis) : 0
  );
  return 0.2 + 0.1 * node.cost + 0.3 * Math.min(...along);
}

/** Rough nanoseconds of the contraction as a nest that reads operands in place. */
export function nestCost({ batch, rows, columns, node }: Contract): number {
  const [m, n] = [sizeOf(rows), sizeOf(columns)];
  const { left, right } = node;
  const hasBounds = [left, right].some((x) =>
    x.op === "load" && x.bounds.length > 0
  );
  // Elements are used once, but for those of windows: moving them only costs.
  if ((m === 1 || n === 1) && !hasBounds) return 0;
  const perProduct = (Math.min(m, n) < 4 ? 0.2 : 0.09) +
    0.03 * (left.cost + right.cost) +
    (hasBounds ? 0.2 : 0);
  const products = sizeOf([...batch, ...rows, ...columns, ...node.inner]);
  return products * perProduct * Math.min(restCost(rows), restCost(columns));
}

/** How much longer lines take whose last elements do not fill a vector. */
function restCost(loops: readonly Loop[]): number {
  const extent = loops.at(-1)?.extent ?? 1;
  return 1 + 3 * (extent % 4) / extent;
}
