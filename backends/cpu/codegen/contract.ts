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

import { DTYPES } from "../../../core/dtype.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import type { LoadNode } from "../../../core/ir/scalar.ts";
import { UNIT } from "../layout.ts";
import { i32, memoryFill } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import {
  storeSums,
  type SumsBlock,
  sumsBytes,
  sumsRow,
} from "./contract_epilogue.ts";
import {
  copyPlane,
  forEach,
  type Layout,
  listDistances,
  listVectors,
  packColumns,
  packedColumns,
  packedRows,
  packRows,
} from "./contract_packing.ts";
import { type PaddedCopy, withPadding } from "./contract_padding.ts";
import {
  anatomyOf,
  type Cut,
  cutOf,
  type CutSide,
  nestCost,
  type Plan,
  planOf,
} from "./contract_plan.ts";
import {
  bindAxes,
  bindVector,
  digitsOf,
  enterInnerBlock,
  type InnerBlock,
  joinedDigits,
  type Part,
  partOf,
} from "./contract_positions.ts";
import { smallContractCode } from "./contract_small.ts";
import { KernelModule } from "./kernel_module.ts";
import { microKernel, TILE_ROWS, TILE_VECTORS } from "./micro_kernel.ts";
import { type Form, Scope } from "./scope.ts";

/** Bytes of a vector. */
const VECTOR = 16;
/** Rough nanoseconds to pack an element. */
const PACKING = 0.3;
/** Nanoseconds that an item should have which copies planes. */
const COPY_COST = 5_000;

/** The code of a contraction. */
export function contractCode(kernel: Contract): KernelCode {
  const { kernel: padded, copies } = withPadding(kernel);
  const plan = planOf(padded, nestCost(kernel));
  if (!plan) return smallContractCode(kernel);
  const module = new KernelModule(kernel.buffers, anatomyOf(kernel));
  if (module.form.lanes !== plan.lanes) return smallContractCode(kernel);
  return new ContractWriter(kernel, plan, copies, module).write();
}

/** A block of the result, and the products of it that are added up. */
interface Block extends SumsBlock {
  /** The part of the inner loops, or `null` for all of them. */
  readonly chunk: I32 | null;
  readonly batch: I32 | null;
  /** Addresses of lists, where columns are gathered. */
  readonly listed: { readonly vectors: I32; readonly distances: I32 } | null;
  /** Numbers of the blocks of columns and of rows, over all batches. */
  readonly columnBlock: I32;
  readonly rowBlock: I32;
}

/** What is packed: rows or vectors, of a batch and a block of the inner loops. */
interface PackArguments extends Part {
  readonly batch: I32 | null;
  readonly inner: I32 | null;
  readonly to: I32;
}

class ContractWriter {
  private readonly layouts: { readonly rows: Layout; readonly columns: Layout };
  private readonly memory: Memory;
  /** For what reads operands, which may be copies. */
  private readonly form: Form;

  constructor(
    private readonly kernel: Contract,
    private readonly plan: Plan,
    private readonly copies: readonly PaddedCopy[],
    private readonly module: KernelModule,
  ) {
    this.layouts = { rows: packedRows(plan), columns: packedColumns(plan) };
    this.memory = memoryOf(plan, copies, this.layouts);
    const { form } = module;
    // The address of the workspace comes after those of the buffers.
    const workspace = { dtype: plan.type, size: this.memory.workspace };
    this.form = { ...form, buffers: [...form.buffers, workspace] };
  }

  write(): KernelCode {
    const { results, chunks, cost, rows, columns } = this.plan;
    for (const copy of this.copies) this.copy(copy);
    if (columns.gathered) this.listDistances(columns.gathered);
    if (columns.packing === "ahead") this.packAhead("columns");
    if (rows.packing === "ahead") this.packAhead("rows");
    this.phase(results * chunks.count, cost / chunks.count, (scope, item) => {
      const block = this.enter(scope, item, chunks.count);
      this.addProducts(scope, {
        ...block,
        listed: this.listVectors(scope, block),
      });
      if (chunks.count === 1) this.store(scope, block);
    });
    if (chunks.count > 1) {
      const cost = sumsBytes(this.plan) / VECTOR * (0.5 * chunks.count + 1);
      this.phase(results, cost, (scope, item) => {
        this.store(scope, this.enter(scope, item, 1));
      });
    }
    return this.module.finish(this.memory);
  }

  private phase(
    items: number,
    cost: number,
    build: (scope: Scope, item: I32) => void,
  ): void {
    this.module.phase({ items, cost: Math.ceil(cost) }, build);
  }

  /** Copies an operand with zeros around it, some planes an item. */
  private copy(copy: PaddedCopy): void {
    const { plane, start, loops } = copy;
    const { bytes } = DTYPES[this.plan.type];
    const cost = plane * PACKING;
    const cut = cutOf(loops[0]!.extent, Math.ceil(COPY_COST / cost));
    this.phase(cut.count, cut.size * cost, (scope, item) => {
      const { from, count } = partOf(scope, cut, item);
      forEach(scope, count, (place, i) => {
        const at = place.code.let(i32.add(from, i));
        const to = i32.add(
          i32.add(place.workspace(), i32.const(start * bytes)),
          i32.mul(at, i32.const(plane * bytes)),
        );
        copyPlane(place, copy, at, to);
      });
    });
  }

  private listDistances(load: LoadNode): void {
    const { plan, memory } = this;
    this.phase(1, plan.inner.blocks * plan.inner.depth, (scope) => {
      const start = i32.const(memory.distances);
      const to = scope.code.let(i32.add(scope.workspace(), start));
      listDistances(scope, plan, load, to);
    });
  }

  /** Packs all blocks of an operand into the workspace. */
  private packAhead(which: "rows" | "columns"): void {
    const { plan } = this;
    const { cut } = plan[which];
    const items = sizeOf(plan.batch) * cut.count * plan.inner.blocks;
    const cost = this.memory[which] / DTYPES[plan.type].bytes * PACKING;
    this.phase(items, cost, (scope, item) => {
      const [batch, at, inner] = digitsOf(scope, item, [
        sizeOf(plan.batch),
        cut.count,
        plan.inner.blocks,
      ]);
      const part = partOf(scope, cut, at!);
      const to = this.packedAddress(scope, which, item);
      this.pack(scope, which, {
        batch: batch!,
        inner: inner!,
        ...part,
        to,
      });
    });
  }

  /** Packs a block by a function of its own: engines compile small ones better. */
  private pack(
    { code }: Scope,
    which: "rows" | "columns",
    { batch, inner, from, to, count }: PackArguments,
  ): void {
    const { plan } = this;
    const params = ["i32", "i32", "i32", "i32", "i32"] as const;
    const signature = { params, result: null };
    const write = which === "rows" ? packRows : packColumns;
    const packer = this.module.module.once(`pack ${which}`, signature, (fn) => {
      const scope = Scope.root(this.form, fn.body);
      const [batch, inner, from, count, to] = fn.params as readonly I32[];
      bindAxes(scope, plan.batch, batch!);
      const block = enterInnerBlock(scope, plan.inner, inner!);
      write(scope, plan, block, { from: from!, count: count! }, to!);
    });
    const zero = i32.const(0);
    code.do(packer.run(batch ?? zero, inner ?? zero, from, count, to));
  }

  /** Where a block lies that was packed ahead. */
  private packedAddress(
    scope: Scope,
    which: "rows" | "columns",
    block: I32,
  ): I32 {
    const start = i32.const(this.memory.ahead[which]);
    return scope.code.let(i32.add(
      i32.add(scope.workspace(), start),
      i32.mul(block, i32.const(this.memory[which])),
    ));
  }

  /** Binds the batch axes, and finds the block of an item. */
  private enter(scope: Scope, item: I32, chunkCount: number): Block {
    const { code } = scope;
    const { batch, rows, columns, chunks } = this.plan;
    const [chunk, at, column, row] = digitsOf(scope, item, [
      chunkCount,
      sizeOf(batch),
      columns.cut.count,
      rows.cut.count,
    ]);
    bindAxes(scope, batch, at!);
    const among = (cut: Cut, block: I32 | null) =>
      joinedDigits(scope, at!, cut.count, block);
    const size = i32.const(sumsBytes(this.plan));
    return {
      chunk: chunk!,
      listed: null,
      batch: at!,
      columnBlock: among(columns.cut, column!),
      rowBlock: among(rows.cut, row!),
      rows: partOf(scope, rows.cut, row!),
      vectors: partOf(scope, columns.cut, column!),
      address: chunks.count === 1 ? this.scratch(scope, 0) : code.let(i32.add(
        i32.add(scope.workspace(), i32.const(this.memory.sums)),
        i32.mul(item, size),
      )),
    };
  }

  /** Lists where the columns of a block are, if they are gathered. */
  private listVectors(
    scope: Scope,
    { batch, vectors: { from, count } }: Block,
  ): Block["listed"] {
    const { plan } = this;
    const { gathered } = plan.columns;
    if (!gathered) return null;
    const params = ["i32", "i32", "i32", "i32"] as const;
    const signature = { params, result: null };
    const lister = this.module.module.once("list vectors", signature, (fn) => {
      const scope = Scope.root(this.form, fn.body);
      const [batch, from, count, to] = fn.params as readonly I32[];
      bindAxes(scope, plan.batch, batch!);
      listVectors(scope, plan, gathered, { from: from!, count: count! }, to!);
    });
    const { code } = scope;
    const start = i32.const(this.memory.distances);
    const vectors = this.scratch(scope, sumsBytes(plan));
    code.do(lister.run(batch ?? i32.const(0), from, count, vectors));
    return { vectors, distances: code.let(i32.add(scope.workspace(), start)) };
  }

  private scratch({ code }: Scope, from: number): I32 {
    return code.let(i32.add(this.module.scratch, i32.const(from)));
  }

  /** Stores a block of the result by a function of its own. */
  private store(
    { code }: Scope,
    { batch, rows, vectors, address }: Block,
  ): void {
    const { plan, kernel } = this;
    const { chunks, results } = plan;
    const parts = { count: chunks.count, apart: results * sumsBytes(plan) };
    const params = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;
    const signature = { params, result: null };
    const storer = this.module.module.once("store", signature, (fn) => {
      const scope = Scope.root(this.module.form, fn.body);
      const [batch, row, rows, vector, vectors, address] = fn
        .params as readonly I32[];
      bindAxes(scope, plan.batch, batch!);
      storeSums(scope, plan, kernel, {
        address: address!,
        rows: { from: row!, count: rows! },
        vectors: { from: vector!, count: vectors! },
      }, parts);
    });
    code.do(storer.run(
      batch ?? i32.const(0),
      rows.from,
      rows.count,
      vectors.from,
      vectors.count,
      address,
    ));
  }

  /** All products of a block, or those of one chunk of the inner loops. */
  private addProducts(scope: Scope, block: Block): void {
    const { inner, chunks } = this.plan;
    if (inner.blocks === 1) return this.addInnerBlock(scope, block, null);
    const { code } = scope;
    const bytes = i32.mul(block.rows.count, i32.const(sumsRow(this.plan)));
    code.do(memoryFill(block.address, i32.const(0), bytes));
    const { from, count } = partOf(scope, chunks, block.chunk);
    forEach(scope, count, (place, i) => {
      this.addInnerBlock(place, block, place.code.let(i32.add(from, i)));
    });
  }

  private addInnerBlock(scope: Scope, block: Block, which: I32 | null): void {
    const inner = enterInnerBlock(scope, this.plan.inner, which);
    const columns = this.columnsOf(scope, block, inner) ??
      this.packed(scope, "columns", block.columnBlock, {
        ...block.vectors,
        batch: block.batch,
        inner: which,
      });
    const rows = this.rowsOf(scope, block, inner.start) ??
      this.packed(scope, "rows", block.rowBlock, {
        ...block.rows,
        batch: block.batch,
        inner: which,
      });
    this.addTiles(scope, block, inner.count, rows, columns);
  }

  /** The columns of a block where they lie, if they are read there. */
  private columnsOf(
    { code }: Scope,
    { vectors, listed }: Block,
    { start, first }: InnerBlock,
  ): Operand | null {
    const { direct } = this.plan.columns;
    if (listed) {
      const before = i32.mul(first, i32.const(4));
      const distances = code.let(i32.add(listed.distances, before));
      return { address: listed.vectors, layout: LISTED, distances };
    }
    if (!direct) return null;
    const place = start.child(code);
    bindVector(place, this.plan, vectors.from, { isVector: false });
    const layout = { outer: VECTOR, inner: direct.inner };
    return { address: addressOf(place, direct.load), layout };
  }

  /** The rows of a block where they lie, if they are read there. */
  private rowsOf(
    { code }: Scope,
    { rows }: Block,
    start: Scope,
  ): Operand | null {
    const { direct, axes } = this.plan.rows;
    if (!direct) return null;
    const place = bindAxes(start.child(code), axes, rows.from);
    return { address: addressOf(place, direct.load), layout: direct };
  }

  /** A packed block; packs it now if that was not done ahead. */
  private packed(
    scope: Scope,
    which: "rows" | "columns",
    block: I32,
    part: Omit<PackArguments, "to">,
  ): Operand {
    const { plan, memory, layouts } = this;
    const layout = layouts[which];
    if (plan[which].packing === "ahead") {
      const number = joinedDigits(scope, block, plan.inner.blocks, part.inner);
      return { address: this.packedAddress(scope, which, number), layout };
    }
    const from = sumsBytes(plan) + (which === "rows" ? memory.columns : 0);
    const to = this.scratch(scope, from);
    this.pack(scope, which, { ...part, to });
    return { address: to, layout };
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
        vectors: block.vectors.count,
      });
      place.code.set(row, i32.add(row, i32.const(rows)));
      return place.code;
    };
    const whole = cut.total >= TILE_ROWS ? strip(TILE_ROWS) : null;
    const rest = cut.total % TILE_ROWS;
    const last = code.let(i32.sub(block.rows.count, i32.const(TILE_ROWS)));
    if (whole) {
      code.while(() => i32.le_s(row, last), (c) => c.append(whole));
    }
    if (rest > 0) {
      const part = strip(rest);
      code.if(i32.lt_s(row, block.rows.count), (then) => then.append(part));
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
        right: right.distances ? null : right.layout,
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
    const run = (width: number) => {
      const rights = right.distances
        ? [
          right.distances,
          ...[0, 4].slice(0, width).map((by) => i32.load(from, by)),
        ]
        : [from];
      return tile(width).run(left.address, to, count, ...rights);
    };
    if (cut.total >= TILE_VECTORS) {
      const whole = run(TILE_VECTORS);
      code.while(() => i32.lt_u(to, end), (c) => {
        c.do(whole);
        const step = TILE_VECTORS * right.layout.outer;
        c.set(from, i32.add(from, i32.const(step)));
        c.set(to, i32.add(to, i32.const(TILE_VECTORS * VECTOR)));
      });
    }
    if (cut.total % TILE_VECTORS === 1) {
      const single = run(1);
      code.if(i32.and(vectors, i32.const(1)), (then) => then.do(single));
    }
  }
}

/** How addresses of vectors lie in their list. */
const LISTED: Layout = { outer: 4, inner: 0 };

/** An operand of a block: where it begins, and how its elements lie. */
interface Operand {
  readonly address: I32;
  readonly layout: Layout;
  /** Address of a list: then there is one of vectors at `address`. */
  readonly distances?: I32;
}

function addressOf(
  place: Scope,
  load: Parameters<Scope["scalar"]>[0] & { readonly op: "load" },
): I32 {
  const { base, offset } = place.address(load.buffer, load.offset);
  return place.code.let(i32.add(base, i32.const(offset)));
}

/** Bytes of packed blocks, and where those begin that are packed ahead. */
interface Memory {
  readonly rows: number;
  readonly columns: number;
  /** Where in the workspace partial sums begin. */
  readonly sums: number;
  readonly ahead: { readonly rows: number; readonly columns: number };
  /** Where the list of distances begins. */
  readonly distances: number;
  readonly workspace: number;
  readonly scratch: number;
}

/** Copies lie first: then partial sums, packed blocks and distances. */
function memoryOf(
  plan: Plan,
  copies: readonly PaddedCopy[],
  layouts: { readonly rows: Layout; readonly columns: Layout },
): Memory {
  const { type, rows, columns, inner, chunks, results } = plan;
  const sizes = {
    columns: columns.gathered
      ? columns.cut.size * LISTED.outer
      : columns.cut.size * layouts.columns.outer,
    rows: Math.max(
      rows.cut.size * layouts.rows.outer,
      inner.depth * layouts.rows.inner,
    ),
  };
  let workspace = 0;
  const take = (bytes: number) => {
    const start = workspace;
    workspace += Math.ceil(bytes / UNIT) * UNIT;
    return start;
  };
  const blocksOf = (side: CutSide, size: number) =>
    side.packing === "ahead"
      ? sizeOf(plan.batch) * side.cut.count * inner.blocks * size
      : 0;
  take(copies.reduce((n, { size }) => n + size, 0) * DTYPES[type].bytes);
  const sums = take(
    chunks.count > 1 ? chunks.count * results * sumsBytes(plan) : 0,
  );
  const ahead = {
    columns: take(blocksOf(columns, sizes.columns)),
    rows: take(blocksOf(rows, sizes.rows)),
  };
  const distances = take(
    columns.gathered ? inner.blocks * inner.depth * LISTED.outer : 0,
  );
  const scratch = sumsBytes(plan) + sizes.columns + sizes.rows;
  return { ...sizes, sums, ahead, distances, workspace, scratch };
}
