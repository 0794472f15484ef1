import { assertEquals, assertThrows } from "@std/assert";
import { mergedAxes } from "../../backends/cpu/codegen/axes.ts";
import { Loop } from "../../core/ir/index.ts";

const extentsOf = (...extents: readonly number[]) =>
  mergedAxes(extents.map((extent, id) => new Loop(extent, id)), [])
    .map(({ extent }) => extent);

Deno.test("loops that no index tells apart are one axis", () => {
  assertEquals(extentsOf(3, 1, 5, 7), [105]);
});

Deno.test("axes are not joined beyond what a word can count", () => {
  assertEquals(extentsOf(2 ** 15, 2 ** 15, 3), [2 ** 30, 3]);
  assertEquals(extentsOf(3, 2 ** 30, 2 ** 30), [3, 2 ** 30, 2 ** 30]);
});

Deno.test("an axis too long to be counted is an error", () => {
  assertThrows(
    () => extentsOf(2, 2 ** 31),
    RangeError,
    "2147483648 positions",
  );
});
