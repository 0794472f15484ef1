import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  Dynamic,
  type Index,
  type IndexAtom,
  IndexSpace,
  Loop,
} from "../../core/ir/index.ts";

/** The value of an index where loops have the given values. */
function valueOf(index: Index, at: ReadonlyMap<IndexAtom, number>): number {
  return index.terms.reduce((sum, { atom, stride }) => {
    if (atom instanceof Loop) return sum + stride * at.get(atom)!;
    if (atom instanceof Dynamic) throw new TypeError("There are no nodes here");
    return sum + stride * Math.floor(valueOf(atom.index, at) / atom.divisor);
  }, index.constant);
}

type Op = readonly [op: number, x: number, y: number];

interface Sample {
  readonly extents: readonly number[];
  readonly values: readonly number[];
  readonly ops: readonly Op[];
}

const sample: fc.Arbitrary<Sample> = fc.record({
  extents: fc.array(fc.integer({ min: 1, max: 12 }), {
    minLength: 1,
    maxLength: 3,
  }),
  values: fc.array(fc.nat(1000), { minLength: 3, maxLength: 3 }),
  ops: fc.array(
    fc.tuple(fc.nat(4), fc.nat(20), fc.integer({ min: -6, max: 12 })),
    {
      maxLength: 8,
    },
  ),
});

/** Applies random operations to indices and to numbers alike. */
function checkArithmetic({ extents, values, ops }: Sample): void {
  const space = new IndexSpace();
  const loops = extents.map((extent) => space.newLoop(extent));
  const at = new Map(loops.map((l, i) => [l, values[i]! % l.extent] as const));
  const pool: [Index, number][] = loops.map((l) => [space.of(l), at.get(l)!]);
  for (const [op, which, by] of ops) {
    const [x, expected] = pool[which % pool.length]!;
    const [y, other] = pool.at(-1)!;
    const divisor = Math.max(1, by);
    const quotient = Math.floor(expected / divisor);
    switch (op) {
      case 0:
        pool.push([space.add(x, y), expected + other]);
        break;
      case 1:
        pool.push([space.scale(x, by), expected * by]);
        break;
      case 2:
        pool.push([space.quotient(x, divisor), quotient]);
        break;
      case 3:
        pool.push([space.remainder(x, divisor), expected - divisor * quotient]);
        break;
      default:
        pool.push([space.add(x, space.constant(by)), expected + by]);
    }
  }
  for (const [index, expected] of pool) {
    assertEquals(valueOf(index, at), expected);
    assertEquals(index.min <= expected && expected <= index.max, true);
  }
}

Deno.test("indices add, scale and divide as integers do", () =>
  fc.assert(fc.property(sample, checkArithmetic), { numRuns: 1000 }));

Deno.test("equal indices are one object", () => {
  const space = new IndexSpace();
  const [i, j] = [space.of(space.newLoop(3)), space.of(space.newLoop(4))];
  assertEquals(space.add(i, j) === space.add(j, i), true);
  assertEquals(
    space.scale(space.add(i, j), 2),
    space.add(
      i,
      space.add(
        space.scale(j, 2),
        i,
      ),
    ),
  );
  assertEquals(space.add(i, space.scale(i, -1)), space.constant(0));
});

Deno.test("quotient and remainder undo each other", () => {
  const space = new IndexSpace();
  const [i, j] = [space.of(space.newLoop(3)), space.of(space.newLoop(4))];
  const flat = space.add(space.scale(i, 4), j);
  assertEquals(space.quotient(flat, 4) === i, true);
  assertEquals(space.remainder(flat, 4) === j, true);
  const k = space.of(space.newLoop(12));
  const back = space.add(
    space.scale(space.quotient(k, 4), 4),
    space.remainder(k, 4),
  );
  assertEquals(back === k, true);
});

Deno.test("a loop of one iteration is a constant", () => {
  const space = new IndexSpace();
  assertEquals(space.of(space.newLoop(1)), space.constant(0));
});
