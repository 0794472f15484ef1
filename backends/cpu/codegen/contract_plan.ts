/**
 * How a contraction is cut: which side runs in vectors, what is read where it
 * lies and what is packed first, and how large blocks are.
 *
 * A work item is a block of the result, small enough that its sums and the
 * operands of one block of the inner loops stay in the second cache.
 */

import type { Contract } from "../../../core/ir/kernel.ts";
import { Loop } from "../../../core/ir/index.ts";
import type { LoadNode, Node } from "../../../core/ir/scalar.ts";
import { DTYPES } from "../../../core/dtype.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf, strideOf } from "./axes.ts";
import {
  type SumType,
  sumTypeOf,
  TILE_ROWS,
  TILE_VECTORS,
} from "./micro_kernel.ts";

/** Positions of the inner loops for which operands are packed together. */
const INNER_BLOCK = 320;
/** Rows of a block: the more, the rarer are the columns packed. */
const ROW_BLOCK = 384;
/** Elements of the columns of a block, and of its sums. */
const BLOCK_ELEMENTS = 1 << 15;
/** The same where all is to stay in the first cache, and the fewest columns worth it. */
const NEAR_ELEMENTS = 1 << 13;
const NEAR_COLUMNS = 32;
/** Nanoseconds of a product in a whole tile. */
const PRODUCT = 0.03;
/** Nanoseconds of work that an item should have, unless it is a whole block. */
const ITEM_COST = 20_000;
/** Products per sum that a chunk of the inner loops should have. */
const CHUNK = 512;
/** Bytes of operands that may be packed before all items. */
const AHEAD_BYTES = 1 << 25;
/** Rows that are multiplied by so few columns are gathered rather than packed. */
const FEW_COLUMNS = 128;
/** So many elements that compete for places still find some. */
const CROWD = 8;
/** Items that keep several threads busy to the end. */
const ENOUGH_ITEMS = 64;

/** A count that is cut into parts of one size; the last may be smaller. */
export interface Cut {
  readonly total: number;
  readonly size: number;
  readonly count: number;
}

/**
 * Where an operand is packed: not at all, by each item that needs it, or once,
 * before all items.
 */
export type Packing = "none" | "inside" | "ahead";

/** One of the two operands. */
export interface Side {
  readonly node: Node;
  /** The axes of the result that it has for itself. */
  readonly axes: readonly Axis[];
  /** How many bytes apart its elements are, if it is read where it lies. */
  readonly direct: {
    readonly load: LoadNode;
    readonly outer: number;
    readonly inner: number;
  } | null;
  /** What is loaded, if it is read where it lies at distances that are listed. */
  readonly gathered: LoadNode | null;
}

/** An operand, how it is cut into blocks and where they are packed. */
export interface CutSide extends Side {
  readonly cut: Cut;
  readonly packing: Packing;
}

/** The inner axes: those before `at` are fixed in a block, `at` is cut, the rest is whole. */
export interface InnerCut {
  readonly axes: readonly Axis[];
  readonly at: number;
  readonly cut: Cut;
  /** Blocks over all axes. */
  readonly blocks: number;
  /** Products per sum in a whole block. */
  readonly depth: number;
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
  return best.cost < limit ? cutUp(best) : null;
}

/** Rough nanoseconds of the contraction as a nest that reads operands in place. */
export function nestCost({ batch, rows, columns, node }: Contract): number {
  const [m, n] = [sizeOf(rows), sizeOf(columns)];
  // Each element of an operand is used once: moving it first only costs.
  if (m === 1 || n === 1) return 0;
  const { left, right } = node;
  const hasBounds = [left, right].some((x) =>
    x.op === "load" && x.bounds.length > 0
  );
  const perProduct = (Math.min(m, n) < 4 ? 0.2 : 0.09) +
    0.03 * (left.cost + right.cost) +
    (hasBounds ? 0.2 : 0);
  return sizeOf([...batch, ...rows, ...columns, ...node.inner]) * perProduct;
}

interface Draft {
  readonly type: SumType;
  readonly lanes: 2 | 4;
  readonly batch: readonly Axis[];
  readonly rows: Side;
  readonly columns: Side;
  readonly inner: InnerCut;
  /** Rough nanoseconds of the whole contraction. */
  readonly cost: number;
}

function draftOf(
  kernel: Contract,
  type: SumType,
  lanes: 2 | 4,
  isSwapped: boolean,
): Draft | null {
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
  return { ...draft, cost: costOf(draft, offsets) };
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

// Sides

/** `copies` is the number of the buffer that holds copies: they need lists. */
function sideOf(
  node: Node,
  axes: readonly Axis[],
  inner: InnerCut,
  copies: number,
): Side {
  const isCopy = node.op === "load" && node.buffer === copies;
  const direct = isCopy ? null : directOf(node, axes, inner);
  return { node, axes, direct, gathered: null };
}

/** Whether an operand is a load of neighbours as they are multiplied, at any place. */
function isPlainLoad(node: Node): node is LoadNode {
  return node.op === "load" && node.bounds.length === 0 &&
    ["float32", "float64", "int32", "uint32"].includes(node.dtype) &&
    node.offset.terms.every(({ atom }) => atom instanceof Loop);
}

function directOf(
  node: Node,
  axes: readonly Axis[],
  inner: InnerCut,
): Side["direct"] {
  if (!isPlainLoad(node)) return null;
  const { bytes } = DTYPES[node.dtype];
  const outer = evenStride(node, axes);
  const along = evenStride(node, inner.axes.slice(inner.at));
  if (outer === null || along === null) return null;
  if (along !== 0 && conflicts(along * bytes)) return null;
  return { load: node, outer: outer * bytes, inner: along * bytes };
}

function gatheredOf(node: Node, inner: InnerCut): LoadNode | null {
  if (!isPlainLoad(node)) return null;
  const { bytes } = DTYPES[node.dtype];
  const isCrowded = inner.axes.some((axis) => {
    const stride = strideOf(node.offset, axis) * bytes;
    return stride !== 0 && conflicts(stride) && axis.extent > CROWD;
  });
  return isCrowded ? null : node;
}

/** Whether what lies so far apart competes for the same places of caches. */
function conflicts(bytes: number): boolean {
  return bytes % 4096 === 0;
}

/** Whether blocks of an operand are copied. */
function isPacked({ direct, gathered }: Side): boolean {
  return !direct && !gathered;
}

/** The stride of a load in the positions of some axes together, if there is one. */
function evenStride(
  { offset }: LoadNode,
  axes: readonly Axis[],
): number | null {
  const merged = mergedAxes(axes.flatMap((axis) => axis.loops), [offset]);
  if (merged.length > 1) return null;
  const stride = merged[0] ? strideOf(offset, merged[0]) : 0;
  return stride >= 0 ? stride : null;
}

/** How many loads of an operand read neighbours along an axis from far apart. */
export function scatteredLoads(node: Node, axis: Axis): number {
  const anatomy = new Anatomy();
  anatomy.addNode(node);
  return [...anatomy.nodes].filter((n) => {
    if (n.op !== "load") return false;
    const isMoved = axis.loops.some((loop) => n.loops.has(loop));
    return isMoved && Math.abs(strideOf(n.offset, axis)) !== 1;
  }).length;
}

// Inner blocks

function innerCutOf(axes: readonly Axis[]): InnerCut {
  let depth = 1;
  for (let at = axes.length - 1; at >= 0; at--) {
    const { extent } = axes[at]!;
    if (depth * extent > INNER_BLOCK || at === 0) {
      const most = Math.max(1, Math.floor(INNER_BLOCK / depth));
      const cut = cutOf(extent, evenly(extent, most));
      const outer = sizeOf(axes.slice(0, at));
      return {
        axes,
        at,
        cut,
        blocks: outer * cut.count,
        depth: depth * cut.size,
      };
    }
    depth *= extent;
  }
  return { axes, at: 0, cut: cutOf(1, 1), blocks: 1, depth: 1 };
}

export function cutOf(total: number, size: number): Cut {
  return { total, size, count: Math.ceil(total / size) };
}

/** The size of equal parts of at most `most`, each a multiple of `step` but the last. */
function evenly(total: number, most: number, step = 1): number {
  const parts = Math.ceil(total / Math.max(step, most));
  return Math.ceil(total / parts / step) * step;
}

// Costs

/** Nanoseconds to begin and end a tile. */
const TILE_CALL = 8;
/** Vectors that one without another in its tile takes as long as. */
const SINGLE_VECTOR = 1.5;
/** Time of a tile of so many rows, where that of a whole one is 1. */
const TILE_TIMES = [0, 0.45, 0.58, 0.68, 0.74, 0.88, 1];

function costOf(
  { lanes, batch, rows, columns, inner }: Omit<Draft, "cost">,
  offsets: readonly Parameters<typeof strideOf>[0][],
): number {
  const m = sizeOf(rows.axes);
  const vectors = vectorsOf({ columns, lanes });
  const n = (vectors + vectors % TILE_VECTORS * (SINGLE_VECTOR - 1)) * lanes;
  const k = sizeOf(inner.axes);
  const last = columns.axes.at(-1)!;
  const tiles = Math.floor(m / TILE_ROWS) + TILE_TIMES[m % TILE_ROWS]!;
  const products = tiles * TILE_ROWS * n * k * PRODUCT * 4 / lanes;
  const packing = packingCost(columns, inner) * n * k +
    packingCost(rows, inner) * m * k;
  const stores = offsets.reduce(
    (sum, offset) =>
      sum + m * n * (Math.abs(strideOf(offset, last)) === 1 ? 0.15 : 0.8),
    0,
  );
  const calls = Math.ceil(m / TILE_ROWS) * n / lanes / TILE_VECTORS *
    inner.blocks;
  return sizeOf(batch) * (products + packing + stores + calls * TILE_CALL);
}

/** Vectors of columns: the last one of a line may not be whole. */
function vectorsOf(
  { columns, lanes }: Pick<Draft, "columns" | "lanes">,
): number {
  const { extent } = columns.axes.at(-1)!;
  return sizeOf(columns.axes) / extent * Math.ceil(extent / lanes);
}

/** Rough nanoseconds per element. */
function packingCost(side: Side, inner: InnerCut): number {
  if (!isPacked(side)) return 0;
  const { node, axes } = side;
  const along = [axes.at(-1), inner.axes.at(-1)].map((axis) =>
    axis ? scatteredLoads(node, axis) : 0
  );
  return 0.2 + 0.1 * node.cost + 0.3 * Math.min(...along);
}

// Blocks of the result

function cutUp(draft: Draft): Plan {
  const { lanes, batch, rows, columns, inner } = draft;
  const [m, vectors] = [sizeOf(rows.axes), vectorsOf(draft)];
  const wanted = Math.min(ENOUGH_ITEMS, draft.cost / ITEM_COST);
  let rowSize = evenly(m, ROW_BLOCK, TILE_ROWS);
  let columnSize = evenly(
    vectors,
    mostColumns(draft, rowSize) / lanes,
    TILE_VECTORS,
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
    const canCutColumns = columnSize > 2 * TILE_VECTORS;
    const canCutRows = rowSize > 2 * TILE_ROWS;
    if (!canCutColumns && !canCutRows) break;
    const isColumnsTurn = canCutColumns &&
      (!canCutRows || columnSize * lanes >= rowSize);
    if (isColumnsTurn) {
      columnSize = evenly(vectors, columnSize / 2, TILE_VECTORS);
    } else rowSize = evenly(m, rowSize / 2, TILE_ROWS);
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
  };
}

/** Columns of a block: what is packed for few rows should not leave the first cache. */
function mostColumns({ columns, inner }: Draft, rows: number): number {
  const near = NEAR_ELEMENTS / (inner.depth + rows);
  if (isPacked(columns) && near >= NEAR_COLUMNS) return near;
  return BLOCK_ELEMENTS / Math.max(inner.depth, rows);
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
