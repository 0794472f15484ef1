import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { lower } from "../../core/ir/lower.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { exp } from "../../core/ops/exponential.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { stage } from "../../core/staging.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

/** Counts how often a jitted function is traced. */
function counted<F extends (...args: never[]) => unknown>(f: F) {
  const count = { traces: 0 };
  const wrapped = (...args: Parameters<F>) => {
    count.traces++;
    return f(...args);
  };
  return [wrapped as unknown as F, count] as const;
}

const twice = (x: NDArray) => add(x, x);

Deno.test("jit() traces once for each signature", () => {
  const [f, count] = counted(twice);
  const g = jit(f);
  assertEquals(g(array([1, 2])).js(), [2, 4]);
  assertEquals(g(array([3, 4])).js(), [6, 8]);
  assertEquals(count.traces, 1);
  g(array([1, 2, 3]));
  g(array([1, 2], "float64"));
  g(array([1, 2], "int32"));
  assertEquals(count.traces, 4);
  assertEquals(g.cacheSize(), 4);
});

Deno.test("jit() does not bake in numbers", () => {
  const [f, count] = counted((x: NDArray, by: NDArray) =>
    mul(x, broadcastInDim(by, x.shape, []))
  );
  const g = jit(f) as unknown as (x: NDArray, by: number) => NDArray;
  assertEquals(g(array([1, 2]), 2).js(), [2, 4]);
  assertEquals(g(array([1, 2]), 5).js(), [5, 10]);
  assertEquals(count.traces, 1);
});

Deno.test("jit() distinguishes weak types", () => {
  const [f, count] = counted((x: NDArray) => mul(x, x));
  const g = jit(f) as unknown as (x: NDArray | number) => NDArray;
  const weak = g(3);
  const strong = g(array(3));
  assertEquals([weak.item(), strong.item()], [9, 9]);
  assertEquals([weak.weakType, strong.weakType], [true, false]);
  assertEquals(count.traces, 2);
});

Deno.test("jit() distinguishes tree structures, whatever the order of keys", () => {
  type Pair = { a: NDArray; b: NDArray };
  const [f, count] = counted((p: Pair) => mul(p.a, exp(p.b)));
  const g = jit(f);
  const [a, b] = [array(2), array(0)];
  assertEquals(g({ a, b }).item(), 2);
  assertEquals(g({ b, a }).item(), 2);
  assertEquals(count.traces, 1);
  g({ a, b, c: b } as Pair);
  assertEquals(count.traces, 2);
});

Deno.test("jit() traces for each value of a static argument", () => {
  const [f, count] = counted((x: NDArray, how: { power: number }) => {
    let y = x;
    for (let i = 1; i < how.power; i++) y = mul(y, x);
    return y;
  });
  const g = jit(f, { staticArgnums: 1 });
  assertEquals(g(array(2), { power: 3 }).item(), 8);
  assertEquals(g(array(3), { power: 3 }).item(), 27);
  assertEquals(count.traces, 1);
  assertEquals(g(array(2), { power: 2 }).item(), 4);
  assertEquals(count.traces, 2);
});

Deno.test("clearCache() forgets what was traced", () => {
  const [f, count] = counted(twice);
  const g = jit(f);
  g(array(1));
  g.clearCache();
  assertEquals(g.cacheSize(), 0);
  g(array(1));
  assertEquals(count.traces, 2);
});

Deno.test("jit() closes over arrays, of which it needs no copy in the program", () => {
  const table = array([1, 2, 3]);
  const f = jit((x: NDArray) => mul(x, table));
  assertEquals(f(array([2, 2, 2])).js(), [2, 4, 6]);
  assertEquals(f.lower(array([2, 2, 2])).jaxpr.inputs.length, 2);
});

Deno.test("jit() returns inputs, constants, repeated values and trees", () => {
  const f = jit((x: NDArray) => ({
    x,
    all: [x, x, sin(x)],
    none: null,
    two: 2,
  }));
  const x = array(0);
  const out = f(x) as unknown as {
    x: NDArray;
    all: NDArray[];
    none: null;
    two: NDArray;
  };
  assertEquals(out.x.item(), 0);
  assertEquals(out.all.map((y) => y.item()), [0, 0, 0]);
  assertEquals(out.none, null);
  assertEquals(out.two.item(), 2);
});

Deno.test("jit() refuses strings and functions that are not static", () => {
  const f = jit((_x: unknown) => array(1));
  assertThrows(() => f("text"), TypeError, 'the string "text"');
  assertThrows(() => f(twice), TypeError, "function twice");
  assertThrows(
    () => jit(twice, { staticArgnums: 3 })(array(1)),
    RangeError,
    "staticArgnums 3",
  );
});

Deno.test("jit() under jit, vmap and grad", () => {
  const square = jit((x: NDArray) => mul(x, x));
  assertEquals(jit((x: NDArray) => add(square(x), x))(array(3)).item(), 12);
  assertEquals(vmap(square)(array([1, 2])).js(), [1, 4]);
  assertEquals(grad(square)(array(3)).item(), 6);
  assertEquals(jit(vmap(grad(square)))(array([1, 2])).js(), [2, 4]);
  assertEquals(grad(grad(square))(array(3)).item(), 2);
});

Deno.test("a jitted function that closes over a traced value follows it", () => {
  const f = (x: NDArray) => {
    const scaled = jit((y: NDArray) => mul(x, y));
    return add(scaled(x), scaled(array(1)));
  };
  assertEquals(grad(f)(array(3)).item(), 7);
  assertEquals(jit(f)(array(3)).item(), 12);
  assertEquals(vmap(f)(array([1, 2])).js(), [2, 6]);
});

Deno.test("a donated array cannot be used again", () => {
  const f = jit(twice, { donateArgnums: 0 });
  const x = array([1, 2]);
  assertEquals(f(x).js(), [2, 4]);
  const error = assertThrows(() => x.js(), ReferenceError);
  assertMatch(error.message, /was donated/);
  assertThrows(() => f(x), ReferenceError, "was donated");
  assertThrows(() => sin(x), ReferenceError);
});

Deno.test("the result takes over the memory of a donated array", () => {
  const { jaxpr } = stage((x) => [twice(x)], [array([1, 2]).aval], "f");
  const kept = lower(jaxpr);
  const donated = lower(jaxpr, { donated: [true] });
  const slotsOf = ({ inputs, outputs, buffers }: typeof kept) =>
    [inputs[0]!, outputs[0]!].map((id) => buffers[id]!.slot);
  assertEquals(new Set(slotsOf(donated)).size, 1);
  assertEquals(new Set(slotsOf(kept)).size, 2);
});

Deno.test("what is donated is not changed where it is still read", () => {
  const rows = jit((x: NDArray, y: NDArray) => [
    add(x, y),
    sum(x, [0]),
    mul(y, x),
  ], { donateArgnums: [0, 1] });
  const [a, b, c] = rows(array([1, 2]), array([10, 20]));
  assertEquals(a!.js(), [11, 22]);
  assertEquals(b!.js(), 3);
  assertEquals(c!.js(), [10, 40]);
});

Deno.test("an array that is donated twice, or donated and passed, is an error", () => {
  const f = jit((x: NDArray, y: NDArray) => add(x, y), { donateArgnums: 0 });
  const x = array([1, 2]);
  assertThrows(() => f(x, x), Error, "donate");
  assertEquals(x.js(), [1, 2]);
  const g = jit((x: NDArray, y: NDArray) => add(x, y), {
    donateArgnums: [0, 1],
  });
  assertThrows(() => g(x, x), Error, "donate");
});

Deno.test("a donated input that is returned remains usable under its new handle", () => {
  const f = jit((x: NDArray) => [x, sin(x)], { donateArgnums: 0 });
  const x = array([0, 0]);
  const [same] = f(x);
  assertEquals(same!.js(), [0, 0]);
  assertThrows(() => x.js(), ReferenceError);
});

Deno.test("outputs that are inputs, or repeated, do not share memory with them", () => {
  const x = array([1, 2]);
  const [same, y, again] = jit((x: NDArray) => {
    const y = twice(x);
    return [x, y, y];
  })(x);
  const f = jit(twice, { donateArgnums: 0 });
  assertEquals(f(same!).js(), [2, 4]);
  assertEquals(f(y!).js(), [4, 8]);
  assertEquals(x.js(), [1, 2]);
  assertEquals(again!.js(), [2, 4]);
});

Deno.test("donation means nothing under a trace", () => {
  const f = jit(twice, { donateArgnums: 0 });
  const x = array([1, 2]);
  assertEquals(jit((y: NDArray) => add(f(y), y))(x).js(), [3, 6]);
  assertEquals(vmap(f)(x).js(), [2, 4]);
  assertEquals(x.js(), [1, 2]);
});

Deno.test("lower() shows the program and its kernels", () => {
  const text = String(jit(twice).lower(array([1, 2])));
  assertMatch(text, /lambda/);
  assertMatch(text, /nest/);
  assertNotEquals(text, "");
});
