/**
 * Contractions: sums of products of two operands.
 *
 * The result is cut into blocks (`contract_plan.ts`), which are the work items.
 * For each block of the inner loops an item packs what it cannot read where it
 * lies (`contract_packing.ts`) and adds products, tile by tile, to a block of
 * sums (`micro_kernel.ts`). Then it evaluates the stores for that block
 * (`contract_epilogue.ts`). Where results are few and inner loops long, items
 * are parts of the inner loops, and a second phase adds up their sums.
 */

import type { Contract } from "../../../core/ir/kernel.ts";
import { i32, memoryFill } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import type { KernelCode } from "./code.ts";
import {
  storeSums,
  type SumsBlock,
  sumsBytes,
  sumsRow,
} from "./contract_epilogue.ts";
import {
  forEach,
  type Layout,
  packColumns,
  packedColumns,
  packedRows,
  packRows,
} from "./contract_packing.ts";
import { anatomyOf, type Plan, planOf } from "./contract_plan.ts";
import {
  bindRow,
  bindVector,
  digitsOf,
  enterInnerBlock,
  type InnerBlock,
  partOf,
} from "./contract_positions.ts";
import { smallContractCode } from "./contract_small.ts";
import { KernelModule } from "./kernel_module.ts";
import { microKernel, TILE_ROWS, TILE_VECTORS } from "./micro_kernel.ts";
import type { Scope } from "./scope.ts";

/** Bytes of a vector. */
const VECTOR = 16;

/** The code of a contraction. */
export function contractCode(kernel: Contract): KernelCode {
  const plan = planOf(kernel);
  if (!plan) return smallContractCode(kernel);
  const module = new KernelModule(kernel.buffers, anatomyOf(kernel));
  if (module.form.lanes !== plan.lanes) return smallContractCode(kernel);
  return new ContractWriter(kernel, plan, module).write();
}

class ContractWriter {
  private readonly packed: { readonly rows: Layout; readonly columns: Layout };
  /** Bytes of the workspace or scratch memory from part to part of the sums. */
  private readonly apart: number;

  constructor(
    private readonly kernel: Contract,
    private readonly plan: Plan,
    private readonly module: KernelModule,
  ) {
    this.packed = { rows: packedRows(plan), columns: packedColumns(plan) };
    this.apart = plan.results * sumsBytes(plan);
  }

  write(): KernelCode {
    const { results, chunks, cost } = this.plan;
    const items = results * chunks.count;
    this.module.phase(
      { items, cost: Math.ceil(cost / chunks.count) },
      (scope, item) => {
        const block = this.enter(scope, item, chunks.count);
        this.addProducts(scope, block, block.chunk);
        if (chunks.count === 1) this.store(scope, block);
      },
    );
    if (chunks.count > 1) {
      const cost = sumsBytes(this.plan) / VECTOR * (0.5 * chunks.count + 1);
      this.module.phase(
        { items: results, cost: Math.ceil(cost) },
        (scope, item) => {
          this.store(scope, this.enter(scope, item, 1));
        },
      );
    }
    const columns = this.plan.columns.cut.size * this.packed.columns.outer;
    const rows = packedBytes(this.packed.rows, this.plan);
    return this.module.finish({
      workspace: chunks.count > 1 ? chunks.count * this.apart : 0,
      scratch: sumsBytes(this.plan) + columns + rows,
    });
  }

  /** Binds the batch axes, and finds the block of an item. */
  private enter(
    scope: Scope,
    item: I32,
    chunkCount: number,
  ): SumsBlock & { readonly chunk: I32 | null } {
    const { batch, rows, columns, chunks } = this.plan;
    const digits = [...digitsOf(scope, item, [
      chunkCount,
      ...batch.map((axis) => axis.extent),
      columns.cut.count,
      rows.cut.count,
    ])];
    const chunk = digits.shift()!;
    for (const axis of batch) scope.bind(axis, digits.shift()!);
    const ofColumns = partOf(scope, columns.cut, digits[0]!);
    const ofRows = partOf(scope, rows.cut, digits[1]!);
    const { code } = scope;
    return {
      chunk,
      firstRow: ofRows.from,
      rows: code.let(i32.sub(ofRows.to, ofRows.from)),
      firstVector: ofColumns.from,
      vectors: code.let(i32.sub(ofColumns.to, ofColumns.from)),
      address: chunks.count === 1 ? this.scratch(scope, 0) : code.let(
        i32.add(
          scope.workspace(),
          i32.mul(item, i32.const(sumsBytes(this.plan))),
        ),
      ),
    };
  }

  private scratch({ code }: Scope, from: number): I32 {
    return code.let(i32.add(this.module.scratch, i32.const(from)));
  }

  private store(scope: Scope, block: SumsBlock): void {
    storeSums(scope, this.plan, this.kernel, block, {
      count: this.plan.chunks.count,
      apart: this.apart,
    });
  }

  /** All products of a block, or those of one chunk of the inner loops. */
  private addProducts(scope: Scope, block: SumsBlock, chunk: I32 | null): void {
    const { inner, chunks } = this.plan;
    if (inner.blocks === 1) {
      return this.addInnerBlock(scope, block, i32.const(0));
    }
    const { code } = scope;
    const rows = i32.mul(block.rows, i32.const(sumsRow(this.plan)));
    code.do(memoryFill(block.address, i32.const(0), rows));
    const { from, to } = partOf(scope, chunks, chunk);
    forEach(scope, code.let(i32.sub(to, from)), (place, i) => {
      this.addInnerBlock(place, block, place.code.let(i32.add(from, i)));
    });
  }

  private addInnerBlock(scope: Scope, block: SumsBlock, which: I32): void {
    const { plan, packed } = this;
    const inner = enterInnerBlock(scope, plan.inner, which);
    const start = this.scratch(scope, sumsBytes(plan));
    const second = this.scratch(
      scope,
      sumsBytes(plan) + plan.columns.cut.size * packed.columns.outer,
    );
    const columns = this.columnsOf(scope, block, inner, start);
    const rows = this.rowsOf(scope, block, inner, second);
    this.addTiles(scope, block, inner.count, rows, columns);
  }

  private columnsOf(
    scope: Scope,
    { firstVector, vectors }: SumsBlock,
    inner: InnerBlock,
    to: I32,
  ): Operand {
    const { plan } = this;
    const { direct } = plan.columns;
    if (!direct) {
      packColumns(
        scope,
        plan,
        inner,
        { from: firstVector, count: vectors },
        to,
      );
      return { address: to, layout: this.packed.columns };
    }
    const place = bindVector(inner.start.child(scope.code), plan, firstVector, {
      isVector: false,
    });
    const layout = { outer: VECTOR, inner: direct.inner };
    return { address: addressOf(place, direct.load), layout };
  }

  private rowsOf(
    scope: Scope,
    { firstRow, rows }: SumsBlock,
    inner: InnerBlock,
    to: I32,
  ): Operand {
    const { plan } = this;
    const { direct } = plan.rows;
    if (!direct) {
      packRows(scope, plan, inner, { from: firstRow, count: rows }, to);
      return { address: to, layout: this.packed.rows };
    }
    const place = bindRow(
      inner.start.child(scope.code),
      plan.rows.axes,
      firstRow,
    );
    return { address: addressOf(place, direct.load), layout: direct };
  }

  /** Runs the micro-kernel on each tile: rows outside, so that theirs stay close. */
  private addTiles(
    scope: Scope,
    block: SumsBlock,
    count: I32,
    left: Operand,
    right: Operand,
  ): void {
    const { code } = scope;
    const { rows: { cut } } = this.plan;
    const row = code.let(i32.const(0));
    const strip = (rows: number) => {
      const place = scope.child();
      const address = (base: I32, stride: number) =>
        place.code.let(i32.add(base, i32.mul(row, i32.const(stride))));
      this.addStrip(place, rows, count, {
        left: { ...left, address: address(left.address, left.layout.outer) },
        right,
        sums: address(block.address, sumsRow(this.plan)),
        vectors: block.vectors,
      });
      place.code.set(row, i32.add(row, i32.const(rows)));
      return place.code;
    };
    const whole = cut.total >= TILE_ROWS ? strip(TILE_ROWS) : null;
    const rest = cut.total % TILE_ROWS;
    const last = code.let(i32.sub(block.rows, i32.const(TILE_ROWS)));
    if (whole) {
      code.while(() => i32.le_s(row, last), (c) => c.append(whole));
    }
    if (rest > 0) {
      const part = strip(rest);
      code.if(i32.lt_s(row, block.rows), (then) => then.append(part));
    }
  }

  private addStrip(
    { code }: Scope,
    rows: number,
    count: I32,
    { left, right, sums, vectors }: {
      readonly left: Operand;
      readonly right: Operand;
      readonly sums: I32;
      readonly vectors: I32;
    },
  ): void {
    const { type, inner, columns: { cut } } = this.plan;
    const tile = (width: number) =>
      microKernel(this.module.module, {
        type,
        rows,
        vectors: width,
        left: left.layout,
        right: right.layout,
        sums: sumsRow(this.plan),
        adds: inner.blocks > 1,
      });
    const from = code.let(right.address);
    const to = code.let(sums);
    const end = code.let(
      i32.add(
        to,
        i32.mul(i32.and(vectors, i32.const(-TILE_VECTORS)), i32.const(VECTOR)),
      ),
    );
    if (cut.total >= TILE_VECTORS) {
      const whole = tile(TILE_VECTORS);
      code.while(() => i32.lt_u(to, end), (c) => {
        c.do(whole.run(left.address, from, to, count));
        c.set(
          from,
          i32.add(from, i32.const(TILE_VECTORS * right.layout.outer)),
        );
        c.set(to, i32.add(to, i32.const(TILE_VECTORS * VECTOR)));
      });
    }
    if (cut.total % TILE_VECTORS === 1) {
      const single = tile(1);
      code.if(
        i32.and(vectors, i32.const(1)),
        (then) => then.do(single.run(left.address, from, to, count)),
      );
    }
  }
}

/** An operand of a block: where it begins, and how its elements lie. */
interface Operand {
  readonly address: I32;
  readonly layout: Layout;
}

function addressOf(
  place: Scope,
  load: Parameters<Scope["scalar"]>[0] & { readonly op: "load" },
): I32 {
  const { base, offset } = place.address(load.buffer, load.offset);
  return place.code.let(i32.add(base, i32.const(offset)));
}

function packedBytes({ outer, inner }: Layout, plan: Plan): number {
  return outer < inner ? plan.inner.depth * inner : plan.rows.cut.size * outer;
}
