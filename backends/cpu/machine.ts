/** What one opened CPU consists of: memory, arrays on it, kernels, threads. */

import { Blas } from "./blas.ts";
import type { BlasLibrary } from "./blas_library.ts";
import { Cells } from "./cells.ts";
import { type KernelCompiler, Kernels } from "./kernels.ts";
import { scratchOf } from "./layout.ts";
import type { SharedMemory } from "./memory.ts";
import { openPool, type Pool } from "./pool.ts";

/** How large a machine is. */
export interface MachineOptions {
  readonly threads: number;
  /** Bytes that arrays and running programs may take. */
  readonly memoryBudget: number;
  /** What multiplies large matrices, if not our own kernels. */
  readonly blas?: BlasLibrary | null;
}

/** Memory, cells, kernels and threads that belong together. */
export class Machine {
  readonly cells: Cells;
  readonly kernels: Kernels;
  private opened: Pool | null = null;
  private threads: number;
  private library: Blas | null = null;

  constructor(
    readonly memory: SharedMemory,
    compiler: KernelCompiler,
    { threads, memoryBudget, blas = null }: MachineOptions,
  ) {
    this.threads = threads;
    this.cells = new Cells(memory, memoryBudget);
    this.kernels = new Kernels(compiler, (id) => this.opened?.forget(id));
    this.useBlas(blas);
  }

  /** The BLAS of the system, where that was asked for. */
  get blas(): Blas | null {
    return this.library;
  }

  /** The threads, from the first time that a program has work for them. */
  get pool(): Pool {
    return this.opened ??= openPool(this.memory.memory, {
      threads: this.threads,
      scratchOf,
      beforeStart: () => this.cells.useAllMemory(),
    });
  }

  /** Why fewer threads work than were asked for, if so. */
  get failure(): string | null {
    return this.opened?.failure ?? null;
  }

  /** Changes its size; all arrays stay as they are. */
  resize({ threads, memoryBudget, blas = null }: MachineOptions): void {
    this.cells.budget = memoryBudget;
    if (threads !== this.threads) {
      this.threads = threads;
      this.opened?.dispose();
      this.opened = null;
    }
    this.useBlas(blas);
  }

  private useBlas(library: BlasLibrary | null): void {
    if (library === (this.library?.library ?? null)) return;
    this.library = library && new Blas(library, this.memory.memory);
  }
}
