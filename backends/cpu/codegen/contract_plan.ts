/**
 * How a contraction is cut into blocks, how large these are, and which of their
 * operands are packed, and when.
 *
 * A work item is a block of the result, small enough that its sums and the
 * operands of one block of the inner loops stay in the second cache.
 */

import { DTYPES } from "../../../core/dtype.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { sizeOf } from "./axes.ts";
import { isPacked, type Side } from "./contract_access.ts";
import { nestCost, vectorsOf } from "./contract_cost.ts";
import { type Cut, cutOf, evenly } from "./contract_cuts.ts";
import { type Draft, draftOf } from "./contract_draft.ts";
import { TILE_ROWS, tileVectors } from "./micro_kernel.ts";

/** Rows of a block: the more, the rarer are the columns packed. */
const ROW_BLOCK = 384;
const FEWEST_ROWS = 2 * TILE_ROWS;
/**
 * Elements of the columns of a block, and of its sums. Wide blocks read and
 * write in long lines, which are fetched ahead.
 */
const PANEL_ELEMENTS = 1 << 16;
const BLOCK_ELEMENTS = 1 << 15;
/** The same where all is to stay in the first cache, and the fewest columns worth it. */
const NEAR_ELEMENTS = 1 << 13;
const NEAR_COLUMNS = 32;
/** Nanoseconds of work that an item should have, unless it is a whole block. */
const ITEM_COST = 20_000;
/** Products per sum that a chunk of the inner loops should have. */
const CHUNK = 512;
/** Bytes of operands that may be packed before all items. */
const AHEAD_BYTES = 1 << 25;
/** Items that keep several threads busy to the end. */
const ENOUGH_ITEMS = 64;

/**
 * Where an operand is packed: not at all, by each item that needs it, or once,
 * before all items.
 */
export type Packing = "none" | "inside" | "ahead";

/** An operand, how it is cut into blocks and where they are packed. */
export interface CutSide extends Side {
  readonly cut: Cut;
  readonly packing: Packing;
}

/** All decisions about a contraction. */
export interface Plan extends Draft {
  readonly rows: CutSide;
  /** Cut are the vectors of columns, those of each position of the outer axes by themselves. */
  readonly columns: CutSide;
  /** How many parts of the blocks of inner loops are added up on their own. */
  readonly chunks: Cut;
  /** Blocks of the result, over batch, rows and columns. */
  readonly results: number;
  /** Rough nanoseconds of a block of the result. */
  readonly cost: number;
}

/** The best plan, or `null` if it costs more than `limit`. */
export function planOf(
  kernel: Contract,
  limit: number = nestCost(kernel),
): Plan | null {
  const draft = draftOf(kernel);
  return draft && draft.cost < limit ? cutUp(draft) : null;
}

function cutUp(draft: Draft): Plan {
  const { lanes, batch, rows, columns, inner } = draft;
  const wanted = Math.min(ENOUGH_ITEMS, draft.cost / ITEM_COST);
  const cut = blocksOf(draft, wanted);
  const results = sizeOf(batch) * cut.rows.count * cut.columns.count;
  const parts = Math.min(inner.blocks, partsWanted(results, wanted));
  return {
    ...draft,
    rows: {
      ...rows,
      cut: cut.rows,
      packing: packingOf(draft, rows, cut.rows.total, cut.columns),
    },
    columns: {
      ...columns,
      cut: cut.columns,
      packing: packingOf(draft, columns, cut.columns.total * lanes, cut.rows),
    },
    chunks: cutOf(inner.blocks, evenly(inner.blocks, inner.blocks / parts)),
    results,
    cost: draft.cost / results,
    result: parts === 1 ? draft.result : null,
  };
}

/** In how many parts inner loops are cut, so that so many blocks make enough items. */
function partsWanted(results: number, wanted: number): number {
  return results * 2 > wanted ? 1 : Math.ceil(wanted / results);
}

/** Blocks of the result: as large as caches allow, and then as small as threads need. */
function blocksOf(
  draft: Draft,
  wanted: number,
): { readonly rows: Cut; readonly columns: Cut } {
  const { lanes, batch, rows, columns, inner } = draft;
  const [m, vectors] = [sizeOf(rows.axes), vectorsOf(draft)];
  const width = tileVectors(m);
  let columnSize = evenly(
    vectors,
    mostColumns(draft, Math.min(m, ROW_BLOCK)) / lanes,
    width,
  );
  let rowSize = evenly(
    m,
    Math.min(ROW_BLOCK, BLOCK_ELEMENTS / (columnSize * lanes)),
    TILE_ROWS,
  );
  // Blocks that are read where they lie may be small; what is packed is packed
  // for few and large ones, which rather share their inner loops.
  const chunks = isPacked(rows) || isPacked(columns)
    ? Math.ceil(inner.blocks * inner.depth / CHUNK)
    : 1;
  const isEnough = () => {
    const results = sizeOf(batch) * Math.ceil(m / rowSize) *
      Math.ceil(vectors / columnSize);
    return results * (results * 2 > wanted ? 1 : chunks) >= wanted;
  };
  while (!isEnough()) {
    if (rowSize > FEWEST_ROWS) rowSize = evenly(m, rowSize / 2, TILE_ROWS);
    else if (columnSize > 2 * width) {
      columnSize = evenly(vectors, columnSize / 2, width);
    } else break;
  }
  return { rows: cutOf(m, rowSize), columns: cutOf(vectors, columnSize) };
}

/** Columns of a block: what is packed for few rows should not leave the first cache. */
function mostColumns({ columns, inner }: Draft, rows: number): number {
  const near = NEAR_ELEMENTS / (inner.depth + rows);
  if (isPacked(columns) && near >= NEAR_COLUMNS) return near;
  return Math.min(PANEL_ELEMENTS / inner.depth, BLOCK_ELEMENTS / FEWEST_ROWS);
}

function packingOf(
  { type, batch, inner }: Draft,
  side: Side,
  extent: number,
  others: Cut,
): Packing {
  if (!isPacked(side)) return "none";
  const elements = sizeOf(batch) * extent * inner.blocks * inner.depth;
  const isSmall = elements * DTYPES[type].bytes <= AHEAD_BYTES;
  return others.count > 1 && isSmall ? "ahead" : "inside";
}
