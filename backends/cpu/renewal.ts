/** Programs outlive settings: they are prepared again once another BLAS runs them. */

import type { Buffer, Executable } from "../../core/backend.ts";
import type { Program } from "../../core/ir/program.ts";
import type { Machine } from "./machine.ts";
import { CpuExecutable } from "./program.ts";

/** A Program, prepared for the BLAS in use or for none. */
export class RenewedExecutable implements Executable {
  private blas: Machine["blas"];
  private prepared: CpuExecutable;

  constructor(
    private readonly program: Program,
    private readonly machine: Machine,
  ) {
    this.blas = machine.blas;
    this.prepared = new CpuExecutable(program, machine);
  }

  run(inputs: readonly Buffer[]): readonly Buffer[] {
    const { blas } = this.machine;
    if (blas !== this.blas) {
      this.prepared = new CpuExecutable(this.program, this.machine);
      this.blas = blas;
    }
    return this.prepared.run(inputs);
  }
}
