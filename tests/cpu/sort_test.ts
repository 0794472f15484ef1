import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { sortCode } from "../../backends/cpu/codegen/sort.ts";
import type { NDArray } from "../../core/array.ts";
import { neg } from "../../core/ops/arithmetic.ts";
import { iota } from "../../core/ops/constants.ts";
import { transpose } from "../../core/ops/layout.ts";
import { sort } from "../../core/ops/sort.ts";
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

/** Asserts that compiled sorts in a Program give what the interpreter gives. */
function check(
  f: (...args: readonly NDArray[]) => readonly NDArray[],
  args: readonly NDArray[],
  options: RunOptions = {},
): void {
  const program = programOf(f, args);
  const inputs = args.map(bytesOf);
  let sorts = 0;
  for (const trace of interpret(program, inputs)) {
    const { kernel, after } = trace;
    if (kernel.kind !== "sort") continue;
    sorts++;
    const actual = runCode(trace, sortCode(kernel), options);
    assertSameBuffers(kernel, actual, after);
  }
  assertEquals(sorts, 1);
}

Deno.test("sorts of any operands along any axis agree with the interpreter", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 9 }), {
    minLength: 1,
    maxLength: 3,
  });
  const cases = shapes.chain((shape) =>
    fc.record({
      operands: fc.array(arraysOf(shape, anyDType), {
        minLength: 1,
        maxLength: 4,
      }),
      dimension: fc.nat(shape.length - 1),
      keys: fc.nat(3),
      backwards: fc.boolean(),
    })
  );
  fc.assert(
    fc.property(cases, ({ operands, dimension, keys, backwards }) => {
      const numKeys = 1 + keys % operands.length;
      check((...xs) => sort(xs, { dimension, numKeys }), operands, {
        threads: 2,
        backwards,
      });
    }),
    { numRuns: 150 },
  );
});

Deno.test("argsorts of rows of all lengths are stable", () => {
  for (const n of [1, 2, 4, 5, 63, 64, 111, 112, 113, 300, 5000, 20000]) {
    for (const kinds of [3, n, 1 << 24]) {
      const x = arrayOf([2, n], scattered(2 * n, kinds));
      check((y) =>
        sort([y, iota("int32", [2, n], 1)], {
          dimension: 1,
          numKeys: 1,
        }), [x!]);
    }
  }
});

Deno.test("long rows are sorted by blocks, whatever the order of the items", () => {
  const n = 2 * (1 << 15) + 17;
  const few = arrayOf([2, n], scattered(2 * n, 7), "int16");
  const order = { threads: 3, backwards: true };
  for (const dtype of ["float64", "int32"] as const) {
    const many = arrayOf([2, n], scattered(2 * n, 1 << 20), dtype);
    check((...xs) => sort(xs, { dimension: 1, numKeys: 1 }), [many, few]);
    check(
      (...xs) => sort(xs, { dimension: 1, numKeys: 2 }),
      [few, many],
      order,
    );
  }
  // All that a digit distinguishes may be alike.
  const alike = arrayOf([1, n], scattered(n, 1));
  check((...xs) => sort(xs, { dimension: 1, numKeys: 1 }), [alike], order);
});

Deno.test("zeros of both signs keep their order where only keys are moved", () => {
  for (const n of [20, 500, 2 * (1 << 15) + 17]) {
    for (const dtype of ["float32", "bfloat16"] as const) {
      const values = scattered(n, 3).map((v, i) => v === 0 && i % 3 ? -0 : v);
      check((...xs) => sort(xs, { dimension: 0, numKeys: 1 }), [
        arrayOf([n], values, dtype),
      ]);
    }
  }
});

Deno.test("a sort computes its operands, along an axis that is not contiguous", () => {
  const x = arrayOf([300, 3], scattered(900, 50));
  check((y) =>
    sort([neg(y), y, iota("int32", [300, 3], 0)], {
      dimension: 0,
      numKeys: 1,
    }), [x]);
  check((y) =>
    sort([transpose(y, [1, 0]), transpose(neg(y), [1, 0])], {
      dimension: 1,
      numKeys: 2,
    }), [x]);
});
