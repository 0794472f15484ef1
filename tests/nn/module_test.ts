import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { leaves, map, structure } from "../../core/tree.ts";
import { Module } from "../../nn/module.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

class Scale extends Module {
  readonly factor: NDArray;
  readonly label = "scale";
  constructor(factors: number[]) {
    super();
    this.factor = array(factors);
  }
  call(x: NDArray): NDArray {
    return mul(x, this.factor);
  }
}

class Nested extends Module {
  readonly parts = [new Scale([1, 2]), new Scale([3, 4])];
  readonly extra = { table: array([5, 6]), none: null };
  readonly activation = Math.abs;
  readonly sizes = [2, 2];
  readonly bias: NDArray | null = null;
  call(x: NDArray): NDArray {
    return this.parts.reduce((y, part) => part.call(y), x);
  }
}

Deno.test("a module's arrays are its leaves, also in lists and modules inside", () => {
  const values = leaves(new Nested()).map((x) => (x as NDArray).js());
  assertEquals(values, [[5, 6], [1, 2], [3, 4]]);
});

Deno.test("a copy has the class and the static properties of the original", () => {
  const copy = map((x: NDArray) => mul(x, x), new Nested());
  assert(copy instanceof Nested);
  assert(copy.parts[1] instanceof Scale);
  assertEquals(copy.sizes, [2, 2]);
  assertEquals(copy.activation(-3), 3);
  assertEquals(copy.bias, null);
  assertEquals(copy.call(array([1, 1])).js(), [9, 64]);
});

Deno.test("a module mapped to other leaves keeps its structure", () => {
  const net = new Nested();
  const sizes = map((x: NDArray) => x.size, net);
  assert(structure(sizes).equals(structure(net)));
  assertEquals(leaves(sizes), [2, 2, 2]);
});

Deno.test("static properties are part of the structure", () => {
  const [a, b] = [new Scale([1]), new Scale([2])];
  assert(structure(a).equals(structure(b)));
  const c = Object.assign(new Scale([1]), { label: "other" });
  assert(!structure(a).equals(structure(c)));
  assertThrows(() => map((x: NDArray) => x, a, c), TypeError, "static data");
});

Deno.test("grad(), jit() and vmap() of functions of modules", () => {
  const net = new Nested();
  const x = array([1, 10]);
  const loss = (net: Nested, x: NDArray) => sum(net.call(x), [0]);
  const d = grad(loss)(net, x) as Nested;
  assertEquals(d.parts[0]!.factor.js(), [3, 40]);
  assertEquals(d.parts[1]!.factor.js(), [1, 20]);
  assertEquals(d.extra.table.js(), [0, 0]);
  const compiled = jit(loss);
  assertEquals(compiled(net, x).item(), 83);
  assertEquals(compiled(map((x: NDArray) => x, net), x).item(), 83);
  assertEquals(compiled.cacheSize(), 1);
  const many = array([[1, 10], [0, 1]]);
  assertEquals(vmap(loss, [null, 0])(net, many).js(), [83, 8]);
});
