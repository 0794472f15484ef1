/** Runs Programs kernel by kernel, and compares each with what it means. */

import { DTYPES } from "../../core/dtype.ts";
import type { Kernel, Stage } from "../../core/ir/kernel.ts";
import type { BufferId, Program, Step } from "../../core/ir/program.ts";
import { storageOf } from "../../core/storage.ts";
import type { KernelCode } from "../../backends/cpu/codegen/code.ts";
import { compileKernel as generate } from "../../backends/cpu/codegen/mod.ts";
import { compileKernel as interpreted } from "../../backends/interpreter/kernel.ts";
import { assertSameBuffers, runCode, type RunOptions } from "./_run_kernel.ts";

/** How kernels run, and how much floats may differ. */
export interface CheckOptions extends Omit<RunOptions, "memories"> {
  readonly tolerance?: number;
}

/**
 * Asserts that every kernel that a Program runs, in loops and branches too,
 * leaves what the interpreter computes from the same inputs. Buffers that share
 * memory do so in compiled code alone: there all is read before it is lost.
 */
export function checkProgram(
  program: Program,
  inputs: readonly Uint8Array[],
  options: CheckOptions = {},
): void {
  const check = new ProgramCheck(program, options);
  program.inputs.forEach((id, i) => check.bytesOf(id).set(inputs[i]!));
  check.run(program.steps);
}

class ProgramCheck {
  private readonly memory: ArrayBuffer[];
  private readonly codes = new Map<Kernel, KernelCode>();

  constructor(
    private readonly program: Program,
    private readonly options: CheckOptions,
  ) {
    this.memory = program.slots.map((bytes) => new ArrayBuffer(bytes));
  }

  bytesOf(id: BufferId): Uint8Array {
    const { dtype, size } = this.program.buffers[id]!;
    const memory = this.memory[this.slotOf(id)]!;
    return new Uint8Array(memory, 0, size * DTYPES[dtype].bytes);
  }

  run(steps: readonly Step[]): void {
    for (const step of steps) this.step(step);
  }

  private slotOf(id: BufferId): number {
    return this.program.buffers[id]!.slot;
  }

  private wordOf(id: BufferId): Int32Array {
    return new Int32Array(this.memory[this.slotOf(id)]!, 0, 1);
  }

  private step(step: Step): void {
    switch (step.kind) {
      case "kernel":
        return this.kernel(step.kernel, step.buffers);
      case "copy":
        return this.bytesOf(step.to).set(this.bytesOf(step.from));
      case "branch": {
        const last = step.branches.length - 1;
        const [which] = this.wordOf(step.index);
        return this.run(step.branches[Math.min(Math.max(which!, 0), last)]!);
      }
      case "loop":
        for (let i = 0; step.count === null || i < step.count; i++) {
          if (step.counter !== null) this.wordOf(step.counter)[0] = i;
          if (step.condition) {
            this.run(step.condition.steps);
            if (!this.bytesOf(step.condition.flag)[0]) return;
          }
          this.run(step.body);
          for (const { current, next } of step.carries) {
            this.exchange(this.slotOf(current), this.slotOf(next));
          }
        }
    }
  }

  private exchange(x: number, y: number): void {
    const { memory } = this;
    [memory[x], memory[y]] = [memory[y]!, memory[x]!];
  }

  private kernel(kernel: Kernel, buffers: readonly BufferId[]): void {
    const before = buffers.map((id) => this.bytesOf(id).slice());
    const expected = before.map((bytes) => bytes.slice());
    interpreted(kernel)(
      kernel.buffers.map(({ dtype, size }, i) =>
        storageOf(dtype, expected[i]!.buffer, 0, size)
      ),
    );
    const code = this.codes.get(kernel) ?? generate(kernel);
    this.codes.set(kernel, code);
    const memories = buffers.map((id) => this.slotOf(id));
    const options = { ...this.options, memories };
    const actual = runCode({ kernel, before }, code, options);
    const only = writtenBy(kernel);
    const { tolerance = 0 } = this.options;
    assertSameBuffers(kernel, actual, expected, { tolerance, only });
    for (const i of only) this.bytesOf(buffers[i]!).set(expected[i]!);
  }
}

/** The buffers that a kernel stores into. */
function writtenBy(kernel: Kernel): ReadonlySet<number> {
  switch (kernel.kind) {
    case "nest":
      return new Set(kernel.stages.flatMap(writtenByStage));
    case "contract":
    case "sort":
      return new Set(kernel.stores.map((s) => s.buffer));
    case "cumulative":
    case "scatter":
      return new Set([kernel.store.buffer]);
  }
}

function writtenByStage(stage: Stage): readonly number[] {
  return stage.kind === "store" ? [stage.store.buffer] : [];
}
