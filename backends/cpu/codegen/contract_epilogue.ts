/** What is done with the sums of a block: the stores of the contraction. */

import type { Contract } from "../../../core/ir/kernel.ts";
import { i32, v128 } from "../wasm/instructions.ts";
import type { I32, V128 } from "../wasm/value.ts";
import { forEach } from "./contract_code.ts";
import { sumsRow } from "./contract_memory.ts";
import type { Plan } from "./contract_plan.ts";
import { bindVector } from "./contract_positions.ts";
import type { SumsBlock } from "./contract_tiles.ts";
import { add, VECTOR } from "./micro_kernel.ts";
import { fitted } from "./operation.ts";
import type { Scope } from "./scope.ts";
import { bindAll } from "./positions.ts";

/** Vectors that are stored together: a cache line of float32. */
const GROUP = 4;

/** Blocks of sums that are added up, and how far apart they are. */
interface Parts {
  readonly count: number;
  readonly apart: number;
}

/** Evaluates the stores of a block. */
export function storeSums(
  scope: Scope,
  plan: Plan,
  kernel: Contract,
  block: SumsBlock,
  parts: Parts,
): void {
  const writer = new StoreWriter(plan, kernel, block, parts);
  if (plan.columns.axes.length === 1) writer.rowByRow(scope);
  else writer.groupByGroup(scope);
}

class StoreWriter {
  constructor(
    private readonly plan: Plan,
    private readonly kernel: Contract,
    private readonly block: SumsBlock,
    private readonly parts: Parts,
  ) {}

  rowByRow(scope: Scope): void {
    forEach(scope, this.block.rows.count, (line, row) => {
      this.bindRow(line, row);
      forEach(line, this.block.vectors.count, (place, vector) => {
        this.store(this.bindVector(place, vector), row, vector);
      });
    });
  }

  /**
   * All rows of some vectors, and then the next: it takes a while to find where
   * a vector lies, and rows may be so far apart that few fit into the cache.
   */
  groupByGroup(scope: Scope): void {
    const { count } = this.block.vectors;
    const { code } = scope;
    const vector = code.let(i32.const(0));
    for (const size of [GROUP, 1]) {
      const last = code.let(i32.sub(count, i32.const(size)));
      const place = scope.child();
      this.storeGroup(place, vector, size);
      place.code.set(vector, i32.add(vector, i32.const(size)));
      code.while(() => i32.le_s(vector, last), (c) => c.append(place.code));
    }
  }

  private storeGroup(scope: Scope, first: I32, size: number): void {
    const { code } = scope;
    const lines = Array.from({ length: size }, (_, i) => {
      const vector = code.let(i32.add(first, i32.const(i)));
      const line = this.bindVector(scope.child(code), vector);
      return { vector, line };
    });
    forEach(scope, this.block.rows.count, (place, row) => {
      for (const { vector, line } of lines) {
        const inner = this.bindRow(line.child(place.code), row);
        this.store(inner, row, vector);
      }
    });
  }

  private bindRow(place: Scope, row: I32): Scope {
    const { from } = this.block.rows;
    const at = place.code.let(i32.add(from, row));
    return bindAll(place, this.plan.rows.axes, at);
  }

  private bindVector(place: Scope, vector: I32): Scope {
    const { from } = this.block.vectors;
    const at = place.code.let(i32.add(from, vector));
    return bindVector(place, this.plan, at, { isVector: true });
  }

  /** Evaluates the stores for one vector of a row. */
  private store(place: Scope, row: I32, vector: I32): void {
    const { plan, block: { address }, kernel: { node, stores }, parts } = this;
    const { code, form: { lanes } } = place;
    const inRow = i32.mul(vector, i32.const(VECTOR));
    const before = i32.mul(row, i32.const(sumsRow(plan)));
    const at = code.let(i32.add(address, i32.add(before, inRow)));
    const sum = code.let(addedUp(place, plan, at, parts));
    const value = fitted({ code, lanes, to: node.dtype }, sum);
    place.set(node, code.let(value));
    place.store(stores, true);
  }
}

function addedUp(
  scope: Scope,
  { type }: Plan,
  at: I32,
  { count, apart }: Parts,
): V128 {
  const first = v128.load(at);
  if (count === 1) return first;
  const { code } = scope;
  const sum = code.let(first);
  const next = code.let(at);
  forEach(scope, i32.const(count - 1), (place) => {
    place.code.set(next, i32.add(next, i32.const(apart)));
    place.code.set(sum, add(type, sum, v128.load(next)));
  });
  return sum;
}
