/** The workers of a pool: how they come to life, hear of kernels and go home. */

import {
  type Failure,
  type KernelMessage,
  POOL,
  type Port,
  type WorkerData,
} from "./pool_protocol.ts";
import { workerScript } from "./pool_worker.ts";

type Threads = typeof import("node:worker_threads");

interface Thread {
  readonly port: Port & { close(): void };
  /** Holds it: a worker without references may be collected. */
  readonly worker: unknown;
}

/** The present workers. */
export class Crew {
  /** Why workers are missing, or were for a while. */
  failure: string | null = null;
  readonly #memory: WebAssembly.Memory;
  readonly #scratchOf: (thread: number) => number;
  /** Of the present workers alone: those that were sent home have others. */
  #words = closedWords();
  readonly #started: Thread[] = [];
  /** What all workers have been sent. */
  readonly #sent = new Map<number, KernelMessage>();

  constructor(
    memory: WebAssembly.Memory,
    scratchOf: (thread: number) => number,
  ) {
    this.#memory = memory;
    this.#scratchOf = scratchOf;
  }

  /** How many there are. */
  get size(): number {
    return this.#started.length;
  }

  /** The words of `POOL`. */
  get words(): Int32Array<SharedArrayBuffer> {
    return this.#words;
  }

  /** Whether the workers, also those that are started later, have a kernel. */
  knows(id: number): boolean {
    return this.#sent.has(id);
  }

  introduce(kernel: KernelMessage): void {
    this.#sent.set(kernel.id, kernel);
    this.#send(kernel);
  }

  forget(id: number): void {
    if (!this.#sent.delete(id)) return;
    this.#send({ id, module: null, task: null, phases: [] });
  }

  #send(message: KernelMessage): void {
    for (const { port } of this.#started) port.postMessage(message);
  }

  /** Why a job failed: `first` on the main thread, or what a worker has sent. */
  takeReason(first: unknown): unknown {
    this.#words[POOL.FAILED] = 0;
    const { receiveMessageOnPort } = threadsModule();
    const reasons = this.#started.map(({ port }) =>
      (receiveMessageOnPort(port as never)?.message as Failure | undefined)
        ?.reason
    );
    return first ?? reasons.find((reason) => reason !== undefined) ??
      "a worker did not say why";
  }

  /** Starts one more worker, if that is possible. */
  start(): boolean {
    const thread = this.#started.length + 1;
    try {
      this.#started.push(this.#newThread(thread));
      return true;
    } catch (error) {
      this.failure = `Cannot start worker thread ${thread}: ${reasonOf(error)}`;
      return false;
    }
  }

  #newThread(thread: number): Thread {
    const { Worker, MessageChannel } = threadsModule();
    const { port1, port2 } = new MessageChannel();
    const words = this.#words;
    const workerData = {
      memory: this.#memory,
      words,
      scratch: this.#scratchOf(thread) | 0,
      port: port2 as unknown as Port,
    } satisfies WorkerData;
    for (const message of this.#sent.values()) port1.postMessage(message);
    const worker = new Worker(workerScript(), {
      eval: true,
      workerData,
      transferList: [port2],
    });
    worker.on("error", (error: unknown) => {
      this.failure = `Worker thread ${thread} ended: ${reasonOf(error)}`;
    });
    // Only this thread can end a worker, so it is outside of jobs. It may run
    // on for seconds; with words of its own, it takes part in none.
    worker.on("exit", () => {
      if (words !== this.#words) return;
      this.failure ??= `Worker thread ${thread} ended`;
      this.sendHome();
    });
    worker.unref();
    return { port: port1, worker };
  }

  /** Nobody is inside a job. Others may be started later. */
  sendHome(): void {
    Atomics.store(this.#words, POOL.ENDED, 1);
    Atomics.add(this.#words, POOL.EPOCH, 1);
    Atomics.notify(this.#words, POOL.EPOCH);
    this.#words = closedWords();
    for (const { port } of this.#started) port.close();
    this.#started.length = 0;
    this.#sent.clear();
  }
}

function closedWords(): Int32Array<SharedArrayBuffer> {
  const words = new Int32Array(new SharedArrayBuffer(4 * POOL.WORDS));
  words[POOL.STATE] = POOL.CLOSED;
  return words;
}

/** Taken at first use: a static import would cost every script 5 to 10 ms. */
function threadsModule(): Threads {
  const found = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (!found) throw new Error("this runtime has no node:worker_threads");
  return found;
}

/** What an error says, whatever has been thrown. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
