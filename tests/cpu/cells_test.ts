import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cellOf, Cells, type CpuBuffer } from "../../backends/cpu/cells.ts";
import { Collector } from "../../backends/cpu/collector.ts";
import { createMemory } from "../../backends/cpu/memory.ts";
import { Reclaimer } from "../../backends/cpu/reclaimer.ts";
import { smallCells, smallMemory } from "./_small_machine.ts";

/** `size` bytes that depend on `seed`. */
const pattern = (size: number, seed: number) =>
  Uint8Array.from({ length: size }, (_, i) => 31 * seed + 7 * i);

const size = fc.oneof(
  fc.nat(300),
  fc.nat(6000),
  fc.integer({ min: 65000, max: 70000 }),
);

Deno.test("whatever is moved out and back, values stay", () =>
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(4), size, fc.nat()), { maxLength: 60 }),
      (steps) => {
        const cells = smallCells(200_000, true);
        const live: [CpuBuffer, Uint8Array][] = [];
        steps.forEach(([action, size, dice], seed) => {
          const at = dice % Math.max(1, live.length);
          const [buffer, bytes] = live[at] ?? [];
          if (buffer === undefined || action <= 1) {
            const data = pattern(size, seed);
            const made = cells.put(data);
            if (made) live.push([made, data]);
          } else if (action === 2) {
            cells.release(live.splice(at, 1)[0]![0]);
          } else if (action === 3) {
            live.push([cells.share(cellOf(buffer)), bytes!]);
          } else {
            visit(cells, buffer, bytes!);
          }
          assert(cells.bytesInUse <= cells.budget);
        });
        for (const [buffer, bytes] of live) {
          assertEquals(cells.read(buffer), bytes);
          cells.release(buffer);
        }
        assertEquals(cells.bytesInUse, 0);
      },
    ),
  ));

/** Pins a value, presses others out, and looks whether it is still there. */
function visit(cells: Cells, buffer: CpuBuffer, bytes: Uint8Array): void {
  const cell = cellOf(buffer);
  cells.pin(cell);
  assert(cells.bringIn(buffer));
  const { block } = cell;
  const rest = cells.budget - cells.bytesInUse;
  const other = cells.reserve(Math.floor(0.9 * rest));
  assertEquals(cell.block, block);
  if (other !== 0) cells.free(other, Math.floor(0.9 * rest));
  cells.unpin(cell);
  assertEquals(cells.read(buffer), bytes);
}

Deno.test("what was used last stays in memory", () => {
  const cells = smallCells(5 * 65536);
  const put = (seed: number) => cells.put(pattern(65536, seed))!;
  const [first, second, third] = [put(0), put(1), put(2)];
  cells.read(first);
  const others = [put(3), put(4)];
  assertEquals(cells.evictions, 0);
  others.push(put(5));
  assertEquals(
    [first, second, third, ...others].map((x) => x.cell!.block === 0),
    [false, true, false, false, false, false],
  );
});

Deno.test("what nobody holds makes room before anything is moved out", () => {
  const budget = 8 * 65536;
  // By this clock, collections take no time.
  const reclaimer = new Reclaimer(new Collector(), () => 0);
  const cells = new Cells(smallMemory(budget), budget, reclaimer);
  const kept = cells.put(pattern(65536, 0))!;
  for (let i = 1; i < 100; i++) cells.put(pattern(65536, i));
  assertEquals([cells.evictions, kept.cell!.block !== 0], [0, true]);
});

Deno.test("memory is flat over many values that nobody frees", () => {
  const cells = smallCells(2 ** 20);
  const data = pattern(16, 0);
  for (let i = 0; i < 100_000; i++) cells.put(data);
  assert(cells.bytesInUse <= 2 ** 20);
  assert(cells.evictions >= 80_000);
  const before = cells.bytesInUse;
  for (let i = 0; i < 1000; i++) cells.put(data);
  assertEquals(cells.bytesInUse, before);
});

Deno.test("what is too large is refused and nothing lost", () => {
  const cells = smallCells(2 ** 20);
  const kept = cells.put(pattern(1000, 3))!;
  assertEquals(cells.put(new Uint8Array(2 ** 20)) !== null, true);
  assertEquals(cells.put(new Uint8Array(2 ** 20 + 64)), null);
  assertEquals(cells.read(kept), pattern(1000, 3));
});

Deno.test("a smaller budget is kept at once", () => {
  const cells = smallCells(2 ** 20);
  const buffers = [1, 2, 3, 4, 5].map((seed) =>
    cells.put(pattern(100_000, seed))!
  );
  cells.budget = 250_000;
  assert(cells.bytesInUse <= 250_000);
  buffers.forEach((buffer, i) =>
    assertEquals(cells.read(buffer), pattern(100_000, i + 1))
  );
});

Deno.test("values without bytes have a place", () => {
  const cells = smallCells(2 ** 20);
  const [x, y] = [cells.put(new Uint8Array())!, cells.put(new Uint8Array())!];
  assert(x.cell!.block !== y.cell!.block);
  assertEquals(cells.read(x), new Uint8Array());
});

Deno.test("what is read does not change with the memory, and is not shared", () => {
  const cells = smallCells(2 ** 20);
  const buffer = cells.put(pattern(8, 1))!;
  const read = cells.read(buffer);
  assert(read.buffer instanceof ArrayBuffer);
  cells.release(buffer);
  cells.put(pattern(8, 2));
  assertEquals(read, pattern(8, 1));
});

Deno.test("released memory is not read", () => {
  const cells = smallCells(2 ** 20);
  const buffer = cells.put(pattern(8, 1))!;
  const other = cells.share(buffer.cell!);
  cells.release(buffer);
  cells.release(buffer);
  assertThrows(() => cells.read(buffer), ReferenceError, "8 bytes");
  assertEquals(cells.read(other), pattern(8, 1));
});

Deno.test("a loop that never waits has what it dropped found", () => {
  // Of blocks that nobody writes to, the system commits no pages.
  const reclaimer = new Reclaimer(new Collector(), () => 0);
  const cells = new Cells(smallMemory(2 ** 20), 2 ** 31, reclaimer);
  const make = () => cells.adopt(cells.reserve(2 ** 22), 2 ** 22);
  const kept = cells.put(pattern(100_000, 1))!;
  const shared = cells.share(cells.put(pattern(100_000, 2))!.cell!);
  for (let i = 0; i < 2000; i++) make();
  assertEquals(cells.evictions, 0);
  assertEquals(cells.read(kept), pattern(100_000, 1));
  assertEquals(cells.read(shared), pattern(100_000, 2));
});

Deno.test("without a collector the oldest values are moved out", () => {
  const cells = new Cells(
    smallMemory(2 ** 24),
    2 ** 24,
    new Reclaimer(NO_COLLECTOR),
  );
  const kept = cells.put(pattern(100_000, 1))!;
  for (let i = 0; i < 300; i++) cells.put(pattern(100_000, i));
  assert(cells.evictions > 100);
  assertEquals(kept.cell!.handle, null);
  assertEquals(cells.read(kept), pattern(100_000, 1));
});

Deno.test("memory grows when it is needed, and values stay", () => {
  const memory = createMemory(1);
  const cells = new Cells(memory, 2 ** 32);
  const { end, limit, bytes } = memory;
  const first = cells.put(pattern(100_000, 1))!;
  assertEquals(memory.end, end);
  const block = cells.reserve(2 ** 31);
  assert(block !== 0);
  assertEquals(memory.end, limit);
  assert(memory.bytes.length > bytes.length);
  const second = cells.put(pattern(100_000, 2))!;
  const [from, to] = [second.cell!.block, block].map((b) => cells.addressOf(b));
  cells.copyWithin(from!, to!, 100_000);
  const copy = memory.bytes.subarray(to! >>> 0, (to! >>> 0) + 100_000);
  assertEquals(copy, pattern(100_000, 2));
  assertEquals(cells.read(first), pattern(100_000, 1));
  assertEquals(cells.reserve(2 ** 32), 0);
});

Deno.test("a value may take nearly all of the memory", () => {
  const cells = new Cells(createMemory(32), 2 ** 32);
  cells.put(pattern(100_000, 1));
  assert(cells.reserve(3000 * 2 ** 20) !== 0);
});

Deno.test("memory grows as far as the system allows, and once", () => {
  const shared = createMemory(1);
  const { memory } = shared;
  const asked: number[] = [];
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    asked.push(pages);
    if (pages > 20_000) throw new RangeError("refused");
    return grow(pages);
  };
  const cells = new Cells(shared, 2 ** 32);
  const before = cells.capacity;
  assertEquals(cells.reserve(2 ** 31), 0);
  assertEquals(cells.reserve(2 ** 31), 0);
  assertEquals(asked.length, 3);
  assertEquals(shared.end, shared.limit);
  assert(cells.capacity < before / 2 && cells.budget === cells.capacity);
  assert(cells.reserve(2 ** 30) !== 0);
});

/** As where the engine's collector cannot be called. */
const NO_COLLECTOR = new class extends Collector {
  override get works(): boolean {
    return false;
  }
}();
