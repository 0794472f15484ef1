import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Backend, Buffer } from "../../core/backend.ts";
import type { KernelStep, Program, Step } from "../../core/ir/program.ts";
import { plan } from "../../core/ir/plan.ts";
import { compileProgram } from "../../backends/interpreter/program.ts";
import {
  BYTES,
  memoryOf,
  randomProgram,
  REVERSED,
  SIZE,
  TRIPLE,
} from "../_util/random_program.ts";
import "../../library/numpy/methods.ts";
import { whileLoop } from "../../transforms/while.ts";
import { arrayOf } from "../_util/array.ts";
import { programOf as lowered } from "./_run_kernel.ts";
import { type SmallMachine, smallMachine } from "./_small_machine.ts";

const ROOM = 64 * BYTES;

const putted = (backend: Backend, seed: number) =>
  backend.put(new Uint8Array(memoryOf(seed)));

const numbers = (backend: Backend, buffer: Buffer) => [
  ...new Int32Array(backend.readSync!(buffer).buffer),
];

const valuesOf = (seed: number) => [...new Int32Array(memoryOf(seed))];

/** Kernels that each have their own buffers; one slot a buffer. */
function programOf(
  { steps, inputs, outputs, donated = [] }:
    & Pick<Program, "steps" | "inputs" | "outputs">
    & Partial<Pick<Program, "donated">>,
): Program {
  const count = 1 +
    Math.max(...inputs, ...outputs, ...steps.flatMap(buffersOf));
  const ids = Array.from({ length: count }, (_, slot) => slot);
  return {
    inputs,
    outputs,
    steps,
    donated: inputs.map((_, i) => donated[i] ?? false),
    buffers: ids.map((slot) => ({ dtype: "int32", size: SIZE, slot })),
    slots: ids.map(() => BYTES),
  };
}

function buffersOf(step: Step): readonly number[] {
  switch (step.kind) {
    case "kernel":
      return step.buffers;
    case "copy":
      return [step.from, step.to];
    case "branch":
      return [step.index, ...step.branches.flat().flatMap(buffersOf)];
    case "loop":
      return [
        ...step.carries.flatMap((c) => [c.current, c.next]),
        ...(step.condition?.steps ?? []).flatMap(buffersOf),
        ...step.body.flatMap(buffersOf),
      ];
  }
}

const triple = (from: number, to: number): KernelStep => ({
  kind: "kernel",
  kernel: TRIPLE,
  buffers: [from, to],
});
const addReversed = (from: number, to: number): KernelStep => ({
  kind: "kernel",
  kernel: REVERSED,
  buffers: [from, to],
});

/** Overwrites its input with three times its value. */
const TRIPLED_IN_PLACE: Program = {
  ...programOf({
    steps: [triple(0, 1)],
    inputs: [0],
    outputs: [1],
    donated: [true],
  }),
  buffers: [0, 1].map(() => ({ dtype: "int32", size: SIZE, slot: 0 })),
  slots: [BYTES],
};

const ONE_KERNEL = programOf({
  steps: [triple(0, 1)],
  inputs: [0],
  outputs: [1],
});

const tripled = (values: readonly number[]) =>
  values.map((x) => Math.imul(3, x));

Deno.test("programs do what the interpreter does, with little memory too", () =>
  fc.assert(
    fc.property(
      randomProgram,
      fc.integer({ min: 10, max: 60 }),
      (unplanned, blocks) => {
        const program = plan(unplanned);
        const { machine, backend } = smallMachine(blocks * BYTES, true);
        const executable = backend.compile(program);
        const expected = compileProgram(program)(program.inputs.map(memoryOf))
          .map((memory) => [...new Int32Array(memory)]);
        // Twice: nothing of the first run may be left over.
        const [first, second] = [0, 1].map(() => {
          const inputs = program.inputs.map((id) => putted(backend, id));
          try {
            return { inputs, outputs: executable.run(inputs) };
          } catch (error) {
            // Its work may be more than there is room for.
            assert(error instanceof RangeError, String(error));
            return { inputs, outputs: null };
          }
        });
        for (const { inputs, outputs } of [first!, second!]) {
          inputs.forEach((input, i) => {
            if (program.donated[i] && outputs) return;
            assertEquals(numbers(backend, input), valuesOf(program.inputs[i]!));
          });
          outputs?.forEach((output, i) =>
            assertEquals(numbers(backend, output), expected[i])
          );
        }
        for (const { inputs, outputs } of [first!, second!]) {
          [...inputs, ...outputs ?? []].forEach((x) => backend.free(x));
        }
        assertEquals(machine.cells.bytesInUse, 0);
      },
    ),
    { numRuns: 200 },
  ));

Deno.test("every output is an array of its own, whatever shares its memory", () =>
  fc.assert(
    fc.property(randomProgram, fc.nat(), (unplanned, dice) => {
      const program = plan({
        ...unplanned,
        donated: unplanned.donated.map(() => false),
        outputs: [...unplanned.outputs, unplanned.inputs[0]!],
      });
      const { backend } = smallMachine(ROOM);
      const inputs = program.inputs.map((id) => putted(backend, id));
      const outputs = backend.compile(program).run(inputs);
      const all = [...inputs, ...outputs];
      const before = all.map((x) => numbers(backend, x));
      const gone = dice % all.length;
      const [result] = backend.compile(TRIPLED_IN_PLACE).run([all[gone]!]);
      assertEquals(numbers(backend, result!), tripled(before[gone]!));
      all.forEach((x, i) => {
        if (i !== gone) assertEquals(numbers(backend, x), before[i]);
      });
    }),
    { numRuns: 100 },
  ));

Deno.test("a donated input gives its memory away", () => {
  const { machine, backend } = smallMachine(ROOM);
  const x = putted(backend, 1);
  const used = machine.cells.bytesInUse;
  const [y] = backend.compile(TRIPLED_IN_PLACE).run([x]);
  assertEquals(machine.cells.bytesInUse, used);
  assertEquals(numbers(backend, y!), tripled(valuesOf(1)));
  assertThrows(() => backend.readSync!(x), ReferenceError, "donated");
});

Deno.test("an input is not donated and passed at once", () => {
  const { backend } = smallMachine(ROOM);
  const program = programOf({
    steps: [triple(0, 2)],
    inputs: [0, 1],
    outputs: [2],
    donated: [true, false],
  });
  const x = putted(backend, 1);
  const run = () => backend.compile(program).run([x, x]);
  assertThrows(run, TypeError, "passed twice");
  assertEquals(numbers(backend, x), valuesOf(1));
});

Deno.test("inputs that were moved out come back", () => {
  const { machine, backend } = smallMachine(ROOM);
  const x = putted(backend, 1);
  const { cell } = x as { cell?: Parameters<typeof machine.cells.copyOut>[0] };
  machine.cells.copyOut(cell!);
  assertEquals(cell!.block, 0);
  const [y] = backend.compile(ONE_KERNEL).run([x]);
  assertEquals(numbers(backend, y!), tripled(valuesOf(1)));
  assert(cell!.block !== 0);
});

Deno.test("running out of memory changes nothing", () => {
  const { machine, backend } = smallMachine(5 * BYTES);
  const [x, y] = [putted(backend, 1), putted(backend, 2)];
  const long = programOf({
    steps: [0, 2, 3, 4, 5].map((from, i) => addReversed(from, i + 2)),
    inputs: [0, 1],
    outputs: [6],
    donated: [true, true],
  });
  const executable = backend.compile(long);
  const error = assertThrows(() => executable.run([x, y]), RangeError);
  for (const part of ["run a program", "KiB at once", "memoryBudget"]) {
    assert(error.message.includes(part), error.message);
  }
  assertEquals(numbers(backend, x), valuesOf(1));
  assertEquals(numbers(backend, y), valuesOf(2));
  backend.free(y);
  const [z] = backend.compile(ONE_KERNEL).run([x]);
  assertEquals(numbers(backend, z!), tripled(valuesOf(1)));
  [x, z!].forEach((buffer) => backend.free(buffer));
  assertEquals(machine.cells.bytesInUse, 0);
});

Deno.test("a put that finds no room says how much it needs", () => {
  const { backend } = smallMachine(5 * BYTES);
  const put = () => backend.put(new Uint8Array(6 * BYTES));
  assertThrows(put, RangeError, "Cannot put an array on device");
});

Deno.test("memory in pieces is put together", () => {
  const { machine, backend } = smallMachine(16 * BYTES, true);
  const all = Array.from({ length: 13 }, (_, i) => putted(backend, i));
  const kept = all.filter((x, i) => i % 4 === 0 || (backend.free(x), false));
  // All four are inputs, so none may be moved out; the arena takes six blocks.
  const program = programOf({
    steps: [0, 4, 5, 6, 7, 8, 9].map((from, i) => addReversed(from, i + 4)),
    inputs: [0, 1, 2, 3],
    outputs: [10],
  });
  const [output] = backend.compile(program).run(kept);
  assertEquals(numbers(backend, output!).length, SIZE);
  assertEquals(machine.cells.evictions, 4);
  kept.forEach((x, i) => assertEquals(numbers(backend, x), valuesOf(4 * i)));
});

Deno.test("what fails inside of a kernel leaves no memory behind", () => {
  const { machine, backend } = smallMachine(ROOM);
  const x = putted(backend, 1);
  const used = machine.cells.bytesInUse;
  const executable = backend.compile(ONE_KERNEL);
  const { exports } = machine.kernels.get(TRIPLE);
  (exports as (() => void)[])[0] = () => {
    throw new Error("unreachable");
  };
  assertThrows(() => executable.run([x]), Error, "unreachable");
  assertEquals(machine.cells.bytesInUse, used);
  assertEquals(numbers(backend, x), valuesOf(1));
});

/** Runs a program over single int32 inputs. */
function runOnNumbers(
  { backend }: SmallMachine,
  program: Omit<Program, "slots" | "buffers" | "donated"> & {
    readonly sizes: readonly number[];
  },
  inputs: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const executable = backend.compile({
    ...program,
    donated: inputs.map(() => false),
    slots: program.sizes.map((size) => 4 * size),
    buffers: program.sizes.map((size, slot) => ({
      dtype: "int32",
      size,
      slot,
    })),
  });
  const buffers = inputs.map((values) =>
    backend.put(new Uint8Array(Int32Array.from(values).buffer))
  );
  return executable.run(buffers).map((x) => numbers(backend, x));
}

Deno.test("branches clamp their index", () => {
  const steps: Step[] = [{
    kind: "branch",
    index: 0,
    branches: [1, 2].map((from) => [{ kind: "copy", from, to: 3 }]),
  }];
  const program = {
    steps,
    inputs: [0, 1, 2],
    outputs: [3],
    sizes: [1, 1, 1, 1],
  };
  const results = [-7, 0, 1, 9].map((index) =>
    runOnNumbers(smallMachine(ROOM), program, [[index], [10], [20]])[0]
  );
  assertEquals(results, [[10], [10], [20], [20]]);
});

Deno.test("loops count, and exchange what outputs and temporaries hold", () => {
  for (const count of [0, 1, 2, 5]) {
    // The counter becomes the next value; both carries go through it.
    const steps: Step[] = [
      { kind: "copy", from: 0, to: 1 },
      {
        kind: "loop",
        count,
        counter: 3,
        condition: null,
        body: [{ kind: "copy", from: 3, to: 2 }],
        carries: [{ current: 1, next: 2 }],
      },
    ];
    const program = { steps, inputs: [0], outputs: [1], sizes: [1, 1, 1, 1] };
    assertEquals(runOnNumbers(smallMachine(ROOM), program, [[77]]), [
      [count === 0 ? 77 : count - 1],
    ]);
  }
});

Deno.test("loops run while their condition holds", () => {
  const program = lowered(
    (x) => whileLoop((x) => x.less(100), (x) => x.mul(3), x!),
    [arrayOf([], [0], "int32")],
  );
  const { backend } = smallMachine(ROOM);
  const executable = backend.compile(program);
  const results = [1, 7, 100].map((x) => {
    const input = backend.put(new Uint8Array(Int32Array.of(x).buffer));
    return numbers(backend, executable.run([input])[0]!);
  });
  assertEquals(results, [[243], [189], [100]]);
});

Deno.test("programs of values without elements", () => {
  const steps: Step[] = [{ kind: "copy", from: 0, to: 1 }];
  const program = { steps, inputs: [0], outputs: [1, 0], sizes: [0, 0] };
  assertEquals(runOnNumbers(smallMachine(ROOM), program, [[]]), [[], []]);
});

Deno.test("equal kernels are compiled once", () => {
  const { machine, backend } = smallMachine(ROOM);
  const copy = { ...TRIPLE };
  const program = programOf({
    steps: [triple(0, 1), { ...triple(1, 2), kernel: copy }],
    inputs: [0],
    outputs: [2],
  });
  backend.compile(program).run([putted(backend, 1)]);
  const rows = machine.kernels.list();
  assertEquals(rows.map(({ kind, runs }) => [kind, runs]), [["nest", 2]]);
  assert(rows[0]!.text.includes("mul"));
  assertEquals(machine.kernels.get(copy), machine.kernels.get(TRIPLE));
});
