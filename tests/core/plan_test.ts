import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compileProgram } from "../../backends/interpreter/program.ts";
import type { Kernel } from "../../core/ir/kernel.ts";
import type { Unplanned } from "../../core/ir/lifetimes.ts";
import { plan } from "../../core/ir/plan.ts";
import type { Program, Step } from "../../core/ir/program.ts";
import {
  BYTES,
  memoryOf,
  randomProgram,
  REVERSED,
  SIZE,
  TRIPLE,
} from "../_util/random_program.ts";

/** The program with memory of its own for each buffer, and all its copies. */
function unshared(program: Unplanned): Program {
  return {
    ...program,
    buffers: program.buffers.map((b, slot) => ({ ...b, slot })),
    slots: program.buffers.map(() => BYTES),
  };
}

const results = (program: Program) =>
  compileProgram(program)(program.inputs.map(memoryOf))
    .map((memory) => [...new Int32Array(memory, 0, SIZE)]);

Deno.test("sharing memory changes no result", () =>
  fc.assert(
    fc.property(randomProgram, (program) => {
      assertEquals(results(plan(program)), results(unshared(program)));
    }),
    { numRuns: 200 },
  ));

/** `count` kernels in a row, each of which reads what the one before it made. */
function chain(kernel: Kernel, count: number, donated: boolean): Unplanned {
  const reads = kernel.buffers.length - 1;
  return {
    buffers: Array.from({ length: count + 1 }, () => kernel.buffers[0]!),
    inputs: [0],
    donated: [donated],
    outputs: [count],
    steps: Array.from({ length: count }, (_, i): Step => ({
      kind: "kernel",
      kernel,
      buffers: [...Array.from({ length: reads }, () => i), i + 1],
    })),
  };
}

Deno.test("elementwise kernels work in place", () => {
  assertEquals(plan(chain(TRIPLE, 5, true)).slots, [BYTES]);
  assertEquals(plan(chain(TRIPLE, 5, false)).slots, [BYTES, BYTES]);
});

Deno.test("kernels that read other elements than they write do not", () => {
  const { slots } = plan(chain(REVERSED, 5, true));
  assert(slots.length > 1 && slots.length <= 4, `${slots.length} slots`);
});

Deno.test("slots are used again", () => {
  const { slots } = plan(chain(REVERSED, 50, false));
  assert(slots.length <= 4, `${slots.length} slots`);
});

Deno.test("a copy whose source is not used again is no step", () => {
  const copy = (donated: boolean): Unplanned => ({
    buffers: [0, 1].map(() => ({ dtype: "int32", size: SIZE })),
    inputs: [0],
    donated: [donated],
    outputs: [1],
    steps: [{ kind: "copy", from: 0, to: 1 }],
  });
  assertEquals(plan(copy(true)).steps, []);
  assertEquals(plan(copy(false)).steps.length, 1);
});
