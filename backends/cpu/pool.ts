/** The threads of the CPU: how they share a job, and wait for each other. */

import type { ProductTask } from "./blas_task.ts";
import { Crew, reasonOf } from "./pool_crew.ts";
import { POOL } from "./pool_protocol.ts";

/** A compiled kernel, as the pool sees it. */
export interface PoolKernel {
  /** Positive, and of no other kernel of this pool. */
  readonly id: number;
  readonly module: WebAssembly.Module | null;
  /** What its only phase does where it has no module. */
  readonly task?: ProductTask | null;
  readonly phases: readonly {
    readonly name: string;
    /** Rough nanoseconds of one item, if known. */
    readonly cost?: number;
  }[];
  /** The phases, as the main thread runs them. */
  readonly exports: readonly ((from: number, to: number) => void)[];
}

/** The main thread and its workers. */
export interface Pool {
  /** How many threads take part in a job, once all have been started. */
  readonly threads: number;
  /** How many workers have been started. */
  readonly workers: number;
  /** Why fewer threads work than were asked for, or did for a while. */
  readonly failure: string | null;
  /**
   * Runs items `[0, items)` of a phase, each once, on any thread in any order;
   * all are done when it returns.
   *
   * @throws {Error} if an item fails on any thread; some others may not have run
   */
  run(kernel: PoolKernel, phase: number, items: number): void;
  /**
   * Announces work of so many milliseconds on one thread. A worker for which it
   * is enough starts before it, rather than when half of it is done.
   */
  expect(work: number): void;
  /** Lets the workers release a kernel. */
  forget(id: number): void;
  /** Lets the workers end. What runs later, runs on the main thread. */
  dispose(): void;
}

/** How a pool is opened. */
export interface PoolOptions {
  /** How many threads may work, the main thread included. */
  readonly threads: number;
  /** Address of the scratch memory of a thread, from 1 on. */
  readonly scratchOf: (thread: number) => number;
  /** Called before a worker starts: from then on the memory must not grow. */
  readonly beforeStart?: () => void;
  /**
   * Milliseconds of work, done or expected, for which the next worker is
   * started. It takes the main thread 25 to 40 ms to start one (Deno waits for
   * it), so a short script is faster without; a long one loses at most about
   * that.
   */
  readonly startAfter?: number;
}

/** Chunks of items per thread: fewer wait longer for the last, more cost more. */
const CHUNKS_PER_THREAD = 16;

/** Nanoseconds of work beside which taking a chunk costs nothing. */
const CHUNK_COST = 20_000;

/** More threads than this rarely find enough memory bandwidth. */
const DEFAULT_THREAD_LIMIT = 16;

/** How many threads work unless the user says otherwise: one for each core. */
export function defaultThreads(): number {
  return Math.min(navigator.hardwareConcurrency ?? 1, DEFAULT_THREAD_LIMIT);
}

/** A pool on `memory`. */
export function openPool(
  memory: WebAssembly.Memory,
  options: PoolOptions,
): Pool {
  return new ThreadPool(memory, options);
}

class ThreadPool implements Pool {
  readonly #crew: Crew;
  readonly #startAfter: number;
  readonly #beforeStart: () => void;
  #threads: number;
  /** Milliseconds of work since the last start of a worker. */
  #worked = 0;

  constructor(
    memory: WebAssembly.Memory,
    { threads, scratchOf, startAfter = 40, beforeStart = () => {} }:
      PoolOptions,
  ) {
    this.#beforeStart = beforeStart;
    this.#crew = new Crew(memory, scratchOf);
    this.#startAfter = startAfter;
    this.#threads = Math.max(1, threads);
  }

  get threads(): number {
    return this.#threads;
  }

  get workers(): number {
    return this.#crew.size;
  }

  get failure(): string | null {
    return this.#crew.failure;
  }

  run(kernel: PoolKernel, phase: number, items: number): void {
    if (items > 1 && this.#threads > 1) {
      this.#share(kernel, phase, items);
    } else if (items > 0) {
      try {
        kernel.exports[phase]!(0, items);
      } catch (error) {
        throw failureOf(kernel, phase, error);
      }
    }
  }

  expect(work: number): void {
    if (this.#mayStart() && this.#worked + work >= this.#startAfter) {
      this.#startNext();
    }
  }

  forget(id: number): void {
    this.#crew.forget(id);
  }

  dispose(): void {
    this.#threads = 1;
    this.#crew.sendHome();
  }

  #share(kernel: PoolKernel, phase: number, items: number): void {
    if (!this.#crew.knows(kernel.id)) this.#introduce(kernel);
    const { words } = this.#crew;
    const { cost = 0 } = kernel.phases[phase]!;
    const fair = Math.ceil(items / (CHUNKS_PER_THREAD * this.#threads));
    const chunk = Math.min(fair, Math.ceil(CHUNK_COST / cost));
    this.#open(kernel.id, phase, items, chunk);
    let failure: unknown = null;
    try {
      this.#work(kernel.exports[phase]!, items, chunk);
    } catch (error) {
      Atomics.store(words, POOL.NEXT, items); // nothing left to do
      failure = error;
    }
    this.#join();
    if (words[POOL.FAILED] !== 0) failure = this.#crew.takeReason(failure);
    if (failure !== null) throw failureOf(kernel, phase, failure);
  }

  #introduce({ id, module, task = null, phases }: PoolKernel): void {
    const names = phases.map(({ name }) => name);
    this.#crew.introduce({ id, module, task, phases: names });
  }

  /** Nobody is inside, so plain writes do; the change of state publishes them. */
  #open(kernel: number, phase: number, items: number, chunk: number): void {
    const { words } = this.#crew;
    words[POOL.KERNEL] = kernel;
    words[POOL.PHASE] = phase;
    words[POOL.ITEMS] = items;
    words[POOL.CHUNK] = chunk;
    words[POOL.NEXT] = 0;
    Atomics.store(words, POOL.STATE, 0);
    Atomics.add(words, POOL.EPOCH, 1);
    if (Atomics.load(words, POOL.SLEEPERS) > 0) {
      Atomics.notify(words, POOL.EPOCH, Math.ceil(items / chunk) - 1);
    }
  }

  #work(
    run: (from: number, to: number) => void,
    items: number,
    chunk: number,
  ): void {
    const { words } = this.#crew;
    for (;;) {
      const mayStart = this.#mayStart();
      const before = mayStart ? performance.now() : 0;
      const from = Atomics.add(words, POOL.NEXT, chunk);
      if (from >= items) return;
      run(from, Math.min(from + chunk, items));
      if (mayStart) this.#consider(performance.now() - before);
    }
  }

  /** Waits until all workers are outside: spinning, then asleep. */
  #join(): void {
    const { words } = this.#crew;
    if (Atomics.or(words, POOL.STATE, POOL.CLOSED) === 0) return;
    const end = performance.now() + POOL.JOIN_SPIN;
    do {
      for (let look = 0; look < POOL.LOOKS; look++) {
        if (Atomics.load(words, POOL.STATE) === POOL.CLOSED) return;
        Atomics.pause();
      }
    } while (performance.now() < end);
    // Asleep, it leaves its core to the workers, should they share it.
    Atomics.store(words, POOL.JOINING, 1);
    for (;;) {
      const state = Atomics.load(words, POOL.STATE);
      if (state === POOL.CLOSED) break;
      Atomics.wait(words, POOL.STATE, state);
    }
    Atomics.store(words, POOL.JOINING, 0);
  }

  #mayStart(): boolean {
    return this.#crew.size + 1 < this.#threads;
  }

  #consider(worked: number): void {
    this.#worked += worked;
    if (this.#worked >= this.#startAfter) this.#startNext();
  }

  #startNext(): void {
    this.#worked = 0;
    this.#beforeStart();
    if (!this.#crew.start()) this.#threads = this.#crew.size + 1;
  }
}

function failureOf(kernel: PoolKernel, phase: number, cause: unknown): Error {
  const { name } = kernel.phases[phase]!;
  return new Error(
    `Kernel ${kernel.id} failed in ${name}: ${reasonOf(cause)}`,
    { cause },
  );
}
