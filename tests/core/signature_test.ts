import { assertEquals, assertNotEquals } from "@std/assert";
import { Aval } from "../../core/aval.ts";
import { avalsOf, Signature } from "../../core/signature.ts";
import { identityOf } from "../../core/structural.ts";
import { StructuralMap } from "../../core/structural_map.ts";
import { array } from "../_util/array.ts";

const [f2, f3] = [Aval.of([2], "float32"), Aval.of([3], "float32")];

Deno.test("signatures are equal if avals and all else are", () => {
  const known = new StructuralMap<Signature, string>();
  known.set(new Signature([f2, f3], { axes: [0] }), "found");
  const find = (avals: readonly Aval[], rest: unknown) =>
    known.get(new Signature(avals, rest));
  assertEquals(find([Aval.of([2], "float32"), f3], { axes: [0] }), "found");
  assertEquals(find([f3, f2], { axes: [0] }), undefined);
  assertEquals(find([f2], { axes: [0] }), undefined);
  assertEquals(find([f2, f3], { axes: [1] }), undefined);
  assertEquals(
    find([f2, f3.with({ weakType: true })], { axes: [0] }),
    undefined,
  );
});

Deno.test("a signature differs from values that look like it", () => {
  const signature = new Signature([f2], 1);
  assertEquals(signature.equals({ ...signature }), false);
});

Deno.test("avalsOf() lists the avals of arrays in order", () => {
  assertEquals(avalsOf([array([1, 2]), array([1, 2, 3])]), [f2, f3]);
});

Deno.test("objects that look alike have identities of their own", () => {
  const rules = { name: "add" };
  assertEquals(identityOf(rules), identityOf(rules));
  assertNotEquals(identityOf(rules), identityOf({ ...rules }));
});
