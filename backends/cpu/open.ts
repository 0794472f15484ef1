/** The device `cpu`: Programs as WebAssembly on every core. */

import type { Backend, Buffer } from "../../core/backend.ts";
import { type DType, DTYPES } from "../../core/dtype.ts";
import { cellOf, type CpuBuffer } from "./cells.ts";
import { compileKernel } from "./codegen/mod.ts";
import { cpuSettings, onCpuSettings } from "./configure.ts";
import { kernelCompiler, type KernelRow } from "./kernels.ts";
import { ARGUMENT_WORDS, MAX_THREADS } from "./layout.ts";
import { Machine } from "./machine.ts";
import { createMemory } from "./memory.ts";
import { outOfMemory } from "./out_of_memory.ts";
import { RenewedExecutable } from "./renewal.ts";

/** Buffers of a kernel: their addresses and that of the workspace must fit. */
const BINDINGS = ARGUMENT_WORDS - 1;

let opened: Machine | null = null;

/** Opens the device. */
export function openCpu(): Backend {
  const memory = createMemory(MAX_THREADS);
  const compiler = kernelCompiler(memory.memory, compileKernel);
  const machine = new Machine(memory, compiler, cpuSettings());
  onCpuSettings(() => machine.resize(cpuSettings()));
  opened = machine;
  return backendOn(machine);
}

/** The kernels compiled so far, for whoever wonders what ran where. */
export function compiledKernels(): readonly KernelRow[] {
  return opened?.kernels.list() ?? [];
}

/** A machine as the rest of the library sees it. */
export function backendOn(machine: Machine): Backend {
  const { cells } = machine;
  const read = (buffer: Buffer) => cells.read(buffer as CpuBuffer);
  return {
    name: "cpu",
    dtypes: new Set(Object.keys(DTYPES) as DType[]),
    limits: {
      bindings: BINDINGS,
      get bytes() {
        return cells.capacity;
      },
    },
    put: (data) => {
      const buffer = cells.put(data);
      if (buffer) return buffer;
      throw outOfMemory("put an array", data.byteLength, cells.budget);
    },
    share: (buffer) => cells.share(cellOf(buffer as CpuBuffer)),
    free: (buffer) => cells.release(buffer as CpuBuffer),
    read: (buffer) => Promise.resolve(read(buffer)),
    readSync: read,
    compile: (program) => new RenewedExecutable(program, machine),
  };
}
