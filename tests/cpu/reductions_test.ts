import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compileKernel } from "../../backends/cpu/codegen/mod.ts";
import type { NDArray } from "../../core/array.ts";
import { type DType, DTYPES, isFloating } from "../../core/dtype.ts";
import { lower } from "../../core/ir/lower.ts";
import { div, max, mul, sub } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { fullLike, iota, scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { exp } from "../../core/ops/exponential.ts";
import {
  argmax,
  argmin,
  reduceAnd,
  reduceMax,
  reduceMin,
  reduceOr,
  reduceProd,
} from "../../core/ops/extrema.ts";
import { reshape, rev, transpose } from "../../core/ops/layout.ts";
import { pad, slice } from "../../core/ops/slice_pad.ts";
import { stage } from "../../core/staging.ts";
import { arrayOf } from "../_util/array.ts";
import { type CheckOptions, checkProgram } from "./_check_program.ts";
import { anyDType, bytesOf, scattered } from "./_run_kernel.ts";

type Axes = readonly number[];
type Layout = (x: NDArray) => NDArray;

/** Where elements of an array are read from. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  asItIs: (x) => x,
  transposed: (x) => transpose(x, x.shape.map((_, i) => x.ndim - 1 - i)),
  reversed: (x) => rev(x, x.shape.map((_, i) => i)),
  lastReversed: (x) => rev(x, x.ndim === 0 ? [] : [x.ndim - 1]),
  everyOther: (x) =>
    slice(x, x.shape.map((n) => Math.min(1, n)), x.shape, x.shape.map(() => 2)),
  padded: (x) => pad(x, scalar(1, x.dtype), x.shape.map(() => [2, 1, 0])),
  spread: (x) => pad(x, scalar(0, x.dtype), x.shape.map(() => [1, -1, 1])),
  flat: (x) => reshape(x, [x.size]),
  repeated: (x) =>
    broadcastInDim(x, [3, ...x.shape], x.shape.map((_, i) => i + 1)),
};

/** Reductions whose results do not depend on the order, of small whole numbers. */
function reductions(x: NDArray, axes: Axes): readonly NDArray[] {
  const isEmpty = axes.some((axis) => x.shape[axis] === 0);
  if (x.dtype === "bool") return [reduceAnd(x, axes), reduceOr(x, axes)];
  const sign = sub(
    fullLike(x, 1),
    mul(fullLike(x, 2), convertElementType(odd(x), x.dtype)),
  );
  return [
    sum(x, axes),
    reduceProd(sign, axes),
    ...(isFloating(x.dtype) ? [] : [reduceAnd(x, axes), reduceOr(x, axes)]),
    ...(isEmpty ? [] : [reduceMax(x, axes), reduceMin(x, axes)]),
    ...axes.flatMap((axis) =>
      isEmpty ? [] : [argmax(x, axis), argmin(x, axis)]
    ),
  ];
}

const odd = (x: NDArray) => {
  const root = convertElementType(x, "int32");
  const whole = mul(root, root);
  return sub(whole, mul(div(whole, fullLike(whole, 2)), fullLike(whole, 2)));
};

const axesOf = ({ ndim }: NDArray, bits: number): Axes =>
  Array.from({ length: ndim }, (_, axis) => axis).filter((a) =>
    (bits >> a) & 1
  );

const extent = fc.oneof(
  fc.integer({ min: 1, max: 9 }),
  fc.constantFrom(0, 15, 16, 17, 31, 32, 33, 100),
);
const shapes = fc.oneof(
  { weight: 6, arbitrary: fc.array(extent, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom([4097], [10_000], [2, 4100], [4100, 2], [
      70,
      130,
    ]),
  },
).filter((shape) => shape.reduce((x, y) => x * y, 1) <= 20_000);

function small(shape: readonly number[], dtype: DType): NDArray {
  const size = shape.reduce((x, y) => x * y, 1);
  const unsigned = DTYPES[dtype].kind === "uint";
  const values = scattered(size, 7).map((v) =>
    dtype === "bool" ? Number(v !== 3) : unsigned ? v + 3 : v
  );
  return arrayOf(shape, values, dtype);
}

function check(
  f: (x: NDArray) => readonly NDArray[],
  x: NDArray,
  options: CheckOptions = {},
): void {
  const { jaxpr } = stage((x) => [...f(x!)], [x.aval], "f");
  checkProgram(lower(jaxpr), [bytesOf(x)], options);
}

Deno.test("reductions over any axes of any access are those of the interpreter", () =>
  fc.assert(
    fc.property(
      fc.record({
        shape: shapes,
        dtype: anyDType,
        layout: fc.constantFrom(...Object.keys(LAYOUTS)),
        bits: fc.nat(15),
        threads: fc.integer({ min: 1, max: 3 }),
        backwards: fc.boolean(),
      }),
      ({ shape, dtype, layout, bits, ...options }) =>
        check(
          (x) => {
            const y = LAYOUTS[layout]!(x);
            return reductions(y, axesOf(y, bits));
          },
          small(shape, dtype),
          options,
        ),
    ),
    {
      numRuns: 150,
      // A short reduction before a long one that is cut into chunks.
      examples: [[{
        shape: [4100, 2],
        dtype: "float16",
        layout: "padded",
        bits: 7,
        threads: 1,
        backwards: false,
      }]],
    },
  ));

const LONG = [
  [300_007],
  [1000, 301],
  [3, 100_003],
  [100_003, 3],
  [9001, 37],
  [17, 33, 401],
];

for (const shape of LONG) {
  Deno.test(`long reductions of ${shape.join(" x ")} elements are those of the interpreter`, () => {
    for (const dtype of ["float32", "float64", "int8", "bfloat16"] as const) {
      const x = small(shape, dtype);
      for (let bits = 1; bits < 2 ** shape.length; bits++) {
        check((x) => [sum(x, axesOf(x, bits))], x, { threads: 3 });
        check(
          (x) => {
            const axes = axesOf(x, bits);
            return [
              reduceMax(x, axes),
              reduceMin(x, axes),
              sum(mul(x, x), axes),
            ];
          },
          x,
          { backwards: true },
        );
      }
    }
  });
}

Deno.test("long reductions that do not wait for each other share phases", () => {
  for (const shape of [[100_003], [20_000, 6]]) {
    const axes = [0];
    const x = small(shape, "float32");
    const { jaxpr } = stage(
      (...[x]) => {
        const most = reduceMax(x!, axes);
        const kept = shape.map((_, axis) => axis).slice(1);
        const below = sub(x!, broadcastInDim(most, shape, kept));
        return [
          most,
          sum(exp(below), axes),
          ...[x!, mul(x!, x!)].map((y) => sum(y, axes)),
        ];
      },
      [x.aval],
      "f",
    );
    const program = lower(jaxpr);
    const phases = program.steps.flatMap((step) =>
      step.kind === "kernel" ? compileKernel(step.kernel).phases : []
    );
    // The maxima, all sums, and the results.
    assertEquals(phases.length, 3);
    checkProgram(program, [bytesOf(x)], { threads: 3, tolerance: 1e-4 });
  }
});

/** A mean, a largest element and a scale for each row. */
function normalized(x: NDArray, axes: Axes): readonly NDArray[] {
  const kept = x.shape.map((_, a) => a).filter((a) => !axes.includes(a));
  const back = (y: NDArray) => broadcastInDim(y, x.shape, kept);
  const powers = exp(sub(x, back(reduceMax(x, axes))));
  const softmax = div(powers, back(sum(powers, axes)));
  const count = axes.reduce((n, a) => n * x.shape[a]!, 1);
  const mean = div(sum(x, axes), fullLike(sum(x, axes), count));
  const centered = sub(x, back(mean));
  const square = sum(mul(centered, centered), axes);
  const scaled = div(centered, back(max(square, fullLike(square, 1))));
  return [softmax, scaled, mean];
}

Deno.test("rows that are reduced more than once are those of the interpreter", () =>
  fc.assert(
    fc.property(
      fc.record({
        shape: shapes.filter((s) => s.every((n) => n > 0)),
        dtype: fc.constantFrom<DType>("float32", "float64"),
        bits: fc.nat(7),
        isTransposed: fc.boolean(),
      }),
      ({ shape, dtype, bits, isTransposed }) =>
        check(
          (x) => {
            const y = isTransposed ? LAYOUTS.transposed!(x) : x;
            return normalized(y, axesOf(y, bits));
          },
          small(shape, dtype),
          { tolerance: dtype === "float32" ? 2e-5 : 1e-12 },
        ),
    ),
    {
      numRuns: 100,
      // Lanes that are not the last axis of a row.
      examples: [[{
        shape: [2, 1, 32],
        dtype: "float32",
        bits: 5,
        isTransposed: true,
      }]],
    },
  ));

Deno.test("NaN, infinities and zeros of both signs in reductions", () => {
  const special = [NaN, Infinity, -Infinity, -0, 0, 1];
  fc.assert(
    fc.property(
      fc.constantFrom<DType>("float16", "bfloat16", "float32", "float64"),
      fc.integer({ min: 1, max: 70 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...special)), {
        maxLength: 3,
      }),
      fc.nat(3),
      (dtype, rows, columns, places, bits) => {
        const values = scattered(rows * columns, 7).map((v) => v);
        for (const [at, value] of places) values[at % values.length] = value;
        const x = arrayOf([rows, columns], values, dtype);
        check(
          (x) => {
            const axes = axesOf(x, bits);
            return [
              sum(x, axes),
              reduceMax(x, axes),
              reduceMin(x, axes),
              reduceProd(x, axes),
              ...axes.flatMap((axis) => [argmax(x, axis), argmin(x, axis)]),
            ];
          },
          x,
          { tolerance: 1e-6 },
        );
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("positions of elements in loops that are merged, and in lanes", () =>
  fc.assert(
    fc.property(
      shapes.filter((s) => s.length > 0),
      fc.nat(15),
      (shape, bits) =>
        check((x) => {
          const at = iota("int32", x.shape, bits % x.ndim);
          const y = sub(mul(x, at), at);
          return [
            y,
            sum(y, axesOf(x, bits)),
            transpose(y, x.shape.map((_, i) => (i + 1) % x.ndim)),
          ];
        }, small(shape, "int32")),
    ),
    { numRuns: 100 },
  ));
