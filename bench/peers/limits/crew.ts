/** Runs one WebAssembly function on several threads at once. */

import { Worker } from "node:worker_threads";

/** Waits for a new round, runs its part, and says so. */
const WORKER = `
const { workerData } = require("node:worker_threads");
const { code, memory, flags, args } = workerData;
const { run } = new WebAssembly.Instance(code, { env: { memory } }).exports;
for (let round = 0;; round++) {
  while (Atomics.load(flags, 0) === round) Atomics.wait(flags, 0, round);
  run(...args);
  Atomics.add(flags, 1, 1);
}`;

/** A function on several threads, each with its own arguments. */
export class Crew {
  private readonly flags = new Int32Array(new SharedArrayBuffer(8));
  private readonly workers: readonly Worker[];
  private readonly own: (...args: readonly number[]) => void;
  private rounds = 0;

  constructor(
    bytes: Uint8Array<ArrayBuffer>,
    memory: WebAssembly.Memory,
    private readonly args: readonly (readonly number[])[],
  ) {
    const module = new WebAssembly.Module(bytes);
    const instance = new WebAssembly.Instance(module, { env: { memory } });
    this.own = instance.exports.run as typeof this.own;
    this.workers = args.slice(1).map((args) => {
      const workerData = { code: module, memory, flags: this.flags, args };
      return new Worker(WORKER, { eval: true, workerData });
    });
  }

  /** One call on every thread; returns when all are done. */
  run(): void {
    this.rounds++;
    Atomics.store(this.flags, 0, this.rounds);
    Atomics.notify(this.flags, 0);
    this.own(...this.args[0]!);
    const all = this.rounds * this.workers.length;
    while (Atomics.load(this.flags, 1) < all);
  }

  /** Ends the threads. */
  dispose(): void {
    for (const worker of this.workers) worker.terminate();
  }
}
