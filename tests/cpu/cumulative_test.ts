import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cumulativeCode } from "../../backends/cpu/codegen/cumulative.ts";
import type { NDArray } from "../../core/array.ts";
import { type DType, DTYPES, isFloating } from "../../core/dtype.ts";
import type { Cumulative } from "../../core/ir/kernel.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import {
  cumlogsumexp,
  cummax,
  cummin,
  cumprod,
  cumsum,
} from "../../core/ops/cumulative.ts";
import { transpose } from "../../core/ops/layout.ts";
import { arrayOf } from "../_util/array.ts";
import {
  arraysOf,
  assertSameBuffers,
  bytesOf,
  interpret,
  programOf,
  runCode,
  type RunOptions,
  scattered,
} from "./_run_kernel.ts";

const TOLERANCES: { readonly [dtype in DType]?: number } = {
  float64: 1e-13,
  float32: 2e-7, // a unit in the last place
  float16: 1e-3,
  bfloat16: 8e-3,
};

/** Asserts that a compiled kernel gives what the interpreter gives; says how often. */
function check(
  f: (x: NDArray) => NDArray,
  x: NDArray,
  options: RunOptions = {},
  change: (kernel: Cumulative) => Cumulative = (kernel) => kernel,
): number {
  const program = programOf((y) => f(y!), [x]);
  let phases = 0;
  const changed = program.steps.map((step) =>
    step.kind === "kernel" && step.kernel.kind === "cumulative"
      ? { ...step, kernel: change(step.kernel) }
      : step
  );
  for (
    const trace of interpret({ ...program, steps: changed }, [bytesOf(x)])
  ) {
    const { kernel, after } = trace;
    if (kernel.kind !== "cumulative") continue;
    const code = cumulativeCode(kernel);
    phases += code.phases.length;
    const tolerance = TOLERANCES[kernel.store.value.dtype] ?? 0;
    const actual = runCode(trace, code, options);
    assertSameBuffers(kernel, actual, after, { tolerance });
  }
  return phases;
}

const FUNCTIONS = { cumsum, cumprod, cummax, cummin, cumlogsumexp };

function valuesOf(dtype: DType): fc.Arbitrary<number> {
  if (!isFloating(dtype)) return fc.integer({ min: -300, max: 300 });
  return fc.oneof(
    { weight: 20, arbitrary: fc.double({ noNaN: true, min: -100, max: 100 }) },
    { weight: 10, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity, -0) },
  );
}

const numbers = fc.constantFrom(
  ...(Object.keys(DTYPES) as DType[]).filter((d) => d !== "bool"),
);

Deno.test("running combinations along any axis agree with the interpreter", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 21 }), {
    minLength: 1,
    maxLength: 3,
  });
  const cases = shapes.chain((shape) =>
    fc.record({
      x: arraysOf(shape, numbers, valuesOf),
      axis: fc.nat(shape.length - 1),
      reverse: fc.boolean(),
      f: fc.constantFrom(...Object.keys(FUNCTIONS)) as fc.Arbitrary<
        keyof typeof FUNCTIONS
      >,
      backwards: fc.boolean(),
    })
  );
  fc.assert(
    fc.property(cases, ({ x, axis, reverse, f, backwards }) => {
      fc.pre(f !== "cumlogsumexp" || isFloating(x.dtype));
      check((y) => FUNCTIONS[f](y, axis, reverse), x, {
        threads: 2,
        backwards,
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("long axes are run through in chunks, whatever the order of the items", () => {
  const n = 150_001;
  // Multiples of a power of two: sums are exact in any order.
  const values = scattered(2 * n, 2000).map((v) => v / 1024);
  const shapes = [[n, 1, 1], [2, n, 1], [1, n, 2]] as const;
  for (const shape of shapes) {
    const size = shape[0] * shape[1] * shape[2];
    const axis = shape.indexOf(n);
    for (const dtype of ["float32", "float64", "int16"] as const) {
      const x = arrayOf(shape, values.slice(0, size), dtype);
      for (const reverse of [false, true]) {
        const options = { threads: 3, backwards: reverse };
        for (const f of [cumsum, cummax]) {
          assertEquals(check((y) => f(y, axis, reverse), x, options), 2);
        }
      }
    }
  }
});

Deno.test("running products pass through numbers that a chunk's product could not", () => {
  const n = 140_000;
  // The product of the second half alone is infinite.
  const values = Array.from({ length: n }, (_, i) => i < n / 2 ? 0.5 : 2);
  check((x) => cumprod(x, 0), arrayOf([n], values));
  check(
    (x) => cumprod(x, 0),
    arrayOf([4], [1e-200, 1e200, 1e200, 1], "float64"),
  );
});

Deno.test("running sums are as good as their elements", () => {
  const n = 1_000_000;
  const x = arrayOf([n], Array.from({ length: n }, () => 0.1));
  const program = programOf((y) => cumsum(y!, 0), [x]);
  const [step] = program.steps;
  if (step?.kind !== "kernel" || step.kernel.kind !== "cumulative") {
    throw new Error("a cumulative kernel is expected");
  }
  const { kernel } = step;
  const before = [bytesOf(x), new Uint8Array(4 * n)];
  const [, after] = runCode({ kernel, before }, cumulativeCode(kernel));
  const sums = new Float32Array(after!.slice().buffer);
  const element = Math.fround(0.1);
  for (let i = 0; i < n; i += 997) {
    assertEquals(sums[i], Math.fround(element * (i + 1)));
  }
});

Deno.test("running logarithms of sums: long axes, infinities and few digits", () => {
  const n = 70_001;
  const values = scattered(2 * n, 400).map((v) => v / 7);
  for (const shape of [[n, 1], [2, n], [n, 2]]) {
    const x = arrayOf(shape, values.slice(0, shape[0]! * shape[1]!));
    const axis = shape.indexOf(n);
    for (const reverse of [false, true]) {
      const options = { threads: 3, backwards: reverse };
      check((y) => cumlogsumexp(y, axis, reverse), x, options);
    }
  }
  const inf = Infinity;
  const ends = [-inf, -inf, -3, -200, inf, 1, inf, -inf, -inf, NaN, 2, inf];
  for (const shape of [[12, 1], [1, 12], [3, 4], [12]]) {
    check((x) => cumlogsumexp(x, 0), arrayOf(shape, ends));
  }
  // Next to 1 the other terms would lose their digits.
  const small = [0, -80, -50, -50, -20, -10, -70, -1];
  const sums = small.map((_, i) =>
    Math.log1p(small.slice(1, i + 1).reduce((s, v) => s + Math.exp(v), 0))
  );
  const results = cumlogsumexp(arrayOf([8], small), 0).dataSync();
  sums.forEach((sum, i) =>
    assertAlmostEquals(results[i] as number, sum, 2e-7 * sum)
  );
});

Deno.test("running combinations of bits and truths", () => {
  const x = arrayOf([3, 70], scattered(210, 255), "uint8");
  for (const reducer of ["and", "or"] as const) {
    for (const axis of [0, 1]) {
      check(
        (y) => cumsum(y, axis),
        x,
        {},
        (kernel) => ({ ...kernel, reducer }),
      );
    }
  }
});

Deno.test("a kernel computes what it combines, in any layout", () => {
  const x = arrayOf([40, 30], scattered(1200, 100).map((v) => v / 7));
  check((y) => cumsum(mul(y, y), 1), x);
  check((y) => cumsum(transpose(y, [1, 0]), 1), x);
  check((y) => cummax(transpose(mul(y, y), [1, 0]), 0, true), x);
});
