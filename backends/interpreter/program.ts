/** Runs the steps of a Program in order, on one `ArrayBuffer` a slot. */

import { storageOf } from "../../core/storage.ts";
import type { Kernel } from "../../core/ir/kernel.ts";
import type { BufferId, Program, Step } from "../../core/ir/program.ts";
import { compileKernel, type KernelRun } from "./kernel.ts";

/** A Program on the memory of its inputs; gives that of its outputs. */
export type ProgramRun = (
  inputs: readonly ArrayBuffer[],
) => readonly ArrayBuffer[];

type StepRun = (memory: ArrayBuffer[]) => void;

/** Makes a Program ready to run. */
export function compileProgram(program: Program): ProgramRun {
  const { buffers, slots } = program;
  const slotOf = (id: BufferId) => buffers[id]!.slot;
  const inputSlots = program.inputs.map(slotOf);
  const outputSlots = program.outputs.map(slotOf);
  const kept = inputSlots.filter((_, i) => !program.donated[i]);
  // Two arrays must not share memory: either could be donated and overwritten.
  const isShared = outputSlots.map((slot, i) =>
    kept.includes(slot) || outputSlots.indexOf(slot) !== i
  );
  const run = compileSteps(program, program.steps);
  return (inputs) => {
    const memory: ArrayBuffer[] = [];
    inputSlots.forEach((slot, i) => memory[slot] = inputs[i]!);
    slots.forEach((bytes, slot) => memory[slot] ??= new ArrayBuffer(bytes));
    run(memory);
    return outputSlots.map((slot, i) =>
      isShared[i] ? memory[slot]!.slice(0) : memory[slot]!
    );
  };
}

function compileSteps(program: Program, steps: readonly Step[]): StepRun {
  const kernels = new Map<Kernel, KernelRun>();
  const runs = steps.map((step) => compileStep(program, step, kernels));
  return (memory) => {
    for (const run of runs) run(memory);
  };
}

function compileStep(
  program: Program,
  step: Step,
  kernels: Map<Kernel, KernelRun>,
): StepRun {
  const slotOf = (id: BufferId) => program.buffers[id]!.slot;
  const viewOf = (memory: readonly ArrayBuffer[], id: BufferId) => {
    const { dtype, size, slot } = program.buffers[id]!;
    return storageOf(dtype, memory[slot]!, 0, size);
  };
  switch (step.kind) {
    case "kernel": {
      const run = kernels.get(step.kernel) ?? compileKernel(step.kernel);
      kernels.set(step.kernel, run);
      return (memory) => run(step.buffers.map((id) => viewOf(memory, id)));
    }
    case "copy":
      return (memory) =>
        (viewOf(memory, step.to) as Uint8Array).set(
          viewOf(memory, step.from) as Uint8Array,
        );
    case "loop": {
      const body = compileSteps(program, step.body);
      const condition = step.condition && {
        run: compileSteps(program, step.condition.steps),
        flag: step.condition.flag,
      };
      return (memory) => {
        for (let i = 0; step.count === null || i < step.count; i++) {
          if (step.counter !== null) viewOf(memory, step.counter)[0] = i;
          if (condition) {
            condition.run(memory);
            if (!viewOf(memory, condition.flag)[0]) break;
          }
          body(memory);
          exchange(
            memory,
            step.carries.map((c) => [slotOf(c.current), slotOf(c.next)]),
          );
        }
      };
    }
    case "branch": {
      const branches = step.branches.map((steps) =>
        compileSteps(program, steps)
      );
      return (memory) => {
        const index = viewOf(memory, step.index)[0]!;
        branches[Math.min(Math.max(index, 0), branches.length - 1)]!(memory);
      };
    }
    default:
      return step satisfies never;
  }
}

function exchange(
  memory: ArrayBuffer[],
  pairs: readonly (readonly [number, number])[],
): void {
  for (const [x, y] of pairs) {
    [memory[x], memory[y]] = [memory[y]!, memory[x]!];
  }
}
