/** A CPU with little memory whose kernels are interpreted, to test what runs them. */

import type { Backend } from "../../core/backend.ts";
import { storageOf } from "../../core/storage.ts";
import { compileKernel } from "../../backends/interpreter/kernel.ts";
import { Cells } from "../../backends/cpu/cells.ts";
import type { KernelCompiler } from "../../backends/cpu/kernels.ts";
import { UNIT } from "../../backends/cpu/layout.ts";
import { Machine } from "../../backends/cpu/machine.ts";
import { createMemory, type SharedMemory } from "../../backends/cpu/memory.ts";
import { backendOn } from "../../backends/cpu/open.ts";

let shared: SharedMemory | undefined;

/** The first bytes of one memory for all tests, no larger than the budget if it is `tight`. */
export function smallMemory(bytes: number, tight = false): SharedMemory {
  shared ??= createMemory(1);
  // Kernels must not rely on memory being zero.
  shared.bytes.fill(0xa5, shared.start * UNIT, shared.start * UNIT + bytes);
  if (!tight) return shared;
  const end = shared.start + Math.floor(bytes / UNIT);
  return { ...shared, end, limit: end };
}

/** Cells in a memory of their own. */
export function smallCells(budget: number, tight = false): Cells {
  return new Cells(smallMemory(budget, tight), budget);
}

/** A machine, and the device on it. */
export interface SmallMachine {
  readonly machine: Machine;
  readonly backend: Backend;
}

/** A machine with a budget; a `tight` one has no addresses beyond it. */
export function smallMachine(budget: number, tight = false): SmallMachine {
  const memory = smallMemory(budget, tight);
  const machine = new Machine(memory, interpreted(memory), {
    threads: 1,
    memoryBudget: budget,
  });
  return { machine, backend: backendOn(machine) };
}

/** Runs kernels as compiled ones are run: their buffers are where the arguments say. */
function interpreted({ memory, args }: SharedMemory): KernelCompiler {
  return (kernel, id) => {
    const run = compileKernel(kernel);
    const views = () =>
      kernel.buffers.map(({ dtype, size }, i) =>
        storageOf(dtype, memory.buffer, args[i]! >>> 0, size)
      );
    return {
      id,
      kind: kernel.kind,
      module: EMPTY,
      phases: [{ name: "all", items: 1, cost: 0 }],
      exports: [() => run(views())],
      workspace: 0,
      size: 0,
      runs: 0,
    };
  };
}

/** The header of a module: magic number and version. */
const EMPTY = new WebAssembly.Module(
  Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0),
);
