import { assert, assertEquals } from "@std/assert";
import { Collector } from "../../backends/cpu/collector.ts";
import { Reclaimer } from "../../backends/cpu/reclaimer.ts";

/** References to objects that nobody holds; in a function, so that no register does. */
const dropped = () => Array.from({ length: 100 }, () => new WeakRef({}));

const alive = (references: readonly WeakRef<object>[]) =>
  references.filter((reference) => reference.deref() !== undefined).length;

Deno.test("in the middle of a job, objects that nobody holds are found", () => {
  const collector = new Collector();
  collector.collect(); // loads modules, whereupon Deno may run microtasks
  let hasRun = false;
  queueMicrotask(() => hasRun = true);
  const held = {};
  const reference = new WeakRef(held);
  const references = dropped();
  collector.collect();
  assertEquals(alive(references), 0);
  assertEquals(reference.deref(), held);
  assert(collector.works);
  assert(!hasRun, "microtasks of the program must wait for their turn");
});

Deno.test("young objects that nobody holds are found by themselves", () => {
  const collector = new Collector();
  collector.collect();
  const held = {};
  const reference = new WeakRef(held);
  const references = dropped();
  collector.collectYoung();
  assertEquals(alive(references), 0);
  assertEquals(reference.deref(), held);
});

/** Counts instead of collecting, and has a clock. */
class Counter extends Collector {
  time = 0;
  collections = 0;
  releases = 0;

  /** Milliseconds of a collection, and of one of young values alone. */
  constructor(readonly duration: number, readonly youngDuration = 0) {
    super();
  }

  override get works(): boolean {
    return true;
  }

  override collect(): void {
    this.collections++;
    this.time += this.duration;
  }

  override collectYoung(): void {
    this.time += this.youngDuration;
  }

  override release(): void {
    this.releases++;
  }
}

/** Which parts of what has been made are found dead at once, by a collection of young values, and by one of all. */
interface Dead {
  readonly atOnce: number;
  readonly young?: number;
  readonly all: number;
}

/**
 * Watches values of 1 MiB, which take `pause` milliseconds each, until they are
 * 16 GiB; gives how often much of them has been found dead.
 */
function looks(
  reclaimer: Reclaimer,
  collector: Counter,
  { atOnce, young = 0, all }: Dead,
  pause = 0,
): number {
  let count = 0;
  let made = 0;
  for (let i = 0; i < 2 ** 14; i++) {
    collector.time += pause;
    reclaimer.watch({}, 2 ** 20);
    made += 2 ** 20;
    if (!reclaimer.isTime) continue;
    const parts = [atOnce, young, all].values();
    let found = 0;
    const before = collector.collections;
    reclaimer.look(() => found = parts.next().value! * made);
    if (found < made / 2 && collector.collections === before) continue;
    made = 0;
    count++;
  }
  return count;
}

function reclaimerOf(collector: Counter): Reclaimer {
  const reclaimer = new Reclaimer(collector, () => collector.time);
  reclaimer.resize(2 ** 31);
  return reclaimer;
}

Deno.test("what the engine has found already needs no collection", () => {
  const collector = new Counter(1);
  const reclaimer = reclaimerOf(collector);
  assertEquals(looks(reclaimer, collector, { atOnce: 0.9, all: 0 }), 1024);
  assertEquals(collector.collections, 0);
});

Deno.test("the engine is told to let go after some time", () => {
  const collector = new Counter(1, 1000); // so that there is no time for looks
  const reclaimer = reclaimerOf(collector);
  const count = looks(reclaimer, collector, { atOnce: 0, young: 1, all: 1 }, 1);
  assertEquals(count, 64);
  assertEquals(Math.round(collector.releases / 100), 41); // each 4 ms of 16 s
});

Deno.test("a short script does not call the collector", () => {
  const collector = new Counter(1, 1);
  const reclaimer = reclaimerOf(collector);
  for (let i = 0; i < 15; i++) {
    collector.time += 100;
    reclaimer.watch({}, 2 ** 20);
    assert(!reclaimer.isTime);
  }
  assertEquals([collector.releases, collector.collections], [0, 0]);
});

Deno.test("a full memory is looked through, also early", () => {
  const collector = new Counter(1, 1);
  const reclaimer = reclaimerOf(collector);
  for (let i = 0; i < 16; i++) reclaimer.watch({}, 2 ** 20);
  assert(reclaimer.isTime);
  reclaimer.look(() => 0, true);
  assertEquals(collector.collections, 1);
});

Deno.test("what is disposed of is not looked for", () => {
  const collector = new Counter(1, 1);
  const reclaimer = reclaimerOf(collector);
  for (let i = 0; i < 16; i++) reclaimer.watch({}, 2 ** 20);
  for (let i = 0; i < 16; i++) reclaimer.settle(2 ** 20);
  assert(!reclaimer.isTime);
});

Deno.test("early looks come after 16 MiB, if they take a small part of the time", () => {
  const young = { atOnce: 0, young: 0.9, all: 0.9 };
  const countWith = (pause: number) => {
    const collector = new Counter(10, 1);
    return looks(reclaimerOf(collector), collector, young, pause);
  };
  assertEquals(countWith(4), 1024);
  assertEquals(countWith(1), 512); // after 32 ms each
  assertEquals(countWith(0.01), 64); // after an eighth of the budget
});

Deno.test("collections come after each eighth of the budget, rarely if in vain", () => {
  const collector = new Counter(0);
  const reclaimer = reclaimerOf(collector);
  assertEquals(looks(reclaimer, collector, { atOnce: 0.1, all: 0.8 }), 64);
  assertEquals(collector.collections, 64);
  const vain = looks(reclaimer, collector, { atOnce: 0, all: 0.1 });
  assert(vain >= 3 && vain <= 8, `${vain} collections`);
});

Deno.test("a small budget is copied out rather than collected all the time", () => {
  const reclaimer = reclaimerOf(new Counter(10));
  reclaimer.resize(2 ** 21);
  const looksAt = (values: number) => {
    let count = 0;
    for (let i = 0; i < values; i++) {
      reclaimer.watch({}, 2 ** 18);
      if (!reclaimer.isBetterThanCopies) continue;
      reclaimer.look(() => 0, true);
      count++;
    }
    return count;
  };
  // A collection takes as long as to copy out 160 MiB, or 640 values.
  assertEquals(looksAt(1), 1);
  assertEquals(looksAt(6400), 10);
});

Deno.test("slow collections are rare", () => {
  const collector = new Counter(100);
  const reclaimer = reclaimerOf(collector);
  // The first comes after 256 MiB, the others after 1600 each.
  assertEquals(looks(reclaimer, collector, { atOnce: 0, all: 1 }), 11);
});

Deno.test("much is not copied out, however slow collections were", () => {
  const reclaimer = reclaimerOf(new Counter(1000));
  reclaimer.watch({}, 2 ** 28);
  reclaimer.look(() => 0);
  reclaimer.watch({}, 2 ** 28 - 1);
  assert(!reclaimer.isBetterThanCopies);
  reclaimer.watch({}, 1);
  assert(reclaimer.isBetterThanCopies);
});
