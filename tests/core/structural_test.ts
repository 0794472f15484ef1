import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import {
  mixHash,
  structuralEquals,
  structuralHash,
} from "../../core/structural.ts";
import { StructuralMap } from "../../core/structural_map.ts";

/** Distinct values: no two are equal. */
const DISTINCT: readonly unknown[] = [
  0,
  -0,
  1,
  NaN,
  Infinity,
  0.5,
  2 ** 40,
  1n,
  "",
  "1",
  "a",
  true,
  false,
  null,
  undefined,
  [],
  [1],
  [1, 2],
  [2, 1],
  [[1], 2],
  {},
  { a: 1 },
  { a: 2 },
  { b: 1 },
  { a: undefined },
  { b: undefined },
  new Float32Array([1]),
  new Float64Array([1]),
  new Float32Array([2]),
  Symbol("a"),
  () => 1,
  () => 1,
  new Date(0),
  new Date(0),
  new Map(),
  new DataView(new ArrayBuffer(1)),
];

Deno.test("structuralEquals() tells different values apart", () => {
  DISTINCT.forEach((a, i) => {
    DISTINCT.forEach((b, j) => assertEquals(structuralEquals(a, b), i === j));
  });
});

Deno.test("structuralEquals() looks inside arrays, objects, typed arrays", () => {
  const make = () => ({
    axes: [0, [1, NaN]],
    nothing: null,
    data: new Float32Array([NaN, -0]),
  });
  assert(structuralEquals(make(), make()));
  assert(structuralEquals({ a: 1, b: 2 }, { b: 2, a: 1 }));
  assert(structuralEquals({ __proto__: null, a: 1 }, { a: 1 }));
  assert(!structuralEquals({ toString: 1 }, {}));
  assert(!structuralEquals({}, { toString: 1 }));
  const inherited = { toString: Object.prototype.toString };
  assert(!structuralEquals(inherited, { a: 1 }));
});

class Shape {
  readonly hash: number;
  constructor(readonly name: string) {
    this.hash = structuralHash(name);
  }
  equals(other: unknown): boolean {
    return other instanceof Shape && other.name === this.name;
  }
}

Deno.test("structuralEquals() asks values that know their own equality", () => {
  const [a, b, c] = [new Shape("x"), new Shape("x"), new Shape("y")];
  assert(structuralEquals([a], [b]));
  assert(!structuralEquals([a], [c]));
  assert(!structuralEquals(a, { name: "x" }));
  assert(!structuralEquals({ name: "x" }, a));
  assertEquals(structuralHash(a), structuralHash(b));
});

Deno.test("structuralHash() of equal values is equal, and an int32", () => {
  fc.assert(fc.property(fc.object({ withTypedArray: true }), (value) => {
    const copy = structuredClone(value);
    assert(structuralEquals(value, copy));
    assertEquals(structuralHash(value), structuralHash(copy));
    assertEquals(structuralHash(value), structuralHash(value) | 0);
  }));
});

Deno.test("structuralHash() does not depend on the order of keys", () => {
  const keys = fc.uniqueArray(fc.string());
  fc.assert(fc.property(keys, (keys) => {
    const make = (keys: string[]) =>
      Object.fromEntries(keys.map((k) => [k, k]));
    const [a, b] = [make(keys), make(keys.toReversed())];
    assert(structuralEquals(a, b));
    assertEquals(structuralHash(a), structuralHash(b));
  }));
});

Deno.test("structuralHash() tells NaNs of different bits not apart", () => {
  const [odd] = new Float64Array(
    new BigUint64Array([0x7ff8000000000001n]).buffer,
  );
  assertEquals(structuralHash(odd), structuralHash(NaN));
});

Deno.test("structuralHash() spreads small shapes", () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 64; i++) {
    for (let j = 0; j < 64; j++) hashes.add(structuralHash({ shape: [i, j] }));
  }
  assert(hashes.size > 4090, `${hashes.size} of 4096`);
  assertNotEquals(mixHash(0, 1), mixHash(0, 2));
});

Deno.test("structuralHash() of functions is their identity", () => {
  const [f, g] = [() => 0, () => 0];
  assertEquals(structuralHash(f), structuralHash(f));
  assertNotEquals(structuralHash(f), structuralHash(g));
});

Deno.test("StructuralMap forgets the entry that was longest unused", () => {
  const map = new StructuralMap<number[], string>({ limit: 2 });
  map.set([1], "a").set([2], "b");
  assertEquals(map.get([1]), "a");
  map.set([3], "c");
  assertEquals([1, 2, 3].map((k) => map.get([k])), ["a", undefined, "c"]);
  map.set([1], "A").set([4], "d");
  assertEquals([1, 3, 4].map((k) => map.get([k])), ["A", undefined, "d"]);
  assertEquals(map.size, 2);
});

Deno.test("StructuralMap keeps apart keys that share a hash", () => {
  class Same {
    readonly hash = 7;
    constructor(readonly id: number) {}
    equals(other: unknown): boolean {
      return other instanceof Same && other.id === this.id;
    }
  }
  const map = new StructuralMap<Same, number>();
  for (let i = 0; i < 4; i++) map.set(new Same(i), i);
  for (const id of [1, 3, 0]) {
    assert(map.delete(new Same(id)));
    assert(!map.delete(new Same(id)));
    assertEquals(map.get(new Same(id)), undefined);
    assertEquals(map.get(new Same(2)), 2);
  }
  assertEquals(map.size, 1);
});

Deno.test("StructuralMap behaves as a list ordered by use", () => {
  const key = fc.integer({ min: 0, max: 9 });
  const step = fc.tuple(fc.constantFrom("get", "set", "delete"), key);
  fc.assert(fc.property(fc.array(step), (steps) => {
    const map = new StructuralMap<{ key: number }, number>({ limit: 4 });
    let model: [number, number][] = []; // oldest first
    steps.forEach(([action, key], i) => {
      const found = model.find(([k]) => k === key);
      const others = model.filter(([k]) => k !== key);
      if (action === "get") {
        assertEquals(map.get({ key }), found?.[1]);
        if (found) model = [...others, found];
      } else if (action === "set") {
        map.set({ key }, i);
        model = [...others, [key, i] as [number, number]].slice(-4);
      } else {
        assertEquals(map.delete({ key }), found !== undefined);
        model = others;
      }
      assertEquals(map.size, model.length);
    });
    for (const [key, value] of model) assertEquals(map.get({ key }), value);
    map.clear();
    assertEquals([map.size, map.get({ key: 0 })], [0, undefined]);
  }));
});

Deno.test("StructuralMap needs a limit of at least 1", () => {
  assertThrows(() => new StructuralMap({ limit: 0 }), RangeError);
  assertThrows(() => new StructuralMap({ limit: NaN }), RangeError);
});
