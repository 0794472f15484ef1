/**
 * How the micro-kernel comes to the operands of a contraction. Each is, as the
 * plan says,
 *
 *     read where it lies, at even distances;
 *     gathered from where it lies, by lists of addresses and distances; or
 *     packed, ahead of all items or by each item.
 */

import { DTYPES } from "../../../core/dtype.ts";
import type { LoadNode } from "../../../core/ir/scalar.ts";
import type { Code } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { sizeOf } from "./axes.ts";
import { listAddresses, listDistances } from "./contract_lists.ts";
import { packColumns, packRows } from "./contract_packing.ts";
import type { Memory, SideMemory } from "./contract_memory.ts";
import type { CutSide, Plan } from "./contract_plan.ts";
import {
  bindVector,
  enterInnerBlock,
  type InnerBlock,
  joinedDigits,
  type Part,
  partOf,
} from "./contract_positions.ts";
import type { KernelModule } from "./kernel_module.ts";
import { LIST_ENTRY, type Spacing, VECTOR } from "./micro_kernel.ts";
import { type Form, Scope } from "./scope.ts";
import { bindAll, digitsOf } from "./positions.ts";

/** Rough nanoseconds to pack an element. */
export const PACKING = 0.3;

/** What the parts of a contraction share. */
export interface Contraction {
  readonly plan: Plan;
  readonly module: KernelModule;
  readonly memory: Memory;
  /** The form of functions that read operands: copies are a buffer of theirs. */
  readonly form: Form;
}

/** The rows or vectors of a block of the result. */
export interface BlockPart extends Part {
  readonly batch: I32 | null;
  /** The number of the block among those of all batches. */
  readonly number: I32;
}

/** An operand as the micro-kernel takes it, for one block of the inner loops. */
export interface Operand {
  /** Of the first row or vector, or of the list of their addresses. */
  readonly address: I32;
  readonly spacing: Spacing | null;
  /** The list of distances, if there is no even spacing. */
  readonly distances: I32 | null;
}

/** Writes what has to do with one operand. */
export class OperandWriter {
  private readonly side: CutSide;
  private readonly memory: SideMemory;

  constructor(
    private readonly contraction: Contraction,
    private readonly which: "rows" | "columns",
  ) {
    this.side = contraction.plan[which];
    this.memory = contraction.memory[which];
  }

  /** Adds the phases that run before all items. */
  prepare(): void {
    const { packing, gathered } = this.side;
    if (gathered) this.listDistances(gathered);
    if (packing === "ahead") this.packAhead();
  }

  /** What an item does once, before the inner loops. */
  enter(scope: Scope, { batch, from, count }: BlockPart): void {
    const { gathered } = this.side;
    if (!gathered) return;
    const list = this.helper("list", ["batch", "from", "count", "to"], (fn) => {
      const scope = this.operandScope(fn.code, fn.args.batch!);
      const part = { from: fn.args.from!, count: fn.args.count! };
      const { inner: { axes } } = this.contraction.plan;
      for (const axis of axes) scope.bind(axis, null);
      listAddresses(scope, gathered, part, fn.args.to!, (place, at) => {
        this.bind(place, at);
      });
    });
    const to = this.inScratch(scope);
    scope.code.do(list.run(batch ?? i32.const(0), from, count, to));
  }

  /** The operand in a block of the inner loops. */
  operand(
    scope: Scope,
    part: BlockPart,
    inner: InnerBlock,
    which: I32 | null,
  ): Operand {
    const { direct, gathered, packing } = this.side;
    const { code } = scope;
    if (gathered) {
      const first = i32.mul(inner.first, i32.const(LIST_ENTRY));
      const start = this.inWorkspace(scope, this.memory.distances);
      const distances = code.let(i32.add(start, first));
      return { address: this.inScratch(scope), spacing: null, distances };
    }
    if (direct) {
      const place = this.bind(inner.start.child(code), part.from);
      const outer = this.which === "rows" ? direct.outer : VECTOR;
      const spacing = { outer, inner: direct.inner };
      return {
        address: addressOf(place, direct.load),
        spacing,
        distances: null,
      };
    }
    const { blocks } = this.contraction.plan.inner;
    const address = packing === "ahead"
      ? this.packedAddress(
        scope,
        joinedDigits(scope, part.number, blocks, which),
      )
      : this.packInto(scope, this.inScratch(scope), part, which);
    return { address, spacing: this.memory.spacing, distances: null };
  }

  private bind(place: Scope, position: I32): Scope {
    return this.which === "rows"
      ? bindAll(place, this.side.axes, position)
      : bindVector(place, this.contraction.plan, position, { isVector: false });
  }

  // Lists

  private listDistances(load: LoadNode): void {
    const { plan, module } = this.contraction;
    const { blocks, depth } = plan.inner;
    module.phase({ items: blocks, cost: depth }, (scope, item) => {
      const block = enterInnerBlock(scope, plan.inner, item);
      const first = i32.mul(block.first, i32.const(LIST_ENTRY));
      const start = this.inWorkspace(scope, this.memory.distances);
      listDistances(scope, plan, load, block, i32.add(start, first));
    });
  }

  // Packing

  private packAhead(): void {
    const { contraction: { plan, module }, side: { cut }, memory } = this;
    const counts = [sizeOf(plan.batch), cut.count, plan.inner.blocks];
    const items = counts.reduce((x, y) => x * y);
    const cost = memory.bytes / DTYPES[plan.type].bytes * PACKING;
    module.phase({ items, cost: Math.ceil(cost) }, (scope, item) => {
      const [batch, at, inner] = digitsOf(scope, item, counts);
      const part = { ...partOf(scope, cut, at!), batch: batch! };
      const to = this.packedAddress(scope, item);
      this.packInto(scope, to, part, inner!);
    });
  }

  private packInto(
    { code }: Scope,
    to: I32,
    { batch, from, count }: Omit<BlockPart, "number">,
    inner: I32 | null,
  ): I32 {
    const names = ["batch", "inner", "from", "count", "to"] as const;
    const pack = this.helper("pack", names, ({ code, args }) => {
      const { plan } = this.contraction;
      const scope = this.operandScope(code, args.batch);
      const block = enterInnerBlock(scope, plan.inner, args.inner);
      const write = this.which === "rows" ? packRows : packColumns;
      write(scope, plan, block, args, args.to);
    });
    const zero = i32.const(0);
    code.do(pack.run(batch ?? zero, inner ?? zero, from, count, to));
    return to;
  }

  private packedAddress(scope: Scope, block: I32): I32 {
    const start = this.inWorkspace(scope, this.memory.ahead);
    const before = i32.mul(block, i32.const(this.memory.bytes));
    return scope.code.let(i32.add(start, before));
  }

  // Functions and places

  /** A function of its own: engines compile small ones better. */
  private helper<N extends string>(
    name: string,
    names: readonly N[],
    build: (
      fn: { readonly code: Code; readonly args: Readonly<Record<N, I32>> },
    ) => void,
  ) {
    const params = names.map(() => "i32" as const);
    const signature = { params, result: null };
    const { module } = this.contraction.module;
    return module.once(`${name} ${this.which}`, signature, (fn) => {
      const args = Object.fromEntries(
        names.map((name, i) => [name, fn.params[i] as I32]),
      ) as Record<N, I32>;
      build({ code: fn.body, args });
    });
  }

  private operandScope(code: Code, batch: I32): Scope {
    const { form, plan } = this.contraction;
    return bindAll(Scope.root(form, code), plan.batch, batch);
  }

  private inScratch({ code }: Scope): I32 {
    const start = i32.const(this.memory.scratch);
    return code.let(i32.add(this.contraction.module.scratch, start));
  }

  private inWorkspace(scope: Scope, at: number): I32 {
    return i32.add(scope.workspace(), i32.const(at));
  }
}

function addressOf(place: Scope, { buffer, offset }: LoadNode): I32 {
  const { base, offset: by } = place.address(buffer, offset);
  return place.code.let(i32.add(base, i32.const(by)));
}
