import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { blockBytes, Blocks } from "../../backends/cpu/blocks.ts";
import { Heap } from "../../backends/cpu/heap.ts";
import { UNIT } from "../../backends/cpu/layout.ts";

/** Sizes of all magnitudes, and what to do with them. */
const request = fc.tuple(
  fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 50000 })),
  fc.nat(),
);

const START = 1000;
const UNITS = 1 << 17;

function heapOf(end: number): Heap {
  const heap = new Heap();
  heap.add(START, end);
  return heap;
}

function range(heap: Heap, block: number): readonly [number, number] {
  const start = heap.startOf(block);
  return [start, start + heap.sizeOf(block)];
}

function assertApart(heap: Heap, blocks: readonly number[]): void {
  const ranges = blocks.map((b) => range(heap, b)).sort(([a], [b]) => a - b);
  let end = START;
  for (const [first, last] of ranges) {
    assert(first >= end, `a block begins at ${first}, one ends at ${end}`);
    end = last;
  }
  assert(end <= START + UNITS);
}

Deno.test("blocks do not overlap, are large enough and come back whole", () =>
  fc.assert(
    fc.property(fc.array(request, { maxLength: 200 }), (requests) => {
      const heap = heapOf(START + UNITS);
      const blocks: number[] = [];
      for (const [units, dice] of requests) {
        if (dice % 3 === 0 && blocks.length > 0) {
          heap.free(blocks.splice(dice % blocks.length, 1)[0]!);
          continue;
        }
        const block = heap.allocate(units);
        if (block === 0) continue;
        const size = heap.sizeOf(block);
        assert(size >= units && size <= units * 1.04, `${size} for ${units}`);
        blocks.push(block);
      }
      assertApart(heap, blocks);
      for (const block of blocks) heap.free(block);
      assertEquals(range(heap, heap.allocate(UNITS)), [START, START + UNITS]);
      assertEquals(heap.allocate(1), 0);
    }),
  ));

Deno.test("a heap is filled to the last unit", () => {
  const heap = heapOf(START + 100);
  const blocks = Array.from({ length: 100 }, () => heap.allocate(1));
  assertEquals(new Set(blocks).size, 100);
  assertApart(heap, blocks);
  assertEquals(heap.allocate(1), 0);
});

Deno.test("what was freed last is used first", () => {
  const heap = heapOf(START + UNITS);
  const blocks = [5, 300, 5, 300, 5, 300].map((units) => heap.allocate(units));
  const [, first, , second] = blocks;
  heap.free(first!);
  heap.free(second!);
  assertEquals(heap.allocate(300), second);
  assertEquals(heap.allocate(300), first);
});

Deno.test("an empty heap has no room", () => {
  assertEquals(new Heap().allocate(1), 0);
  assertEquals(heapOf(START).allocate(1), 0);
});

Deno.test("small blocks do not cut the hole that a large one left", () => {
  const blocks = new Blocks(START, START + UNITS);
  const large = blocks.allocate(2 ** 20);
  const address = blocks.addressOf(large);
  blocks.free(large);
  const small = blocks.allocate(16);
  assertEquals(blocks.addressOf(blocks.allocate(2 ** 20)), address);
  assert(small !== 0 && blocks.addressOf(small) !== address);
});

Deno.test("small blocks lie among large ones once their own part is full", () => {
  const blocks = new Blocks(START, START + UNITS);
  let bytes = 0;
  while (blocks.allocate(30_000) !== 0) bytes += 30_000;
  assert(bytes > 0.9 * UNITS * UNIT, `${bytes} of ${UNITS * UNIT}`);
});

Deno.test("small values of whole pages begin at different places of a page", () => {
  const blocks = new Blocks(START, START + UNITS);
  const places = [1, 2, 3, 4].map(() =>
    blocks.addressOf(blocks.allocate(16384)) % 4096
  );
  assertEquals(new Set(places).size, 4);
});

Deno.test("a block takes no less than is asked for, however much that is", () => {
  for (let exponent = 0; exponent <= 53; exponent++) {
    for (const bytes of [2 ** exponent, 1.25 * 2 ** exponent]) {
      assert(blockBytes(bytes) >= bytes, `2^${exponent}`);
      assert(blockBytes(bytes) <= 1.04 * bytes + 128, `2^${exponent}`);
    }
  }
});

Deno.test("blocks may lie across what is added later", () => {
  const heap = heapOf(START + 64);
  const first = heap.allocate(32);
  assertEquals(heap.allocate(256), 0);
  heap.add(START + 64, START + 320);
  const across = heap.allocate(256);
  assertEquals(range(heap, across), [START + 32, START + 288]);
  heap.free(first);
  heap.free(across);
  assertEquals(range(heap, heap.allocate(320)), [START, START + 320]);
});

Deno.test("what is added elsewhere is apart", () => {
  const heap = heapOf(START + 64);
  heap.add(START + 128, START + 192);
  assertEquals(heap.allocate(128), 0);
  assertEquals(range(heap, heap.allocate(64)), [START + 128, START + 192]);
  assertEquals(range(heap, heap.allocate(64)), [START, START + 64]);
});

Deno.test("memory grows before small blocks lie among large ones", () => {
  const end = START + UNITS;
  let grown = false;
  const blocks: Blocks = new Blocks(START, end, () => {
    if (grown) return false;
    blocks.extend(end + UNITS);
    return grown = true;
  });
  const addresses: number[] = [];
  while (!grown) addresses.push(blocks.addressOf(blocks.allocate(16_000)));
  const last = addresses.pop()!;
  assert(addresses.every((address) => address < (START + UNITS / 8) * UNIT));
  assert(last >= (end + UNITS * 7 / 8) * UNIT, `${last}`);
  // Large blocks lie across, and the parts of both ranges are one.
  const large = blocks.allocate(UNIT * UNITS * 7 / 4);
  assertEquals(blocks.addressOf(large), (START + UNITS / 8) * UNIT);
});
