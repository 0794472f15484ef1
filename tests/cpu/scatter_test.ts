import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { scatterCode } from "../../backends/cpu/codegen/scatter.ts";
import type { NDArray } from "../../core/array.ts";
import type {
  ScatterFunction,
  ScatterOptions,
} from "../../core/ops/_scatter.ts";
import { scatterAdd } from "../../core/ops/gather_scatter.ts";
import {
  scatter,
  scatterMax,
  scatterMin,
  scatterMul,
} from "../../core/ops/scatter.ts";
import { arrayOf } from "../_util/array.ts";
import {
  anyDType,
  arraysOf,
  assertSameBuffers,
  bytesOf,
  interpret,
  programOf,
  runCode,
  type RunOptions,
  scattered,
} from "./_run_kernel.ts";

/** Asserts that a compiled scatter gives what the interpreter gives. */
function check(
  f: ScatterFunction,
  [x, indices, updates]: readonly [NDArray, NDArray, NDArray],
  params: ScatterOptions,
  options: RunOptions = {},
): number {
  const args = [x, indices, updates];
  const program = programOf((a, b, c) => f(a!, b!, c!, params), args);
  const found = interpret(program, args.map(bytesOf))
    .filter(({ kernel }) => kernel.kind === "scatter");
  assertEquals(found.length, 1);
  let items = 0;
  for (const trace of found) {
    const { kernel, after } = trace;
    if (kernel.kind !== "scatter") continue;
    const code = scatterCode(kernel);
    assertSameBuffers(kernel, runCode(trace, code, options), after);
    items += code.phases.reduce((n, phase) => n + phase.items, 0);
  }
  return items;
}

const FUNCTIONS = [scatter, scatterAdd, scatterMul, scatterMin, scatterMax];

interface Case {
  readonly params: ScatterOptions;
  readonly shapes: readonly [
    operand: readonly number[],
    indices: readonly number[],
    updates: readonly number[],
  ];
}

/** What each axis of the operand is to the scatter. */
type Role = "window" | "inserted" | "batching";

const axis = fc.record({
  role: fc.constantFrom<Role>("window", "window", "inserted", "batching"),
  isIndexed: fc.boolean(),
  extent: fc.integer({ min: 1, max: 11 }),
  window: fc.integer({ min: 1, max: 11 }),
});

const cases: fc.Arbitrary<Case> = fc.record({
  axes: fc.array(axis, { minLength: 1, maxLength: 4 }),
  batch: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 2 }),
  order: fc.infiniteStream(fc.boolean()),
  mode: fc.constantFrom("clip", "drop"),
}).map(({ axes, batch, order, mode }) => {
  const dims = (test: (a: typeof axes[number]) => boolean) =>
    axes.flatMap((a, d) => test(a) ? [d] : []);
  const batching = dims((a) => a.role === "batching");
  const windows = dims((a) => a.role === "window");
  const indexed = dims((a) => a.role !== "batching" && a.isIndexed);
  const positions = [...batching.map((d) => axes[d]!.extent), ...batch];
  const sizes = windows.map((d) => Math.min(axes[d]!.extent, axes[d]!.window));
  const updates: number[] = [];
  const updateWindowDims: number[] = [];
  let [b, w] = [0, 0];
  while (b < positions.length || w < sizes.length) {
    const isWindow = b === positions.length ||
      (w < sizes.length && order.next().value);
    if (isWindow) updateWindowDims.push(updates.length);
    updates.push(isWindow ? sizes[w++]! : positions[b++]!);
  }
  return {
    params: {
      updateWindowDims,
      insertedWindowDims: dims((a) => a.role === "inserted"),
      operandBatchingDims: batching,
      scatterIndicesBatchingDims: batching.map((_, i) => i),
      scatterDimsToOperandDims: indexed,
      mode,
    },
    shapes: [
      axes.map((a) => a.extent),
      [...positions, indexed.length],
      updates,
    ],
  };
});

Deno.test("scatters of any windows into any axes agree with the interpreter", () => {
  const whole = cases.chain(({ params, shapes }) =>
    anyDType.chain((dtype) =>
      fc.record({
        params: fc.constant(params),
        f: fc.constantFrom(...FUNCTIONS),
        x: arraysOf(shapes[0], fc.constant(dtype)),
        at: arraysOf(
          shapes[1],
          fc.constantFrom("int32", "int8"),
          () => fc.integer({ min: -2, max: 11 }),
        ),
        updates: arraysOf(shapes[2], fc.constant(dtype)),
        backwards: fc.boolean(),
      })
    )
  );
  fc.assert(
    fc.property(whole, ({ params, f, x, at, updates, backwards }) => {
      const isNumeric = x.dtype !== "bool" || f === scatter;
      fc.pre(isNumeric);
      check(f, [x, at, updates], params, { threads: 2, backwards });
    }),
    { numRuns: 300 },
  );
});

/** Rows of a matrix. */
const rows: ScatterOptions = {
  updateWindowDims: [1],
  insertedWindowDims: [0],
  operandBatchingDims: [],
  scatterIndicesBatchingDims: [],
  scatterDimsToOperandDims: [0],
};

Deno.test("rows of many elements are shared between threads, and added in order", () => {
  const [count, width] = [700, 65];
  const x = arrayOf([50, width], scattered(50 * width, 1000));
  const at = arrayOf(
    [count, 1],
    scattered(count, 60).map((i) => i + 25),
    "int32",
  );
  // Sums of numbers of very different sizes depend on their order.
  const updates = arrayOf(
    [count, width],
    scattered(count * width, 1 << 20).map((v, i) => v * 10 ** (i % 9)),
  );
  for (const f of FUNCTIONS) {
    const items = check(f, [x, at, updates], rows, {
      threads: 2,
      backwards: true,
    });
    assertEquals(items, 2);
  }
});

Deno.test("many single elements are combined in order", () => {
  const elements = { ...rows, updateWindowDims: [] };
  const n = 40000;
  const x = arrayOf([100], scattered(100, 1000));
  const at = arrayOf([n, 1], scattered(n, 90).map((i) => i + 45), "int32");
  const updates = arrayOf([n], scattered(n, 1 << 20).map((v) => v / 3));
  for (const f of [scatter, scatterAdd]) check(f, [x, at, updates], elements);
});
