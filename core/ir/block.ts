/** What the lowering of a jaxpr offers to primitives that emit steps. */

import type { Aval } from "../aval.ts";
import type { Atom, Jaxpr, Var } from "../jaxpr.ts";
import type { KernelBuilder, Source } from "./builder.ts";
import type { Index } from "./index.ts";
import type { Kernel } from "./kernel.ts";
import type { BufferId } from "./program.ts";

/** An equation as its `lowerStep` rule sees it. */
export interface StepEquation {
  readonly inputs: readonly Atom[];
  readonly outputs: readonly Var[];
}

/** Part of a buffer, and what to store there. */
export interface Region {
  /** Extents of the part. */
  readonly extents: readonly number[];
  /** Shape of the whole buffer. */
  readonly shape: readonly number[];
  /** Where in the whole buffer an index of the part lies. */
  at(
    k: KernelBuilder,
    index: readonly Index[],
    source: (atom: Atom) => Source,
  ): readonly Index[];
  /** The value at an index of the part. */
  value(k: KernelBuilder, source: (atom: Atom) => Source): Source;
}

/** A loop whose body is a jaxpr over `[counter, ...consts, ...carries]`. */
export interface LoopDescription {
  /** Number of iterations, or `null` to run while `condition` holds. */
  readonly count: number | null;
  /** Over `[...consts, ...carries]`; gives one bool. */
  readonly condition: {
    readonly jaxpr: Jaxpr;
    readonly consts: readonly Atom[];
  } | null;
  /** Whether the body takes the iteration's number as its first input. */
  readonly counter: boolean;
  readonly body: Jaxpr;
  readonly consts: readonly Atom[];
  /** Initial values; `null` where the body writes every element before it is read. */
  readonly carries: readonly (Atom | null)[];
}

/** Emits the steps of one equation into the Program being made. */
export interface BlockLowering {
  /** The buffer of output `i`. */
  output(i: number): BufferId;
  /** A new buffer for a value that only this equation's steps see. */
  temporary(aval: Aval): BufferId;
  /** Has `atom` stored before this equation if it is computed from `from`. */
  storeBefore(atom: Atom, from: Atom): void;
  /** Starts `to` as a copy of a value; free of cost where its memory can be taken over. */
  copy(from: Atom, to: BufferId): void;
  /** Stores to part of a buffer, by a kernel of any kind that fuses its value. */
  storeRegion(to: BufferId, region: Region): void;
  /** Emits a kernel that the rule builds itself. */
  kernel(
    build: (
      k: KernelBuilder,
      source: (atom: Atom) => Source,
      /** The kernel's own number for a buffer that it writes. */
      target: (buffer: BufferId) => number,
    ) => Kernel,
  ): void;
  /** Emits a loop that leaves carry `i` in buffer `outputs[i]`, if one is given. */
  loop(loop: LoopDescription, outputs: readonly (BufferId | null)[]): void;
  /** Emits branches that all write the outputs of the equation. */
  branch(
    index: Atom,
    branches: readonly Jaxpr[],
    operands: readonly Atom[],
  ): void;
}
