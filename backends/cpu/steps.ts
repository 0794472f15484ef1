/** The steps of a Program, ready to run: each knows its slots and its kernel. */

import type {
  BufferId,
  CopyStep,
  KernelStep,
  Program,
  Step,
} from "../../core/ir/program.ts";
import { itemSize } from "../../core/dtype.ts";
import type { Kernel } from "../../core/ir/kernel.ts";
import { formatKernel } from "../../core/ir/print.ts";
import { copyKernel, LARGE_COPY } from "./copy_kernel.ts";
import type { CompiledKernel } from "./kernels.ts";
import type { Machine } from "./machine.ts";

/** A phase of fewer nanoseconds is done before other threads have heard of it. */
const WORTH_THREADS = 30_000;

/** What steps work on: set anew for each run. */
export interface Frame {
  /** Address of each slot, as a signed word. */
  readonly addresses: Int32Array;
  /** Block of each slot that has one of its own, else 0. */
  readonly blocks: Int32Array;
}

/** One step of a Program. */
export interface StepRun {
  /** Rough nanoseconds of its work that threads share. */
  readonly sharedCost: number;
  run(): void;
}

/** Prepares steps, once for all runs. */
export class StepCompiler {
  /** Bytes of the largest workspace of a kernel so far. */
  workspace = 0;

  constructor(
    private readonly program: Program,
    private readonly frame: Frame,
    private readonly machine: Machine,
  ) {}

  compile(steps: readonly Step[]): readonly StepRun[] {
    return steps.flatMap((step) => this.compileStep(step));
  }

  private compileStep(step: Step): StepRun | readonly StepRun[] {
    const { frame, machine } = this;
    switch (step.kind) {
      case "kernel":
        return this.blasCall(step) ?? this.kernelCall(
          step.kernel,
          step.buffers.map((id) => this.slotOf(id)),
        );
      case "copy":
        return this.copy(step);
      case "loop":
        return new Loop(
          step.count ?? Infinity,
          step.counter === null ? -1 : this.slotOf(step.counter),
          step.condition && {
            steps: this.compile(step.condition.steps),
            flag: this.slotOf(step.condition.flag),
          },
          this.compile(step.body),
          step.carries.flatMap((c) => [
            this.slotOf(c.current),
            this.slotOf(c.next),
          ]),
          frame,
          machine,
        );
      case "branch":
        return new Branch(
          this.slotOf(step.index),
          step.branches.map((steps) => this.compile(steps)),
          frame,
          machine,
        );
      default:
        return step satisfies never;
    }
  }

  private copy({ from, to }: CopyStep): StepRun {
    const { dtype, size } = this.program.buffers[to]!;
    const slots = [this.slotOf(from), this.slotOf(to)] as const;
    const bytes = itemSize(dtype) * size;
    return bytes > LARGE_COPY
      ? this.kernelCall(copyKernel(dtype, size), slots)
      : new Copy(...slots, bytes, this.frame, this.machine);
  }

  /** Runs a kernel on slots, and on the workspace after them. */
  private kernelCall(kernel: Kernel, slots: readonly number[]): StepRun {
    const { frame, machine, program } = this;
    const compiled = machine.kernels.get(kernel);
    this.workspace = Math.max(this.workspace, compiled.workspace);
    const all = [...slots, program.slots.length];
    return new KernelCall(compiled, all, frame, machine);
  }

  /**
   * The same by a BLAS, where it takes the kernel. An epilogue may find the
   * sums in the workspace: it has no reductions, so it needs none for itself.
   */
  private blasCall({ kernel, buffers }: KernelStep): readonly StepRun[] | null {
    const { frame, machine, program } = this;
    const { blas } = machine;
    if (!blas) return null;
    const own = buffers.map((id) => this.slotOf(id));
    const isShared = (buffer: number) =>
      own.indexOf(own[buffer]!) !== own.lastIndexOf(own[buffer]!);
    const taken = blas.take(kernel, isShared);
    if (!taken) return null;
    this.workspace = Math.max(this.workspace, taken.workspace);
    const slots = [...own, program.slots.length];
    const text = `${formatKernel(kernel)}\n` +
      `by ${blas.library.name}, sums in $${taken.product.out.buffer}`;
    const compiled = machine.kernels.find(
      text,
      (id) => blas.compile(taken, id),
    );
    const call = new KernelCall(compiled, slots, frame, machine);
    if (!taken.epilogue) return [call];
    return [call, this.kernelCall(taken.epilogue, slots)];
  }

  private slotOf(id: BufferId): number {
    return this.program.buffers[id]!.slot;
  }
}

/** Rough nanoseconds of the work of some steps that threads share. */
export function sharedCostOf(steps: readonly StepRun[]): number {
  return steps.reduce((sum, { sharedCost }) => sum + sharedCost, 0);
}

/** Runs steps in order. */
export function runSteps(steps: readonly StepRun[]): void {
  for (let i = 0; i < steps.length; i++) steps[i]!.run();
}

class KernelCall implements StepRun {
  readonly sharedCost: number;
  private readonly slots: Int32Array;
  private readonly args: Int32Array;
  private readonly addresses: Int32Array;
  private readonly isShared: readonly boolean[];

  constructor(
    private readonly kernel: CompiledKernel,
    slots: readonly number[],
    frame: Frame,
    private readonly machine: Machine,
  ) {
    this.slots = Int32Array.from(slots);
    this.args = machine.memory.args;
    this.addresses = frame.addresses;
    this.isShared = kernel.phases.map(({ items, cost }) =>
      items > 1 && items * cost > WORTH_THREADS
    );
    this.sharedCost = kernel.phases.reduce(
      (sum, { items, cost }, i) => this.isShared[i] ? sum + items * cost : sum,
      0,
    );
  }

  run(): void {
    const { slots, args, addresses, kernel } = this;
    for (let i = 0; i < slots.length; i++) args[i] = addresses[slots[i]!]!;
    const { phases, exports } = kernel;
    for (let i = 0; i < phases.length; i++) {
      const { items } = phases[i]!;
      if (this.isShared[i]) this.machine.pool.run(kernel, i, items);
      else exports[i]!(0, items);
    }
    kernel.runs++;
  }
}

class Copy implements StepRun {
  readonly sharedCost = 0;

  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly bytes: number,
    private readonly frame: Frame,
    private readonly machine: Machine,
  ) {}

  run(): void {
    const { addresses } = this.frame;
    const from = addresses[this.from]! >>> 0;
    this.machine.memory.bytes.copyWithin(
      addresses[this.to]! >>> 0,
      from,
      from + this.bytes,
    );
  }
}

class Loop implements StepRun {
  /** Of one iteration where nobody knows how many there are. */
  readonly sharedCost: number;

  constructor(
    private readonly count: number,
    /** Slot of the counter, or -1. */
    private readonly counter: number,
    private readonly condition: {
      readonly steps: readonly StepRun[];
      readonly flag: number;
    } | null,
    private readonly body: readonly StepRun[],
    /** Pairs of slots. */
    private readonly carries: readonly number[],
    private readonly frame: Frame,
    private readonly machine: Machine,
  ) {
    this.sharedCost = (count === Infinity ? 1 : count) * sharedCostOf(body);
  }

  run(): void {
    const { count, counter, body, machine, frame: { addresses } } = this;
    for (let i = 0; i < count; i++) {
      if (counter >= 0) machine.memory.words[addresses[counter]! >>> 2] = i;
      if (!this.holds()) return;
      runSteps(body);
      this.exchange();
    }
  }

  private holds(): boolean {
    const { condition, machine, frame } = this;
    if (!condition) return true;
    runSteps(condition.steps);
    const address = frame.addresses[condition.flag]! >>> 0;
    return machine.memory.bytes[address] !== 0;
  }

  private exchange(): void {
    const { carries, frame: { addresses, blocks } } = this;
    for (let i = 0; i < carries.length; i += 2) {
      swap(addresses, carries[i]!, carries[i + 1]!);
      swap(blocks, carries[i]!, carries[i + 1]!);
    }
  }
}

function swap(values: Int32Array, i: number, j: number): void {
  const x = values[i]!;
  values[i] = values[j]!;
  values[j] = x;
}

class Branch implements StepRun {
  readonly sharedCost: number;

  constructor(
    private readonly index: number,
    private readonly branches: readonly (readonly StepRun[])[],
    private readonly frame: Frame,
    private readonly machine: Machine,
  ) {
    this.sharedCost = Math.min(...branches.map(sharedCostOf));
  }

  run(): void {
    const address = this.frame.addresses[this.index]!;
    const index = this.machine.memory.words[address >>> 2]!;
    const last = this.branches.length - 1;
    runSteps(this.branches[Math.min(Math.max(index, 0), last)]!);
  }
}
