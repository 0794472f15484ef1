/** Where a contraction keeps what it works with. */

import { DTYPES } from "../../../core/dtype.ts";
import { UNIT } from "../layout.ts";
import { sizeOf } from "./axes.ts";
import { packedColumns, packedRows } from "./contract_packing.ts";
import type { PaddedCopy } from "./contract_padding.ts";
import type { CutSide, Plan } from "./contract_plan.ts";
import { LIST_ENTRY, type Spacing, VECTOR } from "./micro_kernel.ts";

/** What one operand needs; addresses are relative to their kind of memory. */
export interface SideMemory {
  /** How elements lie in a packed block, and its bytes. */
  readonly spacing: Spacing;
  readonly bytes: number;
  /** Scratch memory of a packed block, or of the addresses of rows or vectors. */
  readonly scratch: number;
  /** Workspace of blocks that are packed ahead, and of distances. */
  readonly ahead: number;
  readonly distances: number;
}

/** Bytes of the workspace and of scratch memory, and what lies where. */
export interface Memory {
  readonly rows: SideMemory;
  readonly columns: SideMemory;
  /** Sums that do not grow in the result: in the workspace if they are partial, else in scratch memory. */
  readonly sums: number;
  readonly workspace: number;
  readonly scratch: number;
}

/** Lays out the workspace and the scratch memory. */
export function memoryOf(plan: Plan, copies: readonly PaddedCopy[]): Memory {
  const [workspace, scratch] = [new Region(), new Region()];
  const { bytes } = DTYPES[plan.type];
  // Copies first: that is where they were said to be.
  workspace.take(copies.reduce((n, { size }) => n + size, 0) * bytes);
  const { chunks: { count }, results } = plan;
  const partial = sumsBytes(plan);
  const sums = count > 1
    ? workspace.take(count * results * partial)
    : scratch.take(partial);
  return {
    rows: sideMemory(plan, plan.rows, packedRows(plan), workspace, scratch),
    columns: sideMemory(
      plan,
      plan.columns,
      packedColumns(plan),
      workspace,
      scratch,
    ),
    sums,
    workspace: workspace.bytes,
    scratch: scratch.bytes,
  };
}

/** Bytes from one row of sums to the next. */
export function sumsRow({ columns, result }: Plan): number {
  return result?.apart ?? columns.cut.size * VECTOR;
}

/** Bytes of a block of sums that are not where they are stored in the end. */
export function sumsBytes(plan: Plan): number {
  return plan.result ? 0 : plan.rows.cut.size * sumsRow(plan);
}

function sideMemory(
  { batch, inner }: Plan,
  { cut, packing, gathered }: CutSide,
  spacing: Spacing,
  workspace: Region,
  scratch: Region,
): SideMemory {
  const bytes = Math.max(cut.size * spacing.outer, inner.depth * spacing.inner);
  const blocks = sizeOf(batch) * cut.count * inner.blocks;
  const list = cut.size * LIST_ENTRY;
  const inScratch = packing === "inside" ? bytes : gathered ? list : 0;
  const distances = inner.blocks * inner.depth * LIST_ENTRY;
  return {
    spacing,
    bytes,
    scratch: scratch.take(inScratch),
    ahead: workspace.take(packing === "ahead" ? blocks * bytes : 0),
    distances: workspace.take(gathered ? distances : 0),
  };
}

/** Memory that is given out piece by piece. */
class Region {
  bytes = 0;

  take(bytes: number): number {
    const start = this.bytes;
    this.bytes += Math.ceil(bytes / UNIT) * UNIT;
    return start;
  }
}
