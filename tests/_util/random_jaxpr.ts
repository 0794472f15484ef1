/** Random programs over arrays of several shapes, for the compiler's tests. */

import fc from "fast-check";
import type { NDArray } from "../../core/array.ts";
import { Aval } from "../../core/aval.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { type DType, isFloating } from "../../core/dtype.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { add } from "../../core/ops/addition.ts";
import { max, mul, neg, sub } from "../../core/ops/arithmetic.ts";
import { floor, rem } from "../../core/ops/rounding.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { fullLike, iota, scalar } from "../../core/ops/constants.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { cummax, cumsum } from "../../core/ops/cumulative.ts";
import { dynamicSlice, dynamicUpdateSlice } from "../../core/ops/dynamic.ts";
import { sin, tanh } from "../../core/ops/trigonometric.ts";
import { argmax, reduceMax } from "../../core/ops/extrema.ts";
import { gather, scatterAdd } from "../../core/ops/gather_scatter.ts";
import { reshape, rev, transpose } from "../../core/ops/layout.ts";
import { pad, slice } from "../../core/ops/slice_pad.ts";
import { sort } from "../../core/ops/sort.ts";
import { split } from "../../core/ops/split.ts";
import { stage } from "../../core/staging.ts";
import { cond } from "../../transforms/cond.ts";
import { jit } from "../../transforms/jit.ts";
import { scan } from "../../transforms/scan.ts";

/** Arbitrary numbers from which one step makes its choices. */
type Dice = readonly [op: number, x: number, y: number, choice: number];

/** A random program and arguments for it. */
export interface RandomJaxpr {
  readonly jaxpr: Jaxpr;
  readonly args: readonly NDArray[];
}

type Pool = readonly NDArray[];
type Step = (x: NDArray, pool: Pool, dice: Dice, wave: Wave) => NDArray;
/** A function of each element that is not linear. */
type Wave = (x: NDArray) => NDArray;

/** Another value of the shape and dtype of `x`: perhaps itself. */
function partner(x: NDArray, pool: Pool, at: number): NDArray {
  const same = pool.filter((y) => y.aval.equals(x.aval));
  return same[at % same.length]!;
}

/** Another value of its dtype. */
function kin(x: NDArray, pool: Pool, at: number): NDArray {
  const same = pool.filter((y) => y.dtype === x.dtype);
  return same[at % same.length]!;
}

/** The axes whose bit is set. */
function someAxes({ ndim }: NDArray, bits: number): readonly number[] {
  return Array.from({ length: ndim }, (_, axis) => axis).filter((axis) =>
    (bits >> axis) & 1
  );
}

function otherAxes({ ndim }: NDArray, axes: readonly number[]) {
  return Array.from({ length: ndim }, (_, a) => a).filter((a) =>
    !axes.includes(a)
  );
}

function permuted({ ndim }: NDArray, choice: number): readonly number[] {
  const rest = Array.from({ length: ndim }, (_, axis) => axis);
  return Array.from({ length: ndim }, () => {
    const [axis] = rest.splice(choice % rest.length, 1);
    return axis!;
  });
}

function reshaped({ shape, size }: NDArray, choice: number): readonly number[] {
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) =>
    size % d === 0
  );
  if (size === 0) return choice % 2 ? [0] : [...shape].reverse();
  const first = divisors[choice % divisors.length]!;
  switch (choice % 4) {
    case 0:
      return [size];
    case 1:
      return [first, 1, size / first];
    default:
      return [first, size / first];
  }
}

/** A product over the first pair of axes of equal extents, or `x` itself. */
function product(x: NDArray, y: NDArray, choice: number): NDArray {
  const pairs = x.shape.flatMap((extent, i) =>
    y.shape.flatMap((other, j) => extent === other ? [[i, j] as const] : [])
  );
  if (pairs.length === 0) return x;
  const [i, j] = pairs[choice % pairs.length]!;
  const batch = pairs.find(([a, b]) => a !== i && b !== j);
  return choice % 3 === 0 && batch
    ? dotGeneral(x, y, {
      contract: [[i], [j]],
      batch: [[batch[0]], [batch[1]]],
    })
    : dotGeneral(x, y, { contract: [[i], [j]], batch: [[], []] });
}

/** Where each row of `x` is taken from, or put: repeated, and out of bounds. */
function rowIndices(x: NDArray, choice: number): NDArray {
  const places = iota("int32", [x.shape[0]!, 1], 0);
  return mul(places, fullLike(places, choice % 3));
}

function takeRows(x: NDArray, choice: number): NDArray {
  if (x.ndim === 0 || x.size === 0) return x;
  return gather(x, rowIndices(x, choice), {
    offsetDims: otherAxes(x, [0]),
    collapsedSliceDims: [0],
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    startIndexMap: [0],
    sliceSizes: [1, ...x.shape.slice(1)],
    mode: choice % 2 ? "clip" : "fill",
    fillValue: 7,
  });
}

function addRows(x: NDArray, updates: NDArray, choice: number): NDArray {
  if (x.ndim === 0 || x.size === 0) return x;
  return scatterAdd(x, rowIndices(x, choice), updates, {
    updateWindowDims: otherAxes(x, [0]),
    insertedWindowDims: [0],
    operandBatchingDims: [],
    scatterIndicesBatchingDims: [],
    scatterDimsToOperandDims: [0],
  });
}

/** Starts that are computed, and may lie out of bounds. */
function someStarts(x: NDArray, y: NDArray): readonly NDArray[] {
  const total = convertElementType(sum(y, y.shape.map((_, a) => a)), "int32");
  return x.shape.map(() => total);
}

const halves = (x: NDArray) => x.shape.map((extent) => Math.ceil(extent / 2));

/** A loop over `x` and as many items, which closes over `other`. */
function loop(
  x: NDArray,
  other: NDArray,
  choice: number,
  wave: Wave,
): NDArray {
  const times = 1 + choice % 3;
  const items = broadcastInDim(
    other,
    [times, ...other.shape],
    other.shape.map((
      _,
      a,
    ) => a + 1),
  );
  const step = (carry: NDArray, item: NDArray): [NDArray, NDArray] => {
    const next = choice % 2 ? add(wave(carry), item) : mul(carry, wave(other));
    return [next, sub(carry, item)];
  };
  const [last, all] = scan(step, x, items, { reverse: choice % 5 < 2 });
  return choice % 7 < 4 ? last : sum(all, [0]);
}

/** One of two branches, by the sign of the sum of `by`. */
function branch(
  x: NDArray,
  other: NDArray,
  by: NDArray,
  wave: Wave,
): NDArray {
  const total = sum(by, by.shape.map((_, a) => a));
  const isPositive = compare("gt", total, fullLike(total, 0));
  const onTrue = (x: NDArray) => mul(wave(x), other);
  return cond(isPositive, onTrue, (x: NDArray) => neg(x), x) as NDArray;
}

const STEPS: Record<string, Step> = {
  loop: (x, pool, [, , y, choice], wave) =>
    loop(x, partner(x, pool, y), choice, wave),
  branch: (x, pool, [, , y, choice], wave) =>
    branch(x, partner(x, pool, y), pool[choice % pool.length]!, wave),
  call: (x, pool, [, , y], wave) =>
    jit((x: NDArray) => mul(wave(x), partner(x, pool, y)))(x),
  slice: (x, _, [, , y, choice]) => {
    const strides = x.shape.map(() => 1 + y % 2);
    const start = x.shape.map((extent) => Math.min(extent, choice % 2));
    return slice(x, start, x.shape, strides);
  },
  pad: (x, _, [, , y, choice]) => {
    const config = x.shape.map((extent, axis) =>
      axis === choice % x.ndim
        ? [y % 3, extent > 1 ? -(choice % 2) : 1, y % 2] as const
        : [0, 0, 0] as const
    );
    return pad(x, scalar(3, x.dtype), config);
  },
  largest: (x, _, [, , , bits]) =>
    x.size === 0 ? x : reduceMax(x, someAxes(x, bits)),
  argmax: (x, _, [, , , choice]) =>
    x.size === 0 || x.ndim === 0
      ? x
      : convertElementType(argmax(x, choice % x.ndim), x.dtype),
  cumsum: (x, _, [, , y, choice]) =>
    x.ndim === 0 ? x : cumsum(x, choice % x.ndim, y % 2 === 1),
  cummax: (x, _, [, , y, choice]) =>
    x.ndim === 0 ? x : cummax(x, choice % x.ndim, y % 2 === 1),
  concatenate: (x, pool, [, , y, choice]) =>
    x.ndim === 0
      ? x
      : concatenate([x, partner(x, pool, y), x], choice % x.ndim),
  split: (x, _, [, , y, choice], wave) => {
    const axis = choice % Math.max(x.ndim, 1);
    if (!x.shape[axis]) return x;
    const first = y % (x.shape[axis] + 1);
    const [a, b] = split(x, [first, x.shape[axis] - first], axis);
    return concatenate([wave(b!), a!], axis);
  },
  dynamicSlice: (x, pool, [, , y]) =>
    dynamicSlice(x, someStarts(x, pool[y % pool.length]!), halves(x)),
  dynamicUpdate: (x, pool, [, , y], wave) => {
    const starts = someStarts(x, pool[y % pool.length]!);
    return dynamicUpdateSlice(
      x,
      dynamicSlice(wave(x), starts, halves(x)),
      starts,
    );
  },
  sort: (x, pool, [, , y, choice]) => {
    if (x.ndim === 0) return x;
    const options = { dimension: choice % x.ndim, numKeys: 1 + y % 2 };
    return sort([x, partner(x, pool, y)], options)[y % 2]!;
  },
  gather: (x, _, [, , , choice]) => takeRows(x, choice),
  scatterAdd: (x, pool, [, , y, choice]) =>
    addRows(x, partner(x, pool, y), choice),
  whole: (x) => convertElementType(convertElementType(x, "int32"), x.dtype),
  single: (x) => convertElementType(convertElementType(x, "float32"), x.dtype),
  half: (x) =>
    convertElementType(sum(convertElementType(x, "float16"), []), x.dtype),
  halfSum: (x, _, [, , , bits]) =>
    convertElementType(
      sum(convertElementType(x, "float16"), someAxes(x, bits)),
      x.dtype,
    ),

  wave: (x, _, __, wave) => wave(x),
  tanh: (x, _, __, wave) => isFloating(x.dtype) ? tanh(x) : wave(x),
  neg: (x) => neg(x),
  twice: (x) => mul(x, fullLike(x, 2)),
  add: (x, pool, [, , y]) => add(x, partner(x, pool, y)),
  sub: (x, pool, [, , y]) => sub(x, partner(x, pool, y)),
  mul: (x, pool, [, , y]) => mul(x, partner(x, pool, y)),
  max: (x, pool, [, , y]) => max(x, partner(x, pool, y)),
  select: (x, pool, [, , y, choice]) => {
    const other = partner(x, pool, y);
    return select(compare("lt", x, other), partner(x, pool, choice), other);
  },
  sum: (x, _, [, , , bits]) => sum(x, someAxes(x, bits)),
  sumAndBack: (x, _, [, , , bits]) => {
    const axes = someAxes(x, bits);
    const total = broadcastInDim(sum(x, axes), x.shape, otherAxes(x, axes));
    return sub(x, total);
  },
  stretch: (x, _, [, , y, choice]) => {
    const at = choice % (x.ndim + 1);
    const shape = x.shape.toSpliced(at, 0, 1 + y % 3);
    return broadcastInDim(x, shape, x.shape.map((_, a) => a < at ? a : a + 1));
  },
  reshape: (x, _, [, , , choice]) => reshape(x, reshaped(x, choice)),
  transpose: (x, _, [, , , choice]) => transpose(x, permuted(x, choice)),
  rev: (x, _, [, , , bits]) => rev(x, someAxes(x, bits)),
  product: (x, pool, [, , y, choice]) => product(x, kin(x, pool, y), choice),
  iota: (x, _, [, , , choice]) =>
    x.ndim === 0 ? x : mul(x, iota(x.dtype, x.shape, choice % x.ndim)),
  literal: (x, _, [, , , choice]) => scalar(choice % 3, x.dtype),
};

/** Steps whose results are elements of what they are given. */
const KEEPS = new Set(
  [
    ...["slice", "largest", "cummax", "concatenate", "dynamicSlice", "sort"],
    ...["gather", "max", "select", "stretch", "reshape", "transpose", "rev"],
    ...["wave", "literal"],
  ].map((name) => STEPS[name]!),
);

/** Steps that are not continuous in their operands, or round them. */
const ROUGH = new Set([
  "branch",
  "select",
  "sort",
  "argmax",
  "whole",
  "single",
  "half",
  "halfSum",
  "dynamicSlice",
  "dynamicUpdate",
]);

/** Steps that are continuous, but not their derivatives. */
const KINKED = new Set(["max", "largest", "cummax"]);

/** The steps of a kind of programs. */
interface Repertoire {
  readonly steps: readonly Step[];
  readonly wave: Wave;
  /** Values of more elements are not made, so that programs stay quick. */
  readonly limit: number;
}

function runDice(
  inputs: Pool,
  dice: readonly Dice[],
  { steps, wave, limit }: Repertoire,
): Pool {
  const pool = [...inputs];
  for (const roll of dice) {
    const [op, at, y] = roll;
    // Late values are taken more often, so that chains grow deep.
    const x = pool[pool.length - 1 - at % Math.min(pool.length, 4)]!;
    const out = steps[op % steps.length]!(x, pool, roll, wave);
    if (out.size <= limit && out.ndim <= 4) pool.push(out);
    else pool.push(pool[y % pool.length]!);
  }
  return pool;
}

const SMALL = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom([3, 3], [2, 3], [3], [3, 1], []) },
  {
    weight: 2,
    arbitrary: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  },
  { weight: 1, arbitrary: fc.constantFrom([0], [2, 0], [1], [1, 1]) },
);

/** Extents around those of vectors, of what is written out, and of blocks. */
const LARGE = fc.array(
  fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.constantFrom(15, 16, 17, 31, 32, 33, 64, 100, 257, 2049),
  ),
  { minLength: 1, maxLength: 3 },
).map((extents) => {
  const isWithin = (n: number) =>
    extents.slice(0, n).reduce((x, y) => x * y, 1) <= LIMITS.large;
  return extents.filter((_, i) => isWithin(i + 1));
});

const LIMITS = { small: 400, large: 20_000 };
const roll = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000), fc.nat(1000));

/** Deterministic values that are neither whole nor symmetric. */
function values(shape: readonly number[], seed: number): NDArray {
  const { size } = Aval.of(shape, "float64");
  const data = Float64Array.from(
    { length: size },
    (_, i) => Math.sin(12.9 * (i + 1) + 7.3 * (seed + 1)) * 1.5,
  );
  return arrayFromStorage(data, shape, "float64");
}

/** Dtypes in which products of two such values, and sums of many, are exact. */
const EXACT_DTYPES = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int32",
  "uint32",
  "int8",
  "uint16",
] as const satisfies readonly DType[];

function exactValues(
  shape: readonly number[],
  dtype: DType,
  seed: number,
): NDArray {
  return tidied(convertElementType(mul4(values(shape, seed)), dtype));
}

const mul4 = (x: NDArray) => mul(x, fullLike(x, 4));

/**
 * The multiple of 1/4 below, modulo 8; integers have no choice. Not -0, which
 * is equal to 0: either may be the largest of both.
 */
function tidied(x: NDArray): NDArray {
  if (!isFloating(x.dtype)) return x;
  const whole = rem(floor(mul4(x)), fullLike(x, 32));
  return mul(add(whole, fullLike(x, 0)), fullLike(x, 0.25));
}

const exactWave: Wave = (x) =>
  isFloating(x.dtype) ? tidied(mul4(sin(x))) : sub(mul(x, x), fullLike(x, 3));

const exactly = (step: Step): Step => (x, ...rest) => {
  const out = step(x, ...rest);
  return KEEPS.has(step) ? out : tidied(out);
};

/** As another dtype. */
const toOther: Step = (x, _, [, , , choice]) =>
  tidied(
    convertElementType(x, EXACT_DTYPES[choice % EXACT_DTYPES.length]!),
  );

/** What a random program may be. */
export interface RandomJaxprOptions {
  /** Most steps. */
  readonly length?: number;
  /** Whether it is continuous, with derivatives almost everywhere. */
  readonly smooth?: boolean;
  /** Whether a smooth one may have values without derivatives, as those of max. */
  readonly kinks?: boolean;
  /**
   * Whether all values are small multiples of 1/4, so that sums are exact and
   * their order does not matter; of all dtypes.
   */
  readonly exact?: boolean;
  readonly shapes?: "small" | "large";
}

function repertoire(
  { smooth = false, kinks = true, exact = false, shapes = "small" }:
    RandomJaxprOptions,
): Repertoire {
  const limit = LIMITS[shapes];
  const isLeftOut = (name: string) =>
    smooth && (ROUGH.has(name) || (!kinks && KINKED.has(name)));
  const steps = Object.entries(STEPS).flatMap(([name, step]) =>
    isLeftOut(name) ? [] : [exact ? exactly(step) : step]
  );
  return exact
    ? { steps: [...steps, toOther], wave: exactWave, limit }
    : { steps, wave: sin, limit };
}

/** Programs of some steps; outputs may be inputs, repeated, or literals. */
export function randomJaxpr(
  { length = 12, ...options }: RandomJaxprOptions = {},
): fc.Arbitrary<RandomJaxpr> {
  const steps = repertoire(options);
  const shape = options.shapes === "large" ? LARGE : SMALL;
  const dtypes = fc.constantFrom(
    ...(options.exact ? EXACT_DTYPES : ["float64"] as const),
  );
  return fc.record({
    inputs: fc.array(fc.tuple(shape, dtypes), { minLength: 1, maxLength: 3 }),
    dice: fc.array(roll, { minLength: 1, maxLength: length }),
    outputs: fc.array(fc.nat(5), { maxLength: 3 }),
  }).map(({ inputs, dice, outputs }) => {
    const args = inputs.map(([shape, dtype], i) =>
      options.exact ? exactValues(shape, dtype, i) : values(shape, i)
    );
    const { jaxpr } = stage(
      (...inputs) => {
        const pool = runDice(inputs, dice, steps);
        return [0, ...outputs].map((i) =>
          pool[Math.max(0, pool.length - 1 - i)]!
        );
      },
      args.map((x) => x.aval),
      "a random program",
    );
    const random = { jaxpr, args };
    return Object.assign(random, {
      [fc.toStringMethod]: () => `\n${jaxpr}`,
    });
  });
}
