/** What is done with the sums of a block: the stores of the contraction. */

import type { Contract } from "../../../core/ir/kernel.ts";
import { f32x4, f64x2, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { I32, V128 } from "../wasm/value.ts";
import { forEach } from "./contract_packing.ts";
import type { Plan } from "./contract_plan.ts";
import { bindRow, bindVector } from "./contract_positions.ts";
import { fitted } from "./operation.ts";
import type { Scope } from "./scope.ts";

/** Bytes of a vector. */
const VECTOR = 16;

/** A block of sums: rows of vectors. */
export interface SumsBlock {
  readonly address: I32;
  readonly firstRow: I32;
  readonly rows: I32;
  readonly firstVector: I32;
  readonly vectors: I32;
}

/** Bytes from one row of sums to the next. */
export function sumsRow({ columns }: Plan): number {
  return columns.cut.size * VECTOR;
}

/** Bytes of a block of sums. */
export function sumsBytes(plan: Plan): number {
  return plan.rows.cut.size * sumsRow(plan);
}

/** Evaluates the stores of a block; `parts` blocks of sums, so far apart, are added up. */
export function storeSums(
  scope: Scope,
  plan: Plan,
  { node, stores }: Contract,
  block: SumsBlock,
  parts: { readonly count: number; readonly apart: number },
): void {
  const store = (place: Scope, row: I32, vector: I32) => {
    const { code, form: { lanes } } = place;
    const at = code.let(i32.add(
      block.address,
      i32.add(
        i32.mul(row, i32.const(sumsRow(plan))),
        i32.mul(vector, i32.const(VECTOR)),
      ),
    ));
    const sum = code.let(addedUp(place, plan, at, parts));
    const value = fitted({ code, lanes, to: node.dtype }, sum);
    place.set(node, code.let(value));
    place.store(stores, true);
  };
  const inRow = (place: Scope, row: I32) =>
    bindRow(place, plan.rows.axes, added(place, block.firstRow, row));
  const inVector = (place: Scope, vector: I32) =>
    bindVector(place, plan, added(place, block.firstVector, vector), {
      isVector: true,
    });
  // Along the axes that take more than one number to find, there are fewer turns.
  if (plan.columns.axes.length === 1) {
    forEach(scope, block.rows, (line, row) => {
      inRow(line, row);
      forEach(line, block.vectors, (place, vector) => {
        store(inVector(place, vector), row, vector);
      });
    });
  } else {
    forEach(scope, block.vectors, (line, vector) => {
      inVector(line, vector);
      forEach(line, block.rows, (place, row) => {
        store(inRow(place, row), row, vector);
      });
    });
  }
}

function added({ code }: Scope, x: I32, y: I32): I32 {
  return code.let(i32.add(x, y));
}

function addedUp(
  scope: Scope,
  { type }: Plan,
  at: I32,
  { count, apart }: { readonly count: number; readonly apart: number },
): V128 {
  const first = v128.load(at);
  if (count === 1) return first;
  const { code } = scope;
  const sum = code.let(first);
  const next = code.let(at);
  forEach(scope, i32.const(count - 1), (place) => {
    place.code.set(next, i32.add(next, i32.const(apart)));
    const add = { float32: f32x4, float64: f64x2, int32: i32x4 }[type].add;
    place.code.set(sum, add(sum, v128.load(next)));
  });
  return sum;
}
