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

/** Counts instead of collecting. */
class Counter extends Collector {
  collections = 0;
  releases = 0;

  override get works(): boolean {
    return true;
  }

  override collect(): void {
    this.collections++;
  }

  override collectYoung(): void {}

  override release(): void {
    this.releases++;
  }
}

/**
 * Watches values of 1 MiB until they are 16 GiB; gives how often they are looked
 * at. A part of them has been found dead before each collection, and another
 * part is after it.
 */
function looks(
  reclaimer: Reclaimer,
  { before, after }: { readonly before: number; readonly after: number },
): number {
  let count = 0;
  let made = 0;
  for (let i = 0; i < 2 ** 14; i++) {
    reclaimer.watch({}, 2 ** 20);
    made += 2 ** 20;
    if (!reclaimer.isTime) continue;
    const found = [before, 0, after].map((part) => part * made).values();
    reclaimer.look(() => found.next().value!);
    made = 0;
    count++;
  }
  return count;
}

function reclaimerOf(collector: Collector, duration: number): Reclaimer {
  let time = 0;
  const reclaimer = new Reclaimer(collector, () => time += duration);
  reclaimer.resize(2 ** 31);
  return reclaimer;
}

Deno.test("what the engine has found already needs no collection", () => {
  const collector = new Counter();
  const reclaimer = reclaimerOf(collector, 0);
  assertEquals(looks(reclaimer, { before: 0.9, after: 0 }), 64);
  assertEquals(collector.collections, 0);
  // Each 16 MiB, the engine is told to let go.
  assertEquals(collector.releases, 1024);
});

Deno.test("collections come after each eighth of the budget, rarely if in vain", () => {
  const collector = new Counter();
  const reclaimer = reclaimerOf(collector, 0);
  assertEquals(looks(reclaimer, { before: 0.1, after: 0.8 }), 64);
  assertEquals(collector.collections, 64);
  const vain = looks(reclaimer, { before: 0, after: 0.1 });
  assert(vain >= 3 && vain <= 8, `${vain} collections`);
});

Deno.test("a small budget is copied out rather than collected all the time", () => {
  const reclaimer = reclaimerOf(new Counter(), 10);
  reclaimer.resize(2 ** 21);
  const looksAt = (values: number) => {
    let count = 0;
    for (let i = 0; i < values; i++) {
      reclaimer.watch({}, 2 ** 18);
      if (!reclaimer.isBetterThanCopies) continue;
      reclaimer.look(() => 0);
      count++;
    }
    return count;
  };
  // A collection takes as long as to copy out 160 MiB, or 640 values.
  assertEquals(looksAt(1), 1);
  assertEquals(looksAt(6400), 10);
});

Deno.test("slow collections are rare", () => {
  const reclaimer = reclaimerOf(new Counter(), 100);
  // The first comes after 256 MiB, the others after 1600 each.
  assertEquals(looks(reclaimer, { before: 0, after: 1 }), 11);
});

Deno.test("much is not copied out, however slow collections were", () => {
  const reclaimer = reclaimerOf(new Counter(), 1000);
  reclaimer.watch({}, 2 ** 28);
  reclaimer.look(() => 0);
  reclaimer.watch({}, 2 ** 28 - 1);
  assert(!reclaimer.isBetterThanCopies);
  reclaimer.watch({}, 1);
  assert(reclaimer.isBetterThanCopies);
});
