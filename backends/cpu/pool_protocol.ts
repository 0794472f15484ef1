/**
 * How threads agree on who does what: words in shared memory and messages.
 *
 * The main thread writes a job, opens it and takes part. Workers enter while
 * it is open, and everybody takes chunks of items from one counter, so whoever
 * comes late or not at all does no harm. Then the main thread closes the job
 * and waits until nobody is inside, which is when the words may change again.
 */

import type { ProductTask } from "./blas_task.ts";

/**
 * Places in the words that the main thread and its workers share. Words that
 * different threads write are on different cache lines, of 16 words.
 */
export const POOL = {
  /** The kernel of the job, its phase, how many items, how many are taken at once. */
  KERNEL: 0,
  PHASE: 1,
  ITEMS: 2,
  CHUNK: 3,
  /** Whether the workers are to go home. */
  ENDED: 4,
  /** Counts jobs; what idle workers watch. */
  EPOCH: 16,
  /** How many workers sleep until `EPOCH` changes. */
  SLEEPERS: 32,
  /** How many workers are inside the job, and whether no more may enter. */
  STATE: 48,
  /** Whether the main thread sleeps until the last worker has left. */
  JOINING: 49,
  /** Bit of `STATE`. */
  CLOSED: 1 << 30,
  /** The first item that nobody has taken. */
  NEXT: 64,
  /** How many workers failed in this job; each sends a `Failure`, if it can. */
  FAILED: 80,
  /** How many words there are. */
  WORDS: 96,
  /**
   * Milliseconds for which an idle worker spins before it sleeps. A spinning
   * one begins 0.4 µs after a job opens, a sleeping one 25 µs, and most gaps
   * between the kernels of a program are shorter than this.
   */
  SPIN: 0.1,
  /**
   * Milliseconds for which the main thread spins for the last worker. Longer
   * than a chunk of most jobs takes; yet when other processes hold the cores,
   * it is lost in nearly every job.
   */
  JOIN_SPIN: 0.05,
  /** Looks at a word, of some 10 ns each with `Atomics.pause`, per look at the clock. */
  LOOKS: 64,
} as const;

/** What the main thread sends: a kernel to keep, or (no phases) to forget. */
export interface KernelMessage {
  readonly id: number;
  readonly module: WebAssembly.Module | null;
  /** What its only phase does where it has no module. */
  readonly task: ProductTask | null;
  readonly phases: readonly string[];
}

/** What a worker sends: why its part of the job did not end well. */
export interface Failure {
  readonly reason: string;
}

/** What a worker knows when it starts. */
export interface WorkerData {
  readonly memory: WebAssembly.Memory;
  /** The words of `POOL`. */
  readonly words: Int32Array;
  /** Address of this thread's scratch memory. */
  readonly scratch: number;
  /** Kernels come through it, failures go back. */
  readonly port: Port;
}

/** The part of a `MessagePort` that threads use. */
export interface Port {
  postMessage(message: unknown): void;
}

/** `receiveMessageOnPort`: what waits in a port, without an event loop. */
export type Receive = (port: Port) => { readonly message: unknown } | undefined;
