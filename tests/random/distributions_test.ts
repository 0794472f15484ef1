import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { erf } from "../../core/error_function.ts";
import { map } from "../../core/tree.ts";
import * as random from "../../library/random/mod.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";

// Expected values were printed by JAX 0.10.2 with its default settings
// (float64: with jax_enable_x64), by the calls of the same names.

const KEY = () => random.key(42);

Deno.test("uniform() gives the numbers of JAX in every dtype", () => {
  // jax.random module docs: random.uniform(random.key(0))
  assertClose(random.uniform(random.key(0)), 0.947667, { tolerance: 1e-6 });
  const exactly = { tolerance: 0 };
  assertClose(random.uniform(KEY(), [4]), [
    0.48870956897735596,
    0.6797971725463867,
    0.6162714958190918,
    0.5610160827636719,
  ], exactly);
  assertClose(
    random.uniform(random.key(7), [3], { minval: -2, maxval: 5 }),
    [2.7186293601989746, 4.822318077087402, 0.11990499496459961],
    exactly,
  );
  assertClose(
    random.uniform(KEY(), [4], { dtype: "float16" }),
    [0.076171875, 0.1904296875, 0.9755859375, 0.7568359375],
    exactly,
  );
  assertClose(
    random.uniform(KEY(), [4], { dtype: "bfloat16" }),
    [0.6328125, 0.84375, 0.96875, 0.8359375],
    exactly,
  );
  assertClose(
    random.uniform(KEY(), [3], { dtype: "float64" }),
    [0.4267275666499091, 0.015010069515314584, 0.5741444178995352],
    exactly,
  );
});

Deno.test("normal() gives the numbers of JAX up to rounding of erfInv", () => {
  // docs of JAX, "Pseudorandom numbers": random.normal(random.key(42))
  assertClose(random.normal(KEY()), -0.028304616, { tolerance: 1e-8 });
  assertClose(random.normal(KEY(), [4]), [
    -0.02830461598932743,
    0.4671318531036377,
    0.2957029640674591,
    0.15354591608047485,
  ], { tolerance: 2e-7 });
  assertClose(
    random.normal(KEY(), [3], { dtype: "bfloat16" }),
    [0.34375, 1.015625, 1.890625],
    { tolerance: 0 },
  );
  assertClose(
    random.normal(KEY(), [3], { dtype: "float64" }),
    [-0.18471174528191162, -2.169824560397754, 0.18693555179382774],
    { tolerance: 1e-14 },
  );
});

Deno.test("other continuous distributions give the numbers of JAX", () => {
  const close = { tolerance: 2e-7 };
  assertClose(random.gumbel(KEY(), [2]), [
    0.3340933918952942,
    0.952019453048706,
  ], close);
  assertClose(random.exponential(KEY(), [2]), [
    0.670817494392395,
    1.1388006210327148,
  ], close);
  assertClose(random.laplace(KEY(), [2]), [
    0.022839652374386787,
    -0.4456535577774048,
  ], close);
  assertClose(random.cauchy(KEY(), [2]), [
    -0.03548463061451912,
    0.6337261199951172,
  ], close);
  assertClose(random.truncatedNormal(KEY(), -2, 2, [2]), [
    -0.027016498148441315,
    0.44438081979751587,
  ], close);
});

Deno.test("randint() gives the integers of JAX", () => {
  const { key, randint } = random;
  assertEquals(randint(KEY(), [8], 0, 10).js(), [4, 4, 1, 9, 9, 9, 7, 7]);
  assertEquals(
    randint(key(1), [5], -100, 2 ** 31 - 1).js(),
    [1733648024, 210002664, 956228220, 755481349, 1638955225],
  );
  assertEquals(
    randint(key(1), [6], 0, 256, { dtype: "uint8" }).js(),
    [252, 175, 224, 105, 160, 172],
  );
  assertEquals(
    randint(key(3), [6], -5, 5, { dtype: "int8" }).js(),
    [0, 4, 0, -1, 1, -3],
  );
});

Deno.test("randint() at the limits of its dtype, and of empty ranges", () => {
  const { randint } = random;
  assertEquals(randint(KEY(), [2], 5, 5).js(), [5, 5]);
  assertEquals(randint(KEY(), [2], 5, 3).js(), [5, 5]);
  const all = randint(KEY(), [200], -(2 ** 31), 2 ** 31).js() as number[];
  assert(Math.min(...all) < -(2 ** 30) && Math.max(...all) > 2 ** 30);
  const bounds = array([10, 20], "int32");
  const above = randint(KEY(), [3, 2], bounds, 1000);
  assert((above.js() as number[][]).every(([a, b]) => a! >= 10 && b! >= 20));
  assertThrows(
    () => randint(KEY(), [3], bounds, 30),
    TypeError,
    "Cannot broadcast shapes [2] and [3]",
  );
});

Deno.test("bernoulli(), categorical() give the draws of JAX", () => {
  const drawn = random.bernoulli(KEY(), 0.3, [10]).js() as boolean[];
  assertEquals(drawn.indexOf(true), 6);
  assertEquals(drawn.lastIndexOf(true), 6);
  const logits = array([
    [Math.log(0.1), Math.log(0.2), Math.log(0.7)],
    [Math.log(0.6), Math.log(0.3), Math.log(0.1)],
  ]);
  assertEquals(random.categorical(KEY(), logits).js(), [2, 0]);
  const one = array([Math.log(0.1), Math.log(0.2), Math.log(0.7)]);
  assertEquals(
    random.categorical(KEY(), one, { shape: [8] }).js(),
    [2, 2, 2, 2, 1, 2, 1, 2],
  );
  assertThrows(
    () => random.categorical(KEY(), logits, { shape: [3] }),
    TypeError,
    "the shape must end with [2]",
  );
});

Deno.test("permutation() gives the orders of JAX", () => {
  const { key, permutation } = random;
  assertEquals(permutation(KEY(), 10).js(), [7, 4, 2, 5, 3, 6, 8, 9, 0, 1]);
  const x = array([[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]], "int32");
  assertEquals(permutation(key(5), x).js(), [
    [0, 1, 2],
    [6, 7, 8],
    [3, 4, 5],
    [9, 10, 11],
  ]);
  assertEquals(permutation(key(5), x, { axis: 1 }).js(), [
    [0, 2, 1],
    [3, 5, 4],
    [6, 8, 7],
    [9, 11, 10],
  ]);
  const options = { axis: 1, independent: true };
  assertEquals(permutation(key(5), x, options).js(), [
    [0, 2, 1],
    [4, 3, 5],
    [8, 7, 6],
    [10, 9, 11],
  ]);
  assertEquals(permutation(KEY(), 0).js(), []);
  assertThrows(() => permutation(KEY(), -1), RangeError, "needs a count");
});

Deno.test("choice() gives the draws of JAX", () => {
  const { choice } = random;
  const p = array([0.1, 0.2, 0.3, 0.3, 0.1]);
  assertEquals(choice(KEY(), 10, [6]).js(), [4, 4, 1, 9, 9, 9]);
  assertEquals(
    choice(KEY(), 10, [6], { replace: false }).js(),
    [7, 4, 2, 5, 3, 6],
  );
  assertEquals(choice(KEY(), 5, [6], { p }).js(), [2, 2, 2, 2, 2, 2]);
  assertEquals(
    choice(KEY(), 5, [3], { p, replace: false }).js(),
    [2, 3, 1],
  );
  const x = array([[1, 2], [3, 4]]);
  assertEquals(choice(KEY(), x, [5], { axis: 1 }).shape, [2, 5]);
});

Deno.test("choice() refuses what cannot be drawn", () => {
  const { choice } = random;
  assertThrows(
    () => choice(KEY(), 3, [4], { replace: false }),
    RangeError,
    "Cannot draw 4 of 3 elements without replacement",
  );
  assertThrows(() => choice(KEY(), 0, [1]), RangeError, "none to draw");
  assertThrows(
    () => choice(KEY(), 3, [1], { p: array([1, 0]) }),
    TypeError,
    "p of shape [2]: needs one probability for each",
  );
});

/** Largest distance of the empirical distribution from `cdf` (Kolmogorov and Smirnov). */
function distance(x: NDArray, cdf: (x: number) => number): number {
  const sorted = Array.from(x.dataSync()).sort((a, b) => a - b);
  return Math.max(
    ...sorted.map((v, i) => Math.abs(cdf(v) - (i + 0.5) / sorted.length)),
  );
}

const normalCdf = (x: number) => (1 + erf(x * Math.SQRT1_2)) / 2;

Deno.test("samples follow their distributions", () => {
  const n = 4000;
  const limit = 1.63 / Math.sqrt(n); // passed by 99 % of true samples
  const cases: [NDArray, (x: number) => number][] = [
    [random.uniform(KEY(), [n]), (x) => x],
    [random.normal(KEY(), [n]), normalCdf],
    [random.exponential(KEY(), [n]), (x) => 1 - Math.exp(-x)],
    [random.gumbel(KEY(), [n]), (x) => Math.exp(-Math.exp(-x))],
    [random.cauchy(KEY(), [n]), (x) => 0.5 + Math.atan(x) / Math.PI],
    [
      random.laplace(KEY(), [n]),
      (x) => x < 0 ? Math.exp(x) / 2 : 1 - Math.exp(-x) / 2,
    ],
    [random.truncatedNormal(KEY(), -1, 2, [n]), (x) => {
      const [low, high] = [normalCdf(-1), normalCdf(2)];
      return (normalCdf(x) - low) / (high - low);
    }],
  ];
  const distances = cases.map(([x, cdf]) => distance(x, cdf));
  assert(distances.every((d) => d < limit), `${distances} under ${limit}`);
});

Deno.test("draws under jit and vmap equal those outside", () => {
  const { key, normal, permutation, randint, split } = random;
  const draw = (key: NDArray) => ({
    normal: normal(key, [3]),
    order: permutation(key, 5),
    whole: randint(key, [2], 0, 9),
  });
  const show = (tree: unknown) => map((x: NDArray) => x.js(), tree);
  assertEquals(show(jit(draw)(KEY())), show(draw(KEY())));
  const keys = split(key(9), 2);
  const lanes = (keys.js() as number[][]).map((row) =>
    draw(array(row, "uint32"))
  );
  const many = vmap(draw)(keys);
  assertClose(many.normal, lanes.map((lane) => lane.normal.js()));
  assertEquals(many.order.js(), lanes.map((lane) => lane.order.js()));
  assertEquals(many.whole.js(), lanes.map((lane) => lane.whole.js()));
});

Deno.test("uniform() is differentiable in its bounds", () => {
  const f = (low: NDArray) => random.uniform(KEY(), [], { minval: low });
  assertClose(grad(f)(array(0)) as NDArray, 1 - 0.48870957);
});

Deno.test("a float distribution refuses other dtypes", () => {
  const dtype = "int32" as unknown as "float32";
  assertThrows(
    () => random.normal(KEY(), [], { dtype }),
    TypeError,
    "Cannot draw from the normal distribution in int32",
  );
});

Deno.test("a shape with an extent that is none is refused", () => {
  for (const shape of [[-1], [1.5], [2, undefined as unknown as number]]) {
    assertThrows(
      () => random.normal(random.key(0), shape),
      RangeError,
      `Cannot make an array of shape [${shape}] with a random draw`,
    );
  }
});
