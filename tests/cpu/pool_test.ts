/** Threads: who does what must not matter, and nothing may hang. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  defaultThreads,
  openPool,
  type Pool,
  type PoolKernel,
} from "../../backends/cpu/pool.ts";
import { runScript, whileServed } from "../_util/run_script.ts";

/** Where the functions of `MODULE` write; see `store`. */
const RESULTS = 65536;
const scratchOf = (thread: number) => 1000 + thread;

// A module by hand, so that a fault of the assembler is not one of the pool.

const unsigned = (n: number): readonly number[] =>
  n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)];
const text = (s: string) => [s.length, ...new TextEncoder().encode(s)];
const list = (items: readonly (readonly number[])[]) => [
  ...unsigned(items.length),
  ...items.flat(),
];
const section = (id: number, items: readonly (readonly number[])[]) => [
  id,
  ...unsigned(list(items).length),
  ...list(items),
];

const [I32, F64] = [0x7f, 0x7c];
const ITEM = [0x20, 0]; // local.get 0
const [SCRATCH, SIN, UNREACHABLE] = [[0x23, 0], [0xb7, 0x10, 0], [0]];
const constant = (n: number) => [0x41, ...unsigned(n)];
const ADDRESS = [...ITEM, ...constant(3), 0x74]; // item << 3
const LOAD = [...ADDRESS, 0x28, 2, ...unsigned(RESULTS)];
const store = (value: readonly number[]) => [
  ...[...ADDRESS, ...value, 0x36, 2, ...unsigned(RESULTS)],
];
const storeF64 = (value: readonly number[]) => [
  ...[...ADDRESS, ...value, 0x39, 3, ...unsigned(RESULTS)],
];

/** A function `(from, to)` that does `body` for each item. */
function forEachItem(body: readonly number[]): readonly number[] {
  const code = [
    ...[0, 0x02, 0x40, 0x03, 0x40], // no locals; block; loop
    ...[0x20, 0, 0x20, 1, 0x4e, 0x0d, 1], // leave if from >= to
    ...body,
    ...[0x20, 0, 0x41, 1, 0x6a, 0x21, 0], // from += 1
    ...[0x0c, 0, 0x0b, 0x0b, 0x0b], // again; ends
  ];
  return [...unsigned(code.length), ...code];
}

const ADD = [0x6a];
const FUNCTIONS = {
  /** word(item) += item + 1 */
  add: store([...LOAD, ...ITEM, ...ADD, 0x41, 1, ...ADD]),
  /** word(item) = scratch of the thread */
  who: store(SCRATCH),
  /** number(item) = sin(item) */
  sine: storeF64([...ITEM, ...SIN]),
  /** fails at item 77 */
  trap: [...ITEM, ...[0x41, 0xcd, 0], 0x46, 0x04, 0x40, ...UNREACHABLE, 0x0b],
};

function moduleThatImports(sine: string): WebAssembly.Module {
  const names = Object.keys(FUNCTIONS);
  return new WebAssembly.Module(
    new Uint8Array([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [[0x60, 2, I32, I32, 0], [0x60, 1, F64, 1, F64]]),
      ...section(2, [
        [...text("env"), ...text("memory"), 2, 3, 0, ...unsigned(65536)],
        [...text("env"), ...text("scratch"), 3, I32, 0],
        [...text("math"), ...text(sine), 0, 1],
      ]),
      ...section(3, names.map(() => [0])),
      ...section(7, names.map((name, i) => [...text(name), 0, i + 1])),
      ...section(10, Object.values(FUNCTIONS).map(forEachItem)),
    ]),
  );
}

const MODULE = moduleThatImports("sin");
const PHASES = Object.keys(FUNCTIONS).map((name) => ({ name }));
const [ADD_PHASE, WHO, SINE, TRAP] = [0, 1, 2, 3];
const ALL = 5000;
const memoryOf = () =>
  new WebAssembly.Memory({ initial: 3, maximum: 65536, shared: true });

let lastId = 0;

function kernelOn(memory: WebAssembly.Memory): PoolKernel {
  const scratch = new WebAssembly.Global({ value: "i32" }, scratchOf(0));
  const { exports } = new WebAssembly.Instance(MODULE, {
    env: { memory, scratch },
    math: { sin: Math.sin },
  });
  const functions = PHASES.map(({ name }) => exports[name]);
  return {
    id: ++lastId,
    module: MODULE,
    phases: PHASES,
    exports: functions as (() => void)[],
  };
}

interface Bench {
  readonly memory: WebAssembly.Memory;
  readonly pool: Pool;
  readonly kernel: PoolKernel;
  word(item: number): number;
}

/** A pool whose workers start with the first jobs. */
function withPool(
  { threads, startAfter = 0 }: { threads: number; startAfter?: number },
  use: (bench: Bench) => void,
): void {
  const memory = memoryOf();
  const pool = openPool(memory, { threads, scratchOf, startAfter });
  const words = new Int32Array(memory.buffer, RESULTS);
  const word = (item: number) => words[2 * item]!;
  try {
    use({ memory, pool, kernel: kernelOn(memory), word });
  } finally {
    pool.dispose();
  }
}

/** Takes its time, so that workers get items too. */
function idle(): void {
  const end = performance.now() + 0.2;
  while (performance.now() < end);
}

/** Runs jobs until `isDone`: workers come when the system lets them. */
function runUntil(isDone: () => boolean, run: () => void): void {
  const end = performance.now() + 20_000;
  while (!isDone()) {
    assert(performance.now() < end, "no worker took part within 20 s");
    run();
  }
}

for (const threads of [1, 2, 4]) {
  Deno.test(`every item runs once in each job, on ${threads} threads`, () => {
    withPool({ threads }, ({ pool, kernel, word }) => {
      for (const items of [0, 1, 2, 3, 31, 32, 33, 1000, ALL]) {
        pool.run(kernel, ADD_PHASE, items);
      }
      const times = (i: number) =>
        [0, 1, 2, 3, 31, 32, 33, 1000, ALL].filter((n) => i < n).length;
      for (let i = 0; i <= ALL; i++) {
        assertEquals(word(i), times(i) * (i + 1));
      }
    });
  });

  Deno.test(`20,000 jobs in a row are all done, on ${threads} threads`, () => {
    withPool({ threads }, ({ pool, kernel, word }) => {
      for (let job = 0; job < 20_000; job++) pool.run(kernel, ADD_PHASE, 50);
      for (let i = 0; i < 50; i++) assertEquals(word(i), 20_000 * (i + 1));
      assertEquals(pool.workers, threads - 1);
    });
  });
}

Deno.test("workers take items, each with its own scratch memory", () => {
  withPool({ threads: 3 }, ({ pool, kernel, word }) => {
    const seen = new Set<number>();
    runUntil(() => seen.size === 3, () => {
      pool.run(kernel, WHO, ALL);
      for (let i = 0; i < ALL; i++) seen.add(word(i));
    });
    assertEquals([...seen].sort(), [0, 1, 2].map(scratchOf));
    assertEquals(pool.threads, 3);
    assertEquals(pool.failure, null);
  });
});

Deno.test("workers compute what the main thread does", () => {
  withPool({ threads: 2 }, ({ memory, pool, kernel }) => {
    for (let job = 0; job < 20; job++) pool.run(kernel, SINE, ALL);
    const numbers = new Float64Array(memory.buffer, RESULTS, ALL);
    numbers.forEach((x, i) => assertEquals(x, Math.sin(i)));
  });
});

Deno.test("kernels that come and go while workers start are found", () => {
  withPool({ threads: 4 }, ({ memory, pool, word }) => {
    for (let job = 0; job < 500; job++) {
      const kernel = kernelOn(memory);
      pool.run(kernel, ADD_PHASE, 100);
      if (job % 3 !== 0) pool.forget(kernel.id);
      if (job % 2 === 0) pool.run(kernel, ADD_PHASE, 100);
    }
    for (let i = 0; i < 100; i++) assertEquals(word(i), 750 * (i + 1));
  });
});

Deno.test("workers that have fallen asleep wake up", () => {
  withPool({ threads: 2 }, ({ pool, kernel, word }) => {
    for (let job = 0; job < 200; job++) {
      pool.run(kernel, ADD_PHASE, 100);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
    for (let i = 0; i < 100; i++) assertEquals(word(i), 200 * (i + 1));
    let woken = false;
    runUntil(() => woken, () => {
      pool.run({ ...kernel, exports: kernel.exports.map(() => idle) }, WHO, 64);
      woken = word(0) === scratchOf(1) || word(63) === scratchOf(1);
    });
  });
});

Deno.test("workers see memory that has grown", () => {
  withPool({ threads: 2 }, ({ memory, pool, kernel }) => {
    const items = (pages: number) => (pages - 1) * 65536 / 8;
    pool.run(kernel, SINE, items(3));
    for (let pages = 4; pages < 40; pages++) {
      memory.grow(1);
      pool.run(kernel, SINE, items(pages));
    }
    const numbers = new Float64Array(memory.buffer, RESULTS);
    assertEquals(numbers.at(-1), Math.sin(numbers.length - 1));
  });
});

Deno.test("an item that fails on the main thread is an error, and the next job runs", () => {
  for (const threads of [1, 2]) {
    withPool({ threads }, ({ pool, kernel, word }) => {
      for (let job = 0; job < 50; job++) {
        const error = assertThrows(() => pool.run(kernel, TRAP, 100), Error);
        assertEquals(
          error.message,
          `Kernel ${kernel.id} failed in trap: unreachable`,
        );
      }
      pool.run(kernel, ADD_PHASE, 100);
      for (let i = 0; i < 100; i++) assertEquals(word(i), i + 1);
    });
  }
});

/** Runs a kernel that fails only in workers, until one takes part. */
function failureInWorker(pool: Pool, kernel: PoolKernel): string {
  const slow = { ...kernel, exports: kernel.exports.map(() => idle) };
  let message: string | null = null;
  runUntil(() => message !== null, () => {
    try {
      pool.run(slow, TRAP, 2000);
    } catch (error) {
      ({ message } = error as Error);
    }
  });
  return message!;
}

Deno.test("an item that fails in a worker is an error, and the next job runs", () => {
  withPool({ threads: 3 }, ({ pool, kernel, word }) => {
    for (let job = 0; job < 5; job++) {
      assertEquals(
        failureInWorker(pool, kernel),
        `Kernel ${kernel.id} failed in trap: unreachable`,
      );
    }
    pool.run(kernel, ADD_PHASE, 100);
    for (let i = 0; i < 100; i++) assertEquals(word(i), i + 1);
  });
});

Deno.test("a kernel that workers cannot link is an error, every time", () => {
  withPool({ threads: 2 }, ({ pool, kernel }) => {
    const unknown = { ...kernel, id: ++lastId, module: moduleThatImports("x") };
    for (let job = 0; job < 3; job++) {
      assertMatch(failureInWorker(pool, unknown), /failed in trap: .*Import/);
    }
  });
});

Deno.test("no worker starts for little work", () => {
  withPool({ threads: 2, startAfter: 1e6 }, ({ pool, kernel, word }) => {
    for (let job = 0; job < 10; job++) pool.run(kernel, ADD_PHASE, 100);
    for (let i = 0; i < 100; i++) assertEquals(word(i), 10 * (i + 1));
    assertEquals(pool.workers, 0);
  });
});

Deno.test("a worker starts before work for which it is worth it", () => {
  withPool({ threads: 3, startAfter: 40 }, ({ pool }) => {
    pool.expect(39);
    assertEquals(pool.workers, 0);
    pool.expect(40);
    assertEquals(pool.workers, 1);
  });
  withPool({ threads: 1, startAfter: 40 }, ({ pool }) => {
    pool.expect(1000);
    assertEquals(pool.workers, 0);
  });
});

Deno.test("it is said before a worker starts, and only then", () => {
  const toldWith = (threads: number) => {
    const memory = memoryOf();
    let told = 0;
    let workers = 0;
    const pool = openPool(memory, {
      threads,
      scratchOf,
      startAfter: 1,
      beforeStart: () => {
        told++;
        workers = pool.workers;
      },
    });
    pool.run(kernelOn(memory), WHO, ALL);
    pool.expect(1000);
    pool.dispose();
    return [told > 0, workers];
  };
  assertEquals(toldWith(1), [false, 0]);
  assertEquals(toldWith(2), [true, 0]);
});

Deno.test("a pool without workers to be had works alone and says why", () => {
  const { process } = globalThis;
  const original = process.getBuiltinModule;
  process.getBuiltinModule = (() => undefined) as never;
  try {
    withPool({ threads: 4 }, ({ pool, kernel, word }) => {
      pool.run(kernel, ADD_PHASE, 100);
      for (let i = 0; i < 100; i++) assertEquals(word(i), i + 1);
      assertEquals(pool.threads, 1);
      assertEquals(pool.workers, 0);
      assertStringIncludes(pool.failure!, "no node:worker_threads");
    });
  } finally {
    process.getBuiltinModule = original;
  }
});

Deno.test("a pool that is gone works on the main thread; the next one in its place on all", () => {
  const memory = memoryOf();
  const kernel = kernelOn(memory);
  const words = new Int32Array(memory.buffer, RESULTS);
  for (let round = 1; round <= 5; round++) {
    const pool = openPool(memory, {
      threads: 3,
      scratchOf: (thread) => 1000 * round + thread,
      startAfter: 0,
    });
    let owner = 0;
    runUntil(() => owner > 1000 * round, () => {
      pool.run(kernel, WHO, ALL);
      owner = words.subarray(0, 2 * ALL).find((word) => word > 1000) ?? 0;
    });
    assert(owner < 1000 * (round + 1), "a worker of an earlier pool took part");
    pool.dispose();
    pool.run(kernel, WHO, ALL);
    for (let i = 0; i < ALL; i++) assertEquals(words[2 * i], scratchOf(0));
  }
});

/** Runs `use` where the workers that are started become known. */
function withWorkers(use: (workers: readonly Worker[]) => void): void {
  const { process } = globalThis;
  const original = process.getBuiltinModule;
  const threads = original("node:worker_threads");
  const workers: Worker[] = [];
  class Known extends threads.Worker {
    constructor(...args: ConstructorParameters<typeof threads.Worker>) {
      super(...args);
      workers.push(this as unknown as Worker);
    }
  }
  process.getBuiltinModule = (() => ({ ...threads, Worker: Known })) as never;
  try {
    use(workers);
  } finally {
    process.getBuiltinModule = original;
  }
}

Deno.test("workers that are terminated from outside hold up nobody; others take their place", () => {
  withWorkers((workers) =>
    withPool({ threads: 3 }, ({ pool, kernel, word }) => {
      const untilShared = () => {
        let seen = 0;
        runUntil(() => seen > scratchOf(0), () => {
          pool.run(kernel, WHO, ALL);
          for (let i = 0; i < ALL; i++) seen = Math.max(seen, word(i));
        });
      };
      for (let round = 0; round < 3; round++) {
        untilShared();
        const before = workers.length;
        workers.at(-1)!.terminate();
        assertEquals(pool.workers, 0);
        assertMatch(pool.failure!, /^Worker thread [12] ended$/);
        untilShared();
        assert(workers.length > before);
      }
    })
  );
});

Deno.test("there is a thread for each core, within reason", () => {
  const cores = navigator.hardwareConcurrency;
  assertEquals(defaultThreads(), Math.min(cores, 16));
});

/** A script as a user could write it, that leaves the workers to themselves. */
const scriptFrom = (url: string) => `
  import { openPool } from "${url}";
  const memory = new WebAssembly.Memory({
    initial: 3, maximum: 65536, shared: true,
  });
  const pool = openPool(memory, {
    threads: 3, scratchOf: (t) => 1000 + t, startAfter: 0,
  });
  const module = new WebAssembly.Module(
    new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
  );
  const done = [];
  const exports = [(from, to) => { while (from < to) done.push(from++); }];
  // Workers have no such function, so it is an error when one takes part.
  let message = "";
  while (message === "") {
    try {
      pool.run({ id: 1, module, phases: [{ name: "none" }], exports }, 0, 5000);
    } catch (error) {
      message = error.message;
    }
  }
  console.log(pool.workers, message);
`;

const root = new URL("../../", import.meta.url);
const POOL_FILE = "backends/cpu/pool.ts";

Deno.test("a script without permissions has workers, and ends", async () => {
  assertMatch(
    await runScript(scriptFrom(new URL(POOL_FILE, root).href)),
    /^[12] Kernel 1 failed in none: .*not a function/,
  );
});

Deno.test("a script that imports the library by http has workers, and ends", () =>
  whileServed(async (host) => {
    const script = scriptFrom(`http://${host}/${POOL_FILE}`);
    assertMatch(
      await runScript(script, [`--allow-import=${host}`]),
      /^[12] Kernel 1 failed in none: .*not a function/,
    );
  }));
