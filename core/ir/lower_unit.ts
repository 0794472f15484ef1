/** Lowers one unit of a block: one kernel, or the steps of one equation. */

import type { Aval } from "../aval.ts";
import { type Atom, type Jaxpr, Literal, memoised, Var } from "../jaxpr.ts";
import { simplify } from "../simplify.ts";
import type { BlockLowering, LoopDescription, Region } from "./block.ts";
import { KernelBuilder } from "./builder.ts";
import type { Chains } from "./chains.ts";
import type { Index } from "./index.ts";
import type { Kernel, Store } from "./kernel.ts";
import { Conflict, KernelBody, type StoredValues } from "./kernel_body.ts";
import { type Cuts, sameCuts } from "./loop_axes.ts";
import type { Block, LoweredBlock } from "./lower_block.ts";
import type { BufferId, LoopStep, Step } from "./program.ts";
import { schedule, Unschedulable } from "./schedule.ts";
import type { Unit } from "./units.ts";

/** A body or branch without what lowering does not know: calls, and dead code. */
const simplified: (jaxpr: Jaxpr, key: null) => Jaxpr = memoised(simplify);

/** Lowers one unit of a block. */
export class UnitLowering implements BlockLowering {
  private readonly steps: Step[] = [];
  private conflict: Conflict | null = null;

  constructor(
    private readonly block: Block,
    private readonly unit: Unit,
    private readonly stored: StoredValues,
    private readonly chains: Chains,
  ) {}

  /** The steps, or the values that prevent them. */
  lower(): readonly Step[] | Conflict {
    const { equation, roots } = this.unit;
    if (!equation) this.storeRoots(roots);
    else equation.primitive.lowerStep!(this, equation, equation.params);
    return this.conflict ?? this.steps;
  }

  private storeRoots(roots: readonly Var[]): void {
    const shape = roots[0]!.aval.shape;
    this.build(shape, (body, index) =>
      roots.map((v) => ({
        buffer: body.slot(this.block.bufferOf(v) as BufferId),
        offset: body.k.flatten(index, shape),
        value: body.computed(v)(index),
      })));
  }

  // BlockLowering

  output(i: number): BufferId {
    return this.block.bufferOf(this.unit.equation!.outputs[i]!) as BufferId;
  }

  temporary(aval: Aval): BufferId {
    return this.block.context.memory.allocate(aval);
  }

  copy(from: Atom, to: BufferId): void {
    const buffer = this.storedBuffer(from);
    if (buffer !== null) this.steps.push({ kind: "copy", from: buffer, to });
    else this.storeRegion(to, wholeRegion(from));
  }

  storeBefore(atom: Atom, from: Atom): void {
    if (!(atom instanceof Var) || this.stored.has(atom)) return;
    if (this.storedBuffer(from) !== null && this.isComputedFrom(atom, from)) {
      this.report(new Conflict(new Set([atom])));
    }
  }

  storeRegion(to: BufferId, { extents, at, value, shape }: Region): void {
    this.build(extents, (body, index) => {
      const source = (atom: Atom) => body.source(atom);
      return [{
        buffer: body.slot(to),
        offset: body.k.flatten(at(body.k, index, source), shape),
        value: value(body.k, source)(index),
      }];
    });
  }

  kernel(make: Parameters<BlockLowering["kernel"]>[0]): void {
    this.assemble((body) =>
      make(body.k, (atom) => body.source(atom), (buffer) => body.slot(buffer))
    );
  }

  loop(loop: LoopDescription, outputs: readonly (BufferId | null)[]): void {
    const { memory } = this.block.context;
    const first = loop.body.inputs.length - loop.carries.length;
    const current = loop.carries.map((atom, i) => {
      const to = outputs[i] ?? memory.allocate(loop.body.inAvals[first + i]!);
      if (atom) this.copy(atom, to);
      return to;
    });
    const counter = loop.counter
      ? memory.allocate(loop.body.inputs[0]!.aval)
      : null;
    const body = this.inner(loop.body, [
      ...(counter === null ? [] : [counter]),
      ...loop.consts.map((atom) => this.materialised(atom)),
      ...current,
    ], { fresh: current });
    const carries = current.map((buffer, i) => ({
      current: buffer,
      next: body.outputs[i]!,
    }));
    const condition = loop.condition && this.inner(loop.condition.jaxpr, [
      ...loop.condition.consts.map((atom) => this.materialised(atom)),
      ...current,
    ]);
    this.steps.push(
      {
        kind: "loop",
        count: loop.count,
        counter,
        condition: condition &&
          { steps: condition.steps, flag: condition.outputs[0]! },
        body: body.steps,
        carries: carries.filter((c) => c.current !== c.next),
      } satisfies LoopStep,
    );
  }

  branch(
    index: Atom,
    branches: readonly Jaxpr[],
    operands: readonly Atom[],
  ): void {
    const { outputs } = this.unit.equation!;
    const targets = outputs.map((_, i) => this.output(i));
    const inputs = operands.map((atom) => this.materialised(atom));
    const at = this.materialised(index);
    this.steps.push({
      kind: "branch",
      index: typeof at === "number" ? at : this.materialise(index),
      branches: branches.map((jaxpr) =>
        this.block.nested(simplified(jaxpr, null), inputs, targets).lower()
          .steps
      ),
    });
  }

  // Parts

  /** Whether a kernel that computes `atom` would read `from`. */
  private isComputedFrom(
    atom: Atom,
    from: Atom,
    seen: Set<Atom> = new Set(),
  ): boolean {
    if (atom === from) return true;
    if (seen.has(atom) || !(atom instanceof Var) || this.stored.has(atom)) {
      return false;
    }
    seen.add(atom);
    return this.block.definitionOf(atom).inputs.some((a) =>
      this.isComputedFrom(a, from, seen)
    );
  }

  /** Lowers the body of a loop; carries that it merely moves are copied. */
  private inner(
    given: Jaxpr,
    inputs: readonly (BufferId | Literal)[],
    { fresh = [] }: { readonly fresh?: readonly BufferId[] } = {},
  ): LoweredBlock {
    const { memory } = this.block.context;
    const jaxpr = simplified(given, null);
    const isKept = (atom: Atom, i: number) =>
      inputs[jaxpr.inputs.indexOf(atom as Var)] === fresh[i];
    const seen = new Set<Atom>();
    const targets = jaxpr.outputs.map((atom, i) => {
      const isResult = atom instanceof Var && !jaxpr.inputs.includes(atom) &&
        !seen.has(atom);
      seen.add(atom);
      if (fresh.length === 0 || isResult || isKept(atom, i)) return null;
      return memory.allocate(atom.aval);
    });
    return this.block.nested(jaxpr, inputs, targets).lower();
  }

  private storedBuffer(atom: Atom): BufferId | null {
    if (!(atom instanceof Var) || !this.stored.has(atom)) return null;
    const buffer = this.block.bufferOf(atom);
    return typeof buffer === "number" ? buffer : null;
  }

  /** A buffer that holds a value, or the literal that it is. */
  private materialised(atom: Atom): BufferId | Literal {
    if (atom instanceof Literal) return atom;
    const known = this.stored.has(atom) ? this.block.bufferOf(atom) : null;
    return known ?? this.materialise(atom);
  }

  private materialise(atom: Atom): BufferId {
    const to = this.temporary(atom.aval);
    this.storeRegion(to, wholeRegion(atom));
    return to;
  }

  /** Emits the kernel that makes stores over axes of the given extents. */
  private build(
    extents: readonly number[],
    stores: (body: KernelBody, index: readonly Index[]) => readonly Store[],
  ): void {
    this.assemble((body) => {
      const axes = body.k.innerAxes(extents, []);
      const loops = axes.flatMap((axis) => axis.loops);
      const made = stores(body, axes.map((axis) => axis.index));
      return body.check(loops) ?? schedule(body.k, loops, made);
    });
  }

  private assemble(
    make: (body: KernelBody) => Kernel | Unschedulable | Conflict,
  ): void {
    let cuts: Cuts = new Map();
    for (;;) {
      const body = new KernelBody(this.block, {
        stored: this.stored,
        members: this.unit.roots,
        chains: this.chains,
        k: new KernelBuilder(cuts),
      });
      const kernel = body.guarded(() => make(body));
      const needed = body.k.neededCuts();
      if (!(kernel instanceof Conflict) && !sameCuts(needed, cuts)) {
        cuts = needed;
      } else if (kernel instanceof Conflict) {
        return this.report(kernel);
      } else if (kernel instanceof Unschedulable) {
        return this.report(body.explain(kernel, this.unit.roots));
      } else {
        this.steps.push({ kind: "kernel", kernel, buffers: body.buffers });
        return;
      }
    }
  }

  private report({ stored, alone }: Conflict): void {
    this.conflict = new Conflict(
      new Set([...(this.conflict?.stored ?? []), ...stored]),
      new Set([...(this.conflict?.alone ?? []), ...alone]),
    );
  }
}

function wholeRegion(atom: Atom): Region {
  const { shape } = atom.aval;
  return {
    extents: shape,
    shape,
    at: (_, index) => index,
    value: (_, source) => source(atom),
  };
}
