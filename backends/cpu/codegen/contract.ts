/**
 * Contractions: sums of products of two operands.
 *
 * One operand becomes the columns, which run in vectors (`contract_draft.ts`).
 * The result is cut into blocks (`contract_plan.ts`), which are the work items.
 * For each block of the inner loops an item sees to its operands
 * (`contract_operands.ts`): it reads them where they lie, or packs them first
 * (`contract_packing.ts`). It adds their products, tile by tile
 * (`contract_tiles.ts`), to a block of sums (`micro_kernel.ts`), for which it
 * evaluates the stores in the end (`contract_epilogue.ts`).
 *
 * Where results are few and inner loops long, items are parts of the inner
 * loops, and a second phase adds up their sums. Convolutions first copy an
 * operand with the zeros around it (`contract_padding.ts`). What is too small
 * or too thin for all this is a nest (`contract_small.ts`).
 */

import { DTYPES } from "../../../core/dtype.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { storeSums } from "./contract_epilogue.ts";
import { memoryOf, sumsBytes } from "./contract_memory.ts";
import {
  type BlockPart,
  type Contraction,
  OperandWriter,
  PACKING,
} from "./contract_operands.ts";
import { forEach } from "./contract_code.ts";
import { copyPlane, type PaddedCopy, withPadding } from "./contract_padding.ts";
import { nestCost } from "./contract_cost.ts";
import { type Cut, cutOf } from "./contract_cuts.ts";
import { anatomyOf } from "./contract_draft.ts";
import { type Plan, planOf } from "./contract_plan.ts";
import { enterInnerBlock, joinedDigits, partOf } from "./contract_positions.ts";
import { placeInResult } from "./contract_result.ts";
import { smallContractCode } from "./contract_small.ts";
import { addTiles, type SumsBlock } from "./contract_tiles.ts";
import { KernelModule } from "./kernel_module.ts";
import { VECTOR } from "./micro_kernel.ts";
import { Scope } from "./scope.ts";
import { bindAll, digitsOf } from "./positions.ts";

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
  readonly rows: BlockPart;
  readonly vectors: BlockPart;
  /** The part of the inner loops, or `null` for all of them. */
  readonly chunk: I32 | null;
}

class ContractWriter {
  private readonly contraction: Contraction;
  private readonly left: OperandWriter;
  private readonly right: OperandWriter;

  constructor(
    private readonly kernel: Contract,
    private readonly plan: Plan,
    private readonly copies: readonly PaddedCopy[],
    private readonly module: KernelModule,
  ) {
    const memory = memoryOf(plan, copies);
    const { form } = module;
    // The address of the workspace comes after those of the buffers.
    const workspace = { dtype: plan.type, size: memory.workspace };
    this.contraction = {
      ...{ plan, module, memory },
      form: { ...form, buffers: [...form.buffers, workspace] },
    };
    this.left = new OperandWriter(this.contraction, "rows");
    this.right = new OperandWriter(this.contraction, "columns");
  }

  write(): KernelCode {
    const { plan, contraction: { memory } } = this;
    const { results, chunks } = plan;
    for (const copy of this.copies) this.copy(copy);
    this.left.prepare();
    this.right.prepare();
    const cost = plan.cost / chunks.count;
    this.phase(results * chunks.count, cost, (scope, item) => {
      const block = this.block(scope, item, chunks.count);
      this.addProducts(scope, block);
      if (chunks.count === 1 && !plan.result) this.store(scope, block);
    });
    if (chunks.count > 1) this.addUp();
    const { workspace, scratch } = memory;
    return this.module.finish({ workspace, scratch });
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

  /** The phase that adds up the sums of all chunks, and stores. */
  private addUp(): void {
    const { results, chunks } = this.plan;
    const cost = sumsBytes(this.plan) / VECTOR * (0.5 * chunks.count + 1);
    this.phase(results, cost, (scope, item) => {
      this.store(scope, this.block(scope, item, 1));
    });
  }

  /** The block of the result, and of the inner loops, that is an item. */
  private block(scope: Scope, item: I32, chunkCount: number): Block {
    const { batch, rows, columns } = this.plan;
    const [chunk, at, column, row] = digitsOf(scope, item, [
      chunkCount,
      sizeOf(batch),
      columns.cut.count,
      rows.cut.count,
    ]);
    bindAll(scope, batch, at!);
    const part = (cut: Cut, block: I32 | null): BlockPart => ({
      ...partOf(scope, cut, block),
      batch: at!,
      number: joinedDigits(scope, at!, cut.count, block),
    });
    const parts = {
      rows: part(rows.cut, row!),
      vectors: part(columns.cut, column!),
    };
    return { ...parts, chunk: chunk!, address: this.sums(scope, item, parts) };
  }

  private sums(
    scope: Scope,
    item: I32,
    { rows, vectors }: Pick<Block, "rows" | "vectors">,
  ): I32 {
    const { plan, contraction: { memory: { sums } } } = this;
    const { code } = scope;
    if (plan.result) {
      return placeInResult(scope, plan, plan.result, rows, vectors);
    }
    if (plan.chunks.count === 1) {
      return code.let(i32.add(this.module.scratch, i32.const(sums)));
    }
    const start = i32.add(scope.workspace(), i32.const(sums));
    const before = i32.mul(item, i32.const(sumsBytes(plan)));
    return code.let(i32.add(start, before));
  }

  /** All products of a block, or those of one chunk of the inner loops. */
  private addProducts(scope: Scope, block: Block): void {
    const { inner, chunks } = this.plan;
    this.left.enter(scope, block.rows);
    this.right.enter(scope, block.vectors);
    if (inner.blocks === 1) {
      return this.addInnerBlock(scope, block, null, null);
    }
    const { from, count } = partOf(scope, chunks, block.chunk);
    forEach(scope, count, (place, i) => {
      const which = place.code.let(i32.add(from, i));
      this.addInnerBlock(place, block, which, i);
    });
  }

  /** Adds the products of one block of the inner loops, to the sums of `before` others. */
  private addInnerBlock(
    scope: Scope,
    block: Block,
    which: I32 | null,
    before: I32 | null,
  ): void {
    const inner = enterInnerBlock(scope, this.plan.inner, which);
    addTiles(scope, this.contraction, block, { count: inner.count, before }, {
      right: this.right.operand(scope, block.vectors, inner, which),
      left: this.left.operand(scope, block.rows, inner, which),
    });
  }

  /** Stores a block of the result by a function of its own. */
  private store({ code }: Scope, { rows, vectors, address }: Block): void {
    const { plan, kernel } = this;
    const { chunks, results } = plan;
    const parts = { count: chunks.count, apart: results * sumsBytes(plan) };
    const params = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;
    const signature = { params, result: null };
    const storer = this.module.module.once("store", signature, (fn) => {
      const scope = Scope.root(this.module.form, fn.body);
      const [batch, row, rows, vector, vectors, address] = fn
        .params as readonly I32[];
      bindAll(scope, plan.batch, batch!);
      storeSums(scope, plan, kernel, {
        address: address!,
        rows: { from: row!, count: rows! },
        vectors: { from: vector!, count: vectors! },
      }, parts);
    });
    code.do(storer.run(
      rows.batch ?? i32.const(0),
      rows.from,
      rows.count,
      vectors.from,
      vectors.count,
      address,
    ));
  }
}
