/** A Program: kernels, loops and branches in order, with planned memory. */

import type { DType } from "../dtype.ts";
import type { Kernel } from "./kernel.ts";

/** Names one buffer of a Program: its position in `buffers`. */
export type BufferId = number;

/** A value that is stored, and the slot of memory that holds it. */
export interface BufferInfo {
  readonly dtype: DType;
  readonly size: number;
  /** Buffers that are never alive together share a slot. */
  readonly slot: number;
}

/** Runs a kernel on buffers; `buffers[i]` is what the kernel calls `i`. */
export interface KernelStep {
  readonly kind: "kernel";
  readonly kernel: Kernel;
  readonly buffers: readonly BufferId[];
}

/** Copies a buffer whose memory could not be taken over. */
export interface CopyStep {
  readonly kind: "copy";
  readonly from: BufferId;
  readonly to: BufferId;
}

/** A value that a loop passes from one iteration to the next. */
export interface Carry {
  /** Holds the value at the start of an iteration, and after the loop. */
  readonly current: BufferId;
  /** Where the body leaves it. Slots are exchanged unless they are one. */
  readonly next: BufferId;
}

/** Runs `body` a known number of times, or as long as a condition holds. */
export interface LoopStep {
  readonly kind: "loop";
  readonly count: number | null;
  /** An int32 that the backend sets to 0, 1, 2, ... before each iteration. */
  readonly counter: BufferId | null;
  readonly condition: {
    readonly steps: readonly Step[];
    readonly flag: BufferId;
  } | null;
  readonly body: readonly Step[];
  readonly carries: readonly Carry[];
}

/** Runs one of several branches, chosen by a clamped int32. */
export interface BranchStep {
  readonly kind: "branch";
  readonly index: BufferId;
  readonly branches: readonly (readonly Step[])[];
}

/** One step of a Program. */
export type Step = KernelStep | CopyStep | LoopStep | BranchStep;

/** What a backend compiles. */
export interface Program {
  readonly buffers: readonly BufferInfo[];
  /** Size of each slot in bytes. */
  readonly slots: readonly number[];
  readonly inputs: readonly BufferId[];
  /** Inputs whose memory the Program may overwrite. */
  readonly donated: readonly boolean[];
  readonly outputs: readonly BufferId[];
  readonly steps: readonly Step[];
}
