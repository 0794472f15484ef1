/** What a worker thread does. It travels as text, so that no file is needed. */

import type {
  Failure,
  KernelMessage,
  POOL,
  Receive,
  WorkerData,
} from "./pool_protocol.ts";
import { GEMM_SYMBOLS, productPhases } from "./blas_phase.ts";
import type { ProductTask } from "./blas_task.ts";
import { ARGUMENTS } from "./layout.ts";
import { POOL as POOL_WORDS } from "./pool_protocol.ts";

type PhaseFunction = (from: number, to: number) => void;

type PhaseOfTask = (task: ProductTask) => PhaseFunction;

/** The script of a worker: JavaScript, as types are gone when it runs. */
export function workerScript(): string {
  return `const { workerData, receiveMessageOnPort } =
  require("node:worker_threads");
const phaseOf = (${productPhases})(
  ${JSON.stringify(GEMM_SYMBOLS)}, workerData.memory, ${ARGUMENTS});
(${serve})(
  ${JSON.stringify(POOL_WORDS)}, workerData, receiveMessageOnPort, phaseOf);`;
}

/**
 * Works on one job after the other until the pool is gone. It never returns to
 * the event loop meanwhile, and it must not mention anything outside itself:
 * only its text arrives.
 */
function serve(
  pool: typeof POOL,
  { memory, words, scratch, port }: WorkerData,
  receive: Receive,
  phaseOf: PhaseOfTask,
): void {
  const kernels = new Map<number, KernelMessage>();
  const instances = new Map<number, readonly PhaseFunction[]>();
  const imports = {
    env: { memory, scratch: new WebAssembly.Global({ value: "i32" }, scratch) },
    math: Math as unknown as WebAssembly.ModuleImports,
  };

  function awaitNewsAfter(epoch: number): void {
    const end = performance.now() + pool.SPIN;
    do {
      for (let look = 0; look < pool.LOOKS; look++) {
        if (Atomics.load(words, pool.EPOCH) !== epoch) return;
        Atomics.pause();
      }
    } while (performance.now() < end);
    Atomics.add(words, pool.SLEEPERS, 1);
    Atomics.wait(words, pool.EPOCH, epoch);
    Atomics.sub(words, pool.SLEEPERS, 1);
  }

  function enter(): boolean {
    for (;;) {
      const state = Atomics.load(words, pool.STATE);
      if (state & pool.CLOSED) return false;
      const found = Atomics.compareExchange(
        words,
        pool.STATE,
        state,
        state + 1,
      );
      if (found === state) return true;
    }
  }

  function leave(): void {
    const isLast = Atomics.sub(words, pool.STATE, 1) === (pool.CLOSED | 1);
    if (isLast && Atomics.load(words, pool.JOINING) === 1) {
      Atomics.notify(words, pool.STATE);
    }
  }

  function readMessages(): void {
    for (let next = receive(port); next; next = receive(port)) {
      const kernel = next.message as KernelMessage;
      instances.delete(kernel.id);
      if (kernel.phases.length === 0) kernels.delete(kernel.id);
      else kernels.set(kernel.id, kernel);
    }
  }

  function instantiate(id: number): readonly PhaseFunction[] {
    if (!kernels.has(id)) readMessages();
    const kernel = kernels.get(id);
    if (!kernel) throw new Error("it has not been sent");
    const phases = phasesOf(kernel);
    instances.set(id, phases);
    return phases;
  }

  function phasesOf(
    { module, task, phases }: KernelMessage,
  ): readonly PhaseFunction[] {
    if (module === null) return [phaseOf(task!)];
    const { exports } = new WebAssembly.Instance(module, imports);
    return phases.map((name) => exports[name] as PhaseFunction);
  }

  function work(): void {
    const items = words[pool.ITEMS]!;
    const chunk = words[pool.CHUNK]!;
    const kernel = words[pool.KERNEL]!;
    const phases = instances.get(kernel) ?? instantiate(kernel);
    const run = phases[words[pool.PHASE]!]!;
    for (;;) {
      const from = Atomics.add(words, pool.NEXT, chunk);
      if (from >= items) return;
      run(from, Math.min(from + chunk, items));
    }
  }

  function fail(error: unknown): void {
    Atomics.store(words, pool.NEXT, words[pool.ITEMS]!); // nothing left to do
    Atomics.add(words, pool.FAILED, 1);
    const reason = error instanceof Error ? error.message : String(error);
    port.postMessage({ reason } satisfies Failure);
  }

  // One less than now: a job that is already open is news.
  let epoch = Atomics.load(words, pool.EPOCH) - 1;
  for (;;) {
    awaitNewsAfter(epoch);
    epoch = Atomics.load(words, pool.EPOCH);
    if (Atomics.load(words, pool.ENDED) === 1) return;
    if (!enter()) continue;
    try {
      work();
    } catch (error) {
      fail(error);
    } finally {
      leave();
    }
  }
}
