/** What code generation gives: a kernel in WebAssembly, and how to run it. */

/** A kernel in WebAssembly. */
export interface KernelCode {
  /**
   * The module. It imports `env.memory`, `env.scratch` (the address of the
   * calling thread's scratch memory) and functions of `math`.
   */
  readonly bytes: Uint8Array;
  /** Run in order; each is finished before the next one starts. */
  readonly phases: readonly Phase[];
  /** Bytes shared by all phases and threads of one run. */
  readonly workspace: number;
  /** Bytes private to each thread. */
  readonly scratch: number;
}

/** Part of a kernel whose work items may run in any order, on any thread. */
export interface Phase {
  /** The exported function `(from: i32, to: i32)` that runs items `[from, to)`. */
  readonly name: string;
  /** How many there are: cut by shape, never by the number of threads. */
  readonly items: number;
  /** Rough nanoseconds of one item on one core: decides if threads are worth it. */
  readonly cost: number;
}
