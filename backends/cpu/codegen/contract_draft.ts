/**
 * A contraction before it is cut into blocks: which side runs in vectors, and
 * what is read where it lies.
 */

import { DTYPES } from "../../../core/dtype.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf, strideOf } from "./axes.ts";
import { gatheredOf, isCrowded, type Side, sideOf } from "./contract_access.ts";
import { draftCost } from "./contract_cost.ts";
import { type InnerCut, innerCutOf } from "./contract_cuts.ts";
import { type ResultPlace, resultPlace } from "./contract_result.ts";
import { type SumType, sumTypeOf } from "./micro_kernel.ts";

/** Rows that are multiplied by so few columns are gathered rather than packed. */
const FEW_COLUMNS = 128;

/** What is decided before a contraction is cut into blocks. */
export interface Draft {
  readonly type: SumType;
  readonly lanes: 2 | 4;
  readonly batch: readonly Axis[];
  readonly rows: Side;
  readonly columns: Side;
  readonly inner: InnerCut;
  /** Where sums could be added up, if that is where they are stored. */
  readonly result: ResultPlace | null;
  /** Rough nanoseconds of the whole contraction. */
  readonly cost: number;
}

/** The cheaper of the two choices of columns, of those that are possible. */
export function draftOf(kernel: Contract): Draft | null {
  const drafts = [false, true].flatMap((isSwapped) =>
    draftWith(kernel, isSwapped) ?? []
  );
  const [first, second] = drafts;
  if (!first) return null;
  return uncrowded(second && second.cost < first.cost ? second : first);
}

function draftWith(kernel: Contract, isSwapped: boolean): Draft | null {
  const { node, stores, buffers } = kernel;
  const type = sumTypeOf(node.dtype);
  const lanes = type === "float64" ? 2 : 4;
  const { indices } = anatomyOf(kernel);
  const inner = innerCutOf(mergedAxes(node.inner, indices));
  const operands = [
    { operand: node.left, loops: kernel.rows },
    { operand: node.right, loops: kernel.columns },
  ];
  if (isSwapped) operands.reverse();
  const [left, right] = operands.map(({ operand, loops }) =>
    sideOf(operand, mergedAxes(loops, indices), inner, buffers.length)
  ) as [Side, Side];
  const last = right.axes.at(-1);
  if (!last || last.extent < lanes) return null;
  const draft = {
    type,
    lanes,
    batch: mergedAxes(kernel.batch, indices),
    rows: asRows(left, inner, sizeOf(right.axes)),
    columns: asColumns(right, inner, { bytes: DTYPES[type].bytes, lanes }),
    inner,
    result: resultPlace(kernel, left.axes, right.axes, lanes),
  } as const;
  return { ...draft, cost: draftCost(draft, stores.map((s) => s.offset)) };
}

/** Rows are read number by number. */
function asRows(side: Side, inner: InnerCut, columns: number): Side {
  if (side.direct || columns > FEW_COLUMNS) return side;
  return { ...side, gathered: gatheredOf(side.node, inner) };
}

/** Columns are read in vectors, which must be whole and of neighbours. */
function asColumns(
  side: Side,
  inner: InnerCut,
  vector: { readonly bytes: number; readonly lanes: number },
): Side {
  const { node, axes, direct } = side;
  const last = axes.at(-1)!;
  const isWhole = last.extent % vector.lanes === 0;
  if (isWhole && direct?.outer === vector.bytes) return side;
  const areNeighbours = node.op === "load" && strideOf(node.offset, last) === 1;
  const gathered = areNeighbours ? gatheredOf(node, inner) : null;
  return { ...side, direct: null, gathered };
}

/** Packs rows that do not find places in the first cache: they are read for each tile beside them. */
function uncrowded(draft: Draft): Draft {
  const { rows, columns, inner } = draft;
  const isForFew = sizeOf(columns.axes) <= FEW_COLUMNS;
  if (!rows.direct || isForFew) return draft;
  return isCrowded(rows.direct.inner, inner.depth)
    ? { ...draft, rows: { ...rows, direct: null } }
    : draft;
}

/** All nodes and indices of a contraction. */
export function anatomyOf({ node, stores }: Contract): Anatomy {
  const anatomy = new Anatomy();
  anatomy.addNode(node);
  for (const { offset, value } of stores) {
    anatomy.addIndex(offset);
    anatomy.addNode(value);
  }
  return anatomy;
}
