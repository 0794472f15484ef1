/**
 * How a contraction is cut: which side runs in vectors, what is read where it
 * lies and what is packed first, and how large blocks are.
 *
 * A work item is a block of the result, small enough that its sums and the
 * operands of one block of the inner loops stay in the second cache.
 */

import { DTYPES } from "../../../core/dtype.ts";
import type { Loop } from "../../../core/ir/index.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf, strideOf } from "./axes.ts";
import {
  gatheredOf,
  isCrowded,
  isPacked,
  type Side,
  sideOf,
} from "./contract_access.ts";
import { type Draft, draftCost, nestCost, vectorsOf } from "./contract_cost.ts";
import {
  type Cut,
  cutOf,
  evenly,
  type InnerCut,
  innerCutOf,
} from "./contract_cuts.ts";
import { type ResultPlace, resultPlace } from "./contract_result.ts";
import {
  type SumType,
  sumTypeOf,
  TILE_ROWS,
  tileVectors,
} from "./micro_kernel.ts";

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
/** Rows that are multiplied by so few columns are gathered rather than packed. */
const FEW_COLUMNS = 128;
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
export interface Plan {
  readonly type: SumType;
  readonly lanes: 2 | 4;
  readonly batch: readonly Axis[];
  readonly rows: CutSide;
  /** Cut are the vectors of columns, those of each position of the outer axes by themselves. */
  readonly columns: CutSide;
  readonly inner: InnerCut;
  /** How many parts of the blocks of inner loops are added up on their own. */
  readonly chunks: Cut;
  /** Blocks of the result, over batch, rows and columns. */
  readonly results: number;
  /** Rough nanoseconds of a block of the result. */
  readonly cost: number;
  /** Where sums are added up, if that is where they are stored. */
  readonly result: ResultPlace | null;
}

/** The best plan, or `null` if it costs more than `limit`. */
export function planOf(
  kernel: Contract,
  limit: number = nestCost(kernel),
): Plan | null {
  const type = sumTypeOf(kernel.node.dtype);
  const lanes = type === "float64" ? 2 : 4;
  const plans = [false, true].flatMap((isSwapped) => {
    const draft = draftOf(kernel, type, lanes, isSwapped);
    return draft ? [draft] : [];
  });
  const [first, second] = plans;
  if (!first) return null;
  const best = second && second.cost < first.cost ? second : first;
  return best.cost < limit ? cutUp(uncrowded(best)) : null;
}

/** Packs rows that do not find places in the first cache: they are read for each tile beside them. */
function uncrowded(draft: TypedDraft): TypedDraft {
  const { rows, columns, inner } = draft;
  const isForFew = sizeOf(columns.axes) <= FEW_COLUMNS;
  if (!rows.direct || isForFew) return draft;
  return isCrowded(rows.direct.inner, inner.depth)
    ? { ...draft, rows: { ...rows, direct: null } }
    : draft;
}

/** A contraction before it is cut into blocks. */
interface TypedDraft extends Draft {
  readonly type: SumType;
  /** Rough nanoseconds of the whole contraction. */
  readonly cost: number;
  readonly result: ResultPlace | null;
}

function draftOf(
  kernel: Contract,
  type: SumType,
  lanes: 2 | 4,
  isSwapped: boolean,
): TypedDraft | null {
  const { node, stores } = kernel;
  const indices = anatomyOf(kernel).indices;
  const axes = (loops: readonly Loop[]) => mergedAxes(loops, indices);
  const [rowLoops, columnLoops] = isSwapped
    ? [kernel.columns, kernel.rows]
    : [kernel.rows, kernel.columns];
  const [left, right] = isSwapped
    ? [node.right, node.left]
    : [node.left, node.right];
  const inner = innerCutOf(axes(node.inner));
  const copies = kernel.buffers.length;
  const rowAxes = axes(rowLoops);
  const columnAxes = axes(columnLoops);
  const last = columnAxes.at(-1);
  if (!last || last.extent < lanes) return null;
  const rows = sideOf(left, rowAxes, inner, copies);
  const columns = sideOf(right, columnAxes, inner, copies);
  const isWhole = last.extent % lanes === 0;
  const lane = DTYPES[type].bytes;
  const direct = isWhole && columns.direct?.outer === lane
    ? columns.direct
    : null;
  const isNeighbours = right.op === "load" &&
    strideOf(right.offset, last) === 1;
  const gathered = (side: Side) =>
    side.direct ? null : gatheredOf(side.node, inner);
  const draft = {
    type,
    lanes,
    batch: axes(kernel.batch),
    rows: {
      ...rows,
      gathered: sizeOf(columnAxes) <= FEW_COLUMNS ? gathered(rows) : null,
    },
    columns: {
      ...columns,
      direct,
      gathered: isNeighbours ? gathered({ ...columns, direct }) : null,
    },
    inner,
  };
  const offsets = stores.map((s) => s.offset);
  return {
    ...draft,
    cost: draftCost(draft, offsets),
    result: resultPlace(kernel, rowAxes, columnAxes, lanes),
  };
}

export function anatomyOf({ node, stores }: Contract): Anatomy {
  const anatomy = new Anatomy();
  anatomy.addNode(node);
  for (const { offset, value } of stores) {
    anatomy.addIndex(offset);
    anatomy.addNode(value);
  }
  return anatomy;
}

// Blocks of the result

function cutUp(draft: TypedDraft): Plan {
  const { lanes, batch, rows, columns, inner } = draft;
  const [m, vectors] = [sizeOf(rows.axes), vectorsOf(draft)];
  const width = tileVectors(m);
  const wanted = Math.min(ENOUGH_ITEMS, draft.cost / ITEM_COST);
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
  const results = () =>
    sizeOf(batch) * Math.ceil(m / rowSize) * Math.ceil(vectors / columnSize);
  // Blocks that are read where they lie may be small; what is packed is packed
  // for few and large ones, which rather share their inner loops.
  const chunks = isPacked(rows) || isPacked(columns)
    ? Math.ceil(inner.blocks * inner.depth / CHUNK)
    : 1;
  const isEnough = () => {
    const parts = results() * 2 > wanted ? 1 : chunks;
    return results() * parts >= wanted;
  };
  while (!isEnough()) {
    if (rowSize > FEWEST_ROWS) rowSize = evenly(m, rowSize / 2, TILE_ROWS);
    else if (columnSize > 2 * width) {
      columnSize = evenly(vectors, columnSize / 2, width);
    } else break;
  }
  const parts = Math.min(
    inner.blocks,
    results() * 2 > wanted ? 1 : Math.ceil(wanted / results()),
  );
  const cuts = {
    rows: cutOf(m, rowSize),
    columns: cutOf(vectors, columnSize),
  };
  return {
    ...draft,
    rows: {
      ...rows,
      cut: cuts.rows,
      packing: packingOf(draft, rows, m, cuts.columns),
    },
    columns: {
      ...columns,
      cut: cuts.columns,
      packing: packingOf(draft, columns, vectors * lanes, cuts.rows),
    },
    chunks: cutOf(inner.blocks, evenly(inner.blocks, inner.blocks / parts)),
    results: results(),
    cost: draft.cost / results(),
    result: parts === 1 ? draft.result : null,
  };
}

/** Columns of a block: what is packed for few rows should not leave the first cache. */
function mostColumns({ columns, inner }: Draft, rows: number): number {
  const near = NEAR_ELEMENTS / (inner.depth + rows);
  if (isPacked(columns) && near >= NEAR_COLUMNS) return near;
  return Math.min(PANEL_ELEMENTS / inner.depth, BLOCK_ELEMENTS / FEWEST_ROWS);
}

function packingOf(
  { type, batch, inner }: TypedDraft,
  side: Side,
  extent: number,
  others: Cut,
): Packing {
  if (!isPacked(side)) return "none";
  const elements = sizeOf(batch) * extent * inner.blocks * inner.depth;
  const isSmall = elements * DTYPES[type].bytes <= AHEAD_BYTES;
  return others.count > 1 && isSmall ? "ahead" : "inside";
}
