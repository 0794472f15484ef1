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

  override release(): void {
    this.releases++;
  }
}

/** How often it is time while `total` bytes are made, if a part of them is dead. */
function collections(total: number, part: number): number {
  const collector = new Counter();
  const reclaimer = new Reclaimer(collector, () => 0);
  reclaimer.resize(2 ** 30);
  let made = 0;
  for (let sum = 0; sum < total; sum += 2 ** 20) {
    reclaimer.watch({}, 2 ** 20);
    made += 2 ** 20;
    if (!reclaimer.isTime) continue;
    reclaimer.run(() => part * made);
    made = 0;
  }
  return collector.collections;
}

Deno.test("collections come after each quarter of the budget, rarely if in vain", () => {
  assertEquals(collections(2 ** 34, 0.9), 64);
  const vain = collections(2 ** 34, 0.1);
  assert(vain >= 3 && vain <= 8, `${vain} collections`);
});

Deno.test("what was moved out is soon let go", () => {
  const collector = new Counter();
  const reclaimer = new Reclaimer(collector);
  for (let i = 0; i < 1000; i++) reclaimer.forget(100_000);
  assertEquals(collector.releases, 5);
});

Deno.test("slow collections are rare", () => {
  const collector = new Counter();
  let time = 0;
  const reclaimer = new Reclaimer(collector, () => time += 100);
  reclaimer.resize(2 ** 30);
  for (let i = 0; i < 2 ** 14; i++) {
    reclaimer.watch({}, 2 ** 20);
    if (reclaimer.isTime) reclaimer.run(() => 2 ** 30);
  }
  // The first comes after 256 MiB, the others after 1600 each.
  assertEquals(collector.collections, 11);
});
