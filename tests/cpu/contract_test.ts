import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { contractCode } from "../../backends/cpu/codegen/contract.ts";
import { type Plan, planOf } from "../../backends/cpu/codegen/contract_plan.ts";
import { SCRATCH_BYTES } from "../../backends/cpu/layout.ts";
import type { NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { add } from "../../core/ops/addition.ts";
import { max, mul } from "../../core/ops/arithmetic.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { convGeneralDilated } from "../../core/ops/convolution.ts";
import type { Contract } from "../../core/ir/kernel.ts";
import { rev, transpose } from "../../core/ops/layout.ts";
import { take } from "../../library/numpy/mod.ts";
import { arrayOf } from "../_util/array.ts";
import {
  assertSameBuffers,
  bytesOf,
  interpret,
  programOf,
  runCode,
  type RunOptions,
  scattered,
} from "./_run_kernel.ts";

type Fn = (...args: readonly NDArray[]) => NDArray | readonly NDArray[];

/** A sum of one product may keep the sign of a zero. */
const UP_TO_ZEROS = { tolerance: 1e-12 };

/**
 * Asserts that compiled contractions in a Program give what the interpreter
 * gives. Elements are small integers, so that sums are exact in any order.
 */
function check(
  f: Fn,
  args: readonly NDArray[],
  options: RunOptions = {},
): void {
  let contractions = 0;
  for (const trace of interpret(programOf(f, args), args.map(bytesOf))) {
    const { kernel, after } = trace;
    if (kernel.kind !== "contract") continue;
    contractions++;
    const actual = runCode(trace, contractCode(kernel), options);
    assertSameBuffers(kernel, actual, after, UP_TO_ZEROS);
  }
  assertEquals(contractions, 1);
}

function integers(
  shape: readonly number[],
  dtype: DType = "float32",
  kinds = dtype === "bool" ? 2 : 7,
): NDArray {
  const size = shape.reduce((n, extent) => n * extent, 1);
  const values = scattered(size, kinds).map((x) => x + (kinds >> 1));
  const isSigned = !dtype.startsWith("u") && dtype !== "bool";
  return arrayOf(shape, values.map((x) => isSigned ? x - 3 : x), dtype);
}

function matmul(x: NDArray, y: NDArray): NDArray {
  return dotGeneral(x, y, {
    contract: [[x.ndim - 1], [y.ndim - 2]],
    batch: [
      Array.from({ length: x.ndim - 2 }, (_, i) => i),
      Array.from({ length: y.ndim - 2 }, (_, i) => i),
    ],
  });
}

const swapLast = (x: NDArray) =>
  transpose(x, [
    ...Array.from({ length: x.ndim - 2 }, (_, i) => i),
    x.ndim - 1,
    x.ndim - 2,
  ]);

const shapes = {
  "one element": [1, 1, 1],
  "tiny": [4, 4, 4],
  "less than a tile": [5, 7, 6],
  "rests on all sides": [13, 11, 19],
  "several blocks": [97, 65, 131],
  "long inner loops": [31, 1000, 37],
  "inner loops in chunks": [8, 5000, 12],
  "many rows": [800, 30, 20],
  "many columns": [9, 30, 1500],
  "a vector times a matrix": [1, 300, 70],
  "a matrix times a vector": [70, 300, 1],
  "an outer product": [70, 1, 90],
} as const;

for (const [name, [m, k, n]] of Object.entries(shapes)) {
  Deno.test(`matrix products of every layout: ${name}`, () => {
    for (const isLeftTurned of [false, true]) {
      for (const isRightTurned of [false, true]) {
        for (const isResultTurned of [false, true]) {
          const x = integers(isLeftTurned ? [k, m] : [m, k]);
          const y = integers(isRightTurned ? [n, k] : [k, n]);
          check((x, y) => {
            const product = matmul(
              isLeftTurned ? swapLast(x) : x,
              isRightTurned ? swapLast(y) : y,
            );
            return isResultTurned ? swapLast(product) : product;
          }, [x, y]);
        }
      }
    }
  });
}

Deno.test("matrix products of every dtype", () => {
  for (
    const dtype of [
      ...["float64", "float16", "bfloat16"],
      ...["int32", "uint32", "int16", "uint16", "int8", "uint8", "bool"],
    ] as DType[]
  ) {
    check(matmul, [integers([13, 30], dtype), integers([30, 21], dtype)]);
    check(
      (x, y) => matmul(swapLast(x), swapLast(y)),
      [integers([40, 26], dtype), integers([26, 40], dtype)],
    );
  }
});

Deno.test("strides of a power of two are packed", () => {
  check(matmul, [integers([20, 300]), integers([300, 1024])]);
  check(
    (x, y) => matmul(swapLast(x), y),
    [integers([300, 1024]), integers([300, 24])],
  );
});

Deno.test("operands and results are computed along", () => {
  check(
    (x, y, bias, z) => max(add(matmul(add(x, x), max(y, mul(y, y))), bias), z),
    [[40, 60], [60, 72], [40, 72], [40, 72]].map((s) => integers(s)),
  );
  check(
    (x, y) => {
      const product = matmul(x, y);
      return [
        add(product, product),
        convertElementType(product, "int32"),
        swapLast(product),
      ];
    },
    [integers([40, 30]), integers([30, 44])],
  );
});

Deno.test("operands are gathered by indices", () => {
  const rows = arrayOf([7], [3, 1, 4, 49, 0, 7, 3], "int32");
  const inner = arrayOf([33], scattered(33, 41).map((x) => x + 20), "int32");
  const product = (x: NDArray, i: NDArray, axis: number, w: NDArray) =>
    matmul(swapLast(take(x, i, axis)), w);
  check(
    (x, i, w) => matmul(take(x, i, 0), w),
    [integers([50, 33]), rows, integers([33, 40])],
  );
  check(
    (x, i, w) => product(x, i, 1, w),
    [integers([33, 50]), rows, integers([33, 40])],
  );
  check(
    (x, i, w) => product(x, i, 0, w),
    [integers([41, 50]), inner, integers([33, 40])],
  );
});

Deno.test("convolutions as of images, and their derivatives", () => {
  const conv = (x: NDArray, w: NDArray) =>
    convGeneralDilated(x, w, {
      windowStrides: [1, 1],
      padding: [[1, 1], [1, 1]],
    });
  const [x, w] = [integers([4, 3, 16, 16]), integers([16, 3, 3, 3])];
  const ct = integers([4, 16, 16, 16]);
  for (const threads of [1, 2]) {
    check(conv, [x, w], { threads });
    // With respect to the image, and to the window.
    check(
      (ct, w) => conv(ct, rev(transpose(w, [1, 0, 2, 3]), [2, 3])),
      [ct, w],
      { threads },
    );
    check(
      (x, ct) => conv(transpose(x, [1, 0, 2, 3]), transpose(ct, [1, 0, 2, 3])),
      [x, ct],
      { threads },
    );
  }
});

Deno.test("results do not depend on who runs which items when", () => {
  for (const threads of [1, 2, 3]) {
    for (const backwards of [false, true]) {
      const options = { threads, backwards };
      check(matmul, [integers([97, 700]), integers([700, 88])], options);
      check(
        (x, y) => matmul(swapLast(x), swapLast(y)),
        [integers([9000, 7]), integers([11, 9000])],
        options,
      );
    }
  }
});

Deno.test("products of arrays of any shape", () => {
  const extent = fc.oneof(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 40 }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 2 }),
      fc.tuple(extent, extent, extent),
      fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
      (batch, [m, k, n], [turnLeft, turnRight, turnResult]) => {
        const turned = (x: NDArray, yes: boolean) => yes ? swapLast(x) : x;
        const x = integers([...batch, ...(turnLeft ? [k, m] : [m, k])]);
        const y = integers([...batch, ...(turnRight ? [n, k] : [k, n])]);
        check((x, y) =>
          turned(
            matmul(turned(x, turnLeft), turned(y, turnRight)),
            turnResult,
          ), [x, y]);
      },
    ),
    { numRuns: 60 },
  );
});

const small = (max: number) => fc.integer({ min: 1, max });

/** Convolutions whose windows fit. */
const convolutions = fc.record({
  batch: small(3),
  features: small(4),
  outputs: small(9),
  groups: small(2),
  size: fc.tuple(small(12), small(24)),
  kernel: fc.tuple(small(3), small(4)),
  windowStrides: fc.tuple(small(2), small(3)),
  rhsDilation: fc.tuple(small(2), small(2)),
  lhsDilation: fc.tuple(small(2), small(2)),
  low: fc.tuple(fc.nat(3), fc.nat(3)),
  high: fc.tuple(fc.nat(3), fc.nat(3)),
}).filter(({ size, kernel, lhsDilation, rhsDilation, low, high }) =>
  [0, 1].every((axis) =>
    (size[axis]! - 1) * lhsDilation[axis]! + 1 + low[axis]! + high[axis]! >
      (kernel[axis]! - 1) * rhsDilation[axis]!
  )
);

Deno.test("convolutions of any shape", () => {
  fc.assert(
    fc.property(convolutions, (c) => {
      const convolution = (x: NDArray, w: NDArray) =>
        convGeneralDilated(x, w, {
          windowStrides: c.windowStrides,
          padding: [[c.low[0], c.high[0]], [c.low[1], c.high[1]]],
          lhsDilation: c.lhsDilation,
          rhsDilation: c.rhsDilation,
          featureGroupCount: c.groups,
        });
      const x = integers([c.batch, c.features * c.groups, ...c.size]);
      const w = integers([c.outputs * c.groups, c.features, ...c.kernel]);
      for (
        const trace of interpret(
          programOf(convolution, [x, w]),
          [x, w].map(bytesOf),
        )
      ) {
        if (trace.kernel.kind !== "contract") continue;
        const actual = runCode(trace, contractCode(trace.kernel));
        assertSameBuffers(trace.kernel, actual, trace.after, UP_TO_ZEROS);
      }
    }),
    {
      numRuns: 60,
      // A copy with zeros around that is read at even distances.
      examples: [[{
        ...{ batch: 1, features: 1, outputs: 2, groups: 1 },
        ...{ size: [1, 5], kernel: [3, 1], windowStrides: [1, 1] },
        ...{ rhsDilation: [1, 1], lhsDilation: [1, 1] },
        ...{ low: [2, 2], high: [3, 1] },
      }]],
    },
  );
});

Deno.test("what is not a number spreads to its row and column, and no further", () => {
  const spoilt = (shape: readonly number[], values: readonly number[]) => {
    const size = shape.reduce((n, extent) => n * extent, 1);
    const elements = [...scattered(size, 7)];
    values.forEach((value, i) =>
      elements[Math.floor((i + 0.5) * size / values.length)] = value
    );
    return arrayOf(shape, elements, "float32");
  };
  const bad = [NaN, Infinity, -Infinity];
  check(matmul, [spoilt([13, 30], bad), spoilt([30, 21], bad)]);
  check(matmul, [spoilt([13, 30], bad), integers([30, 21])]);
  check(
    (x, y) => matmul(swapLast(x), swapLast(y)),
    [spoilt([301, 13], bad), spoilt([21, 301], bad)],
  );
});

type Shapes = readonly (readonly number[])[];

/** The only contraction in a Program. */
function contractionIn(f: Fn, ...shapes: Shapes): Contract {
  const program = programOf(f, shapes.map((shape) => integers(shape)));
  const kernels = program.steps.flatMap((step) =>
    step.kind === "kernel" && step.kernel.kind === "contract"
      ? [step.kernel]
      : []
  );
  assertEquals(kernels.length, 1);
  return kernels[0]!;
}

function planIn(f: Fn, ...shapes: Shapes): Plan | null {
  return planOf(contractionIn(f, ...shapes));
}

Deno.test("which contractions are cut into blocks, and which are nests", () => {
  const planned = (...[m, k, n]: readonly [number, number, number]) =>
    planIn(matmul, [m, k], [k, n]) !== null;
  assert(planned(64, 64, 64));
  assert(planned(512, 512, 8));
  assert(!planned(1, 300, 200), "its matrix is read once");
  assert(!planned(300, 1, 200), "one product for each store");
});

Deno.test("sums grow where they are stored, if nothing else is made of them", () => {
  const growsThere = (f: Fn, ...shapes: Shapes) =>
    planIn(f, ...shapes)!.result !== null;
  assert(growsThere(matmul, [64, 400], [400, 64]));
  assert(growsThere(matmul, [5, 64, 64], [5, 64, 64]));
  assert(growsThere((x, y) => swapLast(matmul(x, y)), [64, 64], [64, 64]));
  assert(!growsThere((x, y) => add(matmul(x, y), y), [64, 64], [64, 64]));
  assert(!growsThere(matmul, [64, 63], [63, 63]), "vectors overlap");
});

Deno.test("blocks are wide, and as large as scratch memory allows", () => {
  const { rows, columns } = planIn(matmul, [1024, 128], [128, 512])!;
  assertEquals(columns.cut.count, 1, "rows are read and written whole");
  assert(rows.cut.count > 16, "there is work for many threads");
  const twice: Fn = (x, y) => {
    const product = matmul(x, y);
    return add(product, product);
  };
  for (const n of [1000, 70000]) {
    const { scratch } = contractCode(contractionIn(twice, [64, 24], [24, n]));
    assert(scratch > 0 && scratch <= SCRATCH_BYTES, `${scratch} bytes`);
  }
});

Deno.test("rows that crowd the first cache are packed, unless for few columns", () => {
  const packing = (k: number, m: number, n: number) =>
    planIn((x, y) => matmul(swapLast(x), y), [k, m], [k, n])!.rows.packing;
  assertEquals(packing(1024, 128, 512), "ahead");
  assertEquals(packing(1024, 100, 512), "none");
  assertEquals(packing(1024, 512, 128), "none");
});
