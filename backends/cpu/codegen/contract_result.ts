/**
 * Sums that grow where they are stored in the end: possible where the result is
 * nothing but the sums, and whole vectors of it lie at even distances.
 */

import { DTYPES } from "../../../core/dtype.ts";
import { type Index, Loop } from "../../../core/ir/index.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import { evenStride } from "./contract_access.ts";
import type { Plan } from "./contract_plan.ts";
import { bindVector, type Part } from "./contract_positions.ts";
import { sumTypeOf } from "./micro_kernel.ts";
import { bindAll } from "./positions.ts";
import type { Scope } from "./scope.ts";

/** The part of a buffer that holds sums. */
export interface ResultPlace {
  readonly buffer: number;
  readonly offset: Index;
  /** Bytes from one row to the next. */
  readonly apart: number;
}

/** Where the result of a contraction is, if its sums can be added up there. */
export function resultPlace(
  { node, stores }: Contract,
  rows: readonly Axis[],
  columns: readonly Axis[],
  lanes: number,
): ResultPlace | null {
  const [store, ...more] = stores;
  if (!store || more.length > 0 || store.value !== node) return null;
  const { buffer, offset } = store;
  const { bytes } = DTYPES[node.dtype];
  const isPlain = bytes === DTYPES[sumTypeOf(node.dtype)].bytes &&
    offset.terms.every(({ atom }) => atom instanceof Loop);
  const isWhole = columns.at(-1)!.extent % lanes === 0;
  const row = evenStride(store, rows);
  if (!isPlain || !isWhole || row === null) return null;
  return evenStride(store, columns) === 1
    ? { buffer, offset, apart: row * bytes }
    : null;
}

/** The address of the sums of a block in the result. */
export function placeInResult(
  scope: Scope,
  plan: Plan,
  { buffer, offset }: ResultPlace,
  rows: Part,
  vectors: Part,
): I32 {
  const { code } = scope;
  const row = bindAll(scope.child(code), plan.rows.axes, rows.from);
  const first = bindVector(row, plan, vectors.from, { isVector: false });
  const { base, offset: by } = first.address(buffer, offset);
  return code.let(i32.add(base, i32.const(by)));
}
