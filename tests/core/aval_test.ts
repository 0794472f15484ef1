import { assertEquals, assertStrictEquals } from "@std/assert";
import { Aval, sameShape } from "../../core/aval.ts";

Deno.test("equal avals are one object", () => {
  const aval = Aval.of([2, 3], "float32");
  assertStrictEquals(Aval.of([2, 3], "float32"), aval);
  assertStrictEquals(aval.with({}), aval);
  assertStrictEquals(aval.with({ shape: [2, 3], weakType: false }), aval);
  assertEquals(aval.with({ weakType: true }) === aval, false);
  assertEquals(aval.with({ dtype: "int32" }).dtype, "int32");
});

Deno.test("a bool is never weakly typed", () => {
  const aval = Aval.of([], "bool");
  assertStrictEquals(aval.with({ weakType: true }), aval);
});

Deno.test("sameShape() compares extents, and how many there are", () => {
  assertEquals(sameShape([2, 3], [2, 3]), true);
  assertEquals(sameShape([], []), true);
  assertEquals(sameShape([2, 3], [2]), false);
  assertEquals(sameShape([2], [2, 3]), false);
  assertEquals(sameShape([2, 3], [3, 2]), false);
});
