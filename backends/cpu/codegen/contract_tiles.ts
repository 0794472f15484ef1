/** The tiles of a block, each one call of the micro-kernel. */

import type { Code } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { sumsRow } from "./contract_memory.ts";
import type { Contraction, Operand } from "./contract_operands.ts";
import type { Part } from "./contract_positions.ts";
import {
  LIST_ENTRY,
  microKernel,
  TILE_ROWS,
  tileVectors,
  VECTOR,
} from "./micro_kernel.ts";
import type { Scope } from "./scope.ts";

/** A block of sums: rows of vectors. */
export interface SumsBlock {
  readonly address: I32;
  readonly rows: Part;
  readonly vectors: Part;
}

/** How many products are added up, and after how many others: `null` if none ever. */
interface Products {
  readonly count: I32;
  readonly before: I32 | null;
}

/** Adds products to each sum of a block. */
export function addTiles(
  scope: Scope,
  contraction: Contraction,
  block: SumsBlock,
  products: Products,
  operands: { readonly left: Operand; readonly right: Operand },
): void {
  new TileWriter(contraction, block, products, operands).write(scope);
}

class TileWriter {
  constructor(
    private readonly contraction: Contraction,
    private readonly block: SumsBlock,
    private readonly products: Products,
    private readonly operands: {
      readonly left: Operand;
      readonly right: Operand;
    },
  ) {}

  /** Rows are outside, so that those of a tile stay in the first cache. */
  write(scope: Scope): void {
    const { block: { rows }, contraction: { plan } } = this;
    const { total } = plan.rows.cut;
    const { code } = scope;
    const row = code.let(i32.const(0));
    if (total >= TILE_ROWS) {
      const last = code.let(i32.sub(rows.count, i32.const(TILE_ROWS)));
      const strip = this.strip(scope, row, TILE_ROWS);
      code.while(() => i32.le_s(row, last), (c) => {
        c.append(strip.code);
        c.set(row, i32.add(row, i32.const(TILE_ROWS)));
      });
    }
    if (total % TILE_ROWS > 0) {
      const strip = this.strip(scope, row, total % TILE_ROWS);
      code.if(i32.lt_s(row, rows.count), (then) => then.append(strip.code));
    }
  }

  /** The tiles of some rows, from left to right. */
  private strip(scope: Scope, row: I32, rows: number): Scope {
    const { block, contraction: { plan }, operands: { left, right } } = this;
    const place = scope.child();
    const { code } = place;
    const rowAt = (base: I32, apart: number) =>
      code.let(i32.add(base, i32.mul(row, i32.const(apart))));
    const ofRows = rowAt(left.address, left.spacing?.outer ?? LIST_ENTRY);
    const sums = rowAt(block.address, sumsRow(plan));
    const vectors = code.let(right.address);
    const rest = code.let(block.vectors.count);
    const widest = tileVectors(plan.rows.cut.total);
    const { total } = plan.columns.cut;
    for (const width of [widest, 1]) {
      if (total < width || (width === 1 && total % widest === 0)) continue;
      const tile = this.tile(rows, width, [ofRows, vectors, sums]);
      const step = width * (right.spacing?.outer ?? LIST_ENTRY);
      code.while(() => i32.ge_s(rest, i32.const(width)), (c) => {
        tile(c);
        c.set(vectors, i32.add(vectors, i32.const(step)));
        c.set(sums, i32.add(sums, i32.const(width * VECTOR)));
        c.set(rest, i32.sub(rest, i32.const(width)));
      });
    }
    return place;
  }

  private tile(rows: number, vectors: number, addresses: readonly I32[]) {
    const { products: { count, before }, operands: { left, right } } = this;
    const { plan, module } = this.contraction;
    const lists = [left.distances, right.distances].filter((x) => x !== null);
    const run = (adds: boolean) => (code: Code) => {
      const kernel = microKernel(module.module, {
        type: plan.type,
        rows,
        vectors,
        left: left.spacing,
        right: right.spacing,
        sums: sumsRow(plan),
        adds,
      });
      code.do(kernel.run(...addresses, count, ...lists));
    };
    if (!before) return run(false);
    return (code: Code) => code.if(before, run(true), run(false));
  }
}
