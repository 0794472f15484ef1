import { assertEquals } from "@std/assert";
import { MATH, type MathOp } from "../../../backends/cpu/math/mod.ts";
import { scalarFunction } from "../../../core/ir/semantics.ts";
import { CHUNK, type Rounding, vectorFunction } from "./_vector_function.ts";
import { Worst } from "./_ulps.ts";

const BINARY = ["pow", "atan2", "nextafter", "logAddExp"] as const;
type Binary = typeof BINARY[number];
type Unary = Exclude<MathOp, Binary>;

const isBinary = (op: MathOp): op is Binary =>
  (BINARY as readonly string[]).includes(op);
const UNARY = (Object.keys(MATH) as MathOp[])
  .filter((op): op is Unary => !isBinary(op));

/** Float32 next to 1, the largest, the smallest normal and the smallest. */
const [BELOW_1, ABOVE_1] = [1 - 2 ** -24, 1 + 2 ** -23];
const [LARGEST, NORMAL, LEAST] = [
  (2 - 2 ** -23) * 2 ** 127,
  2 ** -126,
  2 ** -149,
];

const POSITIVE = [
  ...[0, LEAST, 3 * LEAST, NORMAL - LEAST, NORMAL, 1e-30, 2 ** -27, 2 ** -13],
  ...[0.1, 0.25, 0.5, 2 / 3, 0.9, BELOW_1, 1, ABOVE_1, 1.5, 2, Math.PI, 4, 9],
  ...[10.0625, 17.3, 20, 87.3, 88.8, 89.5, 103.9, 126, 127, 128, 149, 150],
  ...[6400, 6401, 2 ** 23, 2 ** 24 - 1, 2 ** 24, 2 ** 25, 1e10, 1e30],
  ...[2 ** 126, LARGEST, Infinity],
].map(Math.fround);
const EDGES = [...POSITIVE, ...POSITIVE.map((x) => -x), NaN];

/**
 * Where sine, cosine or tangent are near 0 or infinity, what is left of the
 * angle has the fewest digits.
 */
function* nearMultiples(): Iterable<number> {
  for (let k = 1; k < 5000; k++) yield Math.fround(k * Math.PI / 2);
  for (let k = 5000; k < 1e30; k *= 1.001) {
    yield Math.fround(Math.floor(k) * Math.PI / 2);
  }
  // The float32 that is relatively nearest to such a multiple, as Muller's
  // Elementary Functions (2006, section 9.3) finds it.
  yield 16367173 * 2 ** 72;
}

/**
 * Checks pairs of inputs; functions of one number ignore the second.
 *
 * @throws If a result is further than 2 ulp from the reference.
 */
function checkPairs(
  op: MathOp,
  rounding: Rounding,
  pairs: Iterable<readonly [number, number]>,
): void {
  const { x, y, out, run } = vectorFunction(op, rounding);
  const reference = scalarFunction(op, "float32", "float32");
  const worst = new Worst();
  let count = 0;
  const flush = () => {
    run(count);
    for (let i = 0; i < count; i++) {
      const [a, b] = [x[i]!, y[i]!];
      const inputs = () => `${op}(${isBinary(op) ? `${a}, ${b}` : a})`;
      worst.note(out[i]!, reference(a, b, 0), inputs);
    }
    count = 0;
  };
  for (const [a, b] of pairs) {
    x[count] = a;
    y[count++] = b;
    if (count === CHUNK) flush();
  }
  flush();
  worst.check(2);
}

/** A test for machines that round a multiply-add once and for those that do not. */
function forEachRounding(name: string, test: (rounding: Rounding) => void) {
  Deno.test(name, () => test("as here"));
  Deno.test(`${name}, rounded twice`, () => test("twice"));
}

const alone = (xs: Iterable<number>) => Array.from(xs, (x) => [x, 0] as const);

function* everyPattern(step: number): Iterable<readonly [number, number]> {
  const word = new Uint32Array(1);
  const float = new Float32Array(word.buffer);
  for (let bits = step % 7919; bits < 2 ** 32; bits += step) {
    word[0] = bits;
    yield [float[0]!, 0];
  }
}

/** Results that are known without a reference. */
const KNOWN: Readonly<
  Partial<Record<Unary, readonly (readonly [number, number])[]>>
> = {
  exp: [[0, 1], [-0, 1], [1, Math.fround(Math.E)], [-Infinity, 0]],
  exp2: [[10, 1024], [-149, LEAST], [-150, 0], [128, Infinity], [-126, NORMAL]],
  expm1: [[-0, -0], [-Infinity, -1], [Infinity, Infinity]],
  log: [[0, -Infinity], [-0, -Infinity], [-1, NaN], [1, 0]],
  log1p: [[-0, -0], [-1, -Infinity], [-2, NaN], [LEAST, LEAST]],
  logistic: [[0, 0.5], [-Infinity, 0], [Infinity, 1]],
  sin: [[-0, -0], [Infinity, NaN]],
  cos: [[0, 1], [-Infinity, NaN]],
  tan: [[-0, -0], [Infinity, NaN]],
  tanh: [[-0, -0], [1e-6, Math.fround(1e-6)], [50, 1], [-Infinity, -1]],
  asin: [[1, Math.fround(Math.PI / 2)], [ABOVE_1, NaN]],
  acos: [[1, 0], [-1, Math.fround(Math.PI)], [-ABOVE_1, NaN]],
  atan: [[Infinity, Math.fround(Math.PI / 2)], [-0, -0]],
  acosh: [[1, 0], [BELOW_1, NaN], [Infinity, Infinity]],
  atanh: [[1, Infinity], [-1, -Infinity], [ABOVE_1, NaN], [-0, -0]],
  asinh: [[-Infinity, -Infinity], [-0, -0]],
  cbrt: [[-27, -3], [-0, -0], [LEAST, 2 ** -50 * Math.cbrt(2)]],
  rsqrt: [[0, Infinity], [-0, -Infinity], [-1, NaN], [4, 0.5], [Infinity, 0]],
  erf: [[-0, -0], [Infinity, 1], [-4, -1]],
  erfc: [[0, 1], [Infinity, 0], [-Infinity, 2]],
  erfInv: [[1, Infinity], [-1, -Infinity], [-0, -0], [ABOVE_1, NaN]],
};

for (const [op, pairs] of Object.entries(KNOWN)) {
  forEachRounding(`${op}() of vectors: known results`, (rounding) => {
    const { x, out, run } = vectorFunction(op as Unary, rounding);
    x.set(pairs.map(([input]) => input));
    run(pairs.length);
    const results = Array.from(pairs, ([input], i) => [input, out[i]]);
    assertEquals(results, pairs.map(([input, r]) => [input, Math.fround(r)]));
  });
}

for (const op of ["sin", "cos", "tan"] as const) {
  const name = `${op}() of vectors: next to multiples of pi / 2`;
  forEachRounding(name, (rounding) => {
    checkPairs(op, rounding, alone(nearMultiples()));
  });
}

for (const op of UNARY) {
  forEachRounding(`${op}() of vectors: numbers of all sizes`, (rounding) => {
    checkPairs(op, rounding, everyPattern(8191)); // a prime
  });
  forEachRounding(`${op}() of vectors: edges`, (rounding) => {
    checkPairs(op, rounding, alone(EDGES));
  });
}

/** Pairs of sizes that occur, and of all sizes. */
function* randomPairs(count: number): Iterable<readonly [number, number]> {
  const bits = new Uint32Array(2);
  const floats = new Float32Array(bits.buffer);
  const random = generator();
  const spread = () => (random() - 0.5) * 2 ** (60 * random() - 40);
  for (let i = 0; i < count; i++) {
    bits.set([2 ** 32 * random(), 2 ** 32 * random()]);
    yield [floats[0]!, floats[1]!];
    yield [40 * random() - 20, 40 * random() - 20];
    yield [Math.abs(spread()), 6 * random() - 3];
    yield [1 + spread(), spread()];
    yield [20 * random() - 10, Math.round(20 * random() - 10)];
  }
}

/** The same numbers in every run (mulberry32). */
function generator(): () => number {
  let state = 7;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const op of BINARY) {
  // Where the terms of logAddExp cancel, the larger one has the digits.
  const skips = (x: number, y: number) =>
    op === "logAddExp" &&
    Math.abs(Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)))) < 1e-4;

  forEachRounding(`${op}() of vectors: pairs of edges`, (rounding) => {
    const pairs = EDGES.flatMap((x) =>
      [...EDGES, 3, -3, 0.75].map((y) => [x, y] as const)
    );
    checkPairs(op, rounding, pairs.filter(([x, y]) => !skips(x, y)));
  });
  forEachRounding(`${op}() of vectors: random pairs`, (rounding) => {
    const pairs = [...randomPairs(30000)];
    checkPairs(op, rounding, pairs.filter(([x, y]) => !skips(x, y)));
  });
}

for (const op of Object.keys(MATH) as MathOp[]) {
  Deno.test(`${op}() of vectors: a lane does not depend on the others`, () => {
    const { x, y, out, run } = vectorFunction(op);
    // Side by side with every kind of neighbor, then with itself only.
    const orders = [1, 7, 31].flatMap((step) =>
      EDGES.map((_, i) => EDGES[i * step % EDGES.length]!)
    );
    x.set(orders);
    y.set(orders.toReversed());
    run(orders.length);
    const together = out.slice(0, orders.length);
    orders.forEach((value, i) => {
      const other = orders.at(-1 - i)!;
      x.fill(value, 0, 4);
      y.fill(other, 0, 4);
      run(4);
      assertEquals([...out.subarray(0, 4)], Array(4).fill(together[i]));
    });
  });
}
