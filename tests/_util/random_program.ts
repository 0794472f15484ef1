/** Random Programs on arrays of int32: kernels, copies and loops that exchange. */

import fc from "fast-check";
import { BLOCK } from "../../backends/interpreter/frame.ts";
import { KernelBuilder } from "../../core/ir/builder.ts";
import type { Index } from "../../core/ir/index.ts";
import type { Kernel } from "../../core/ir/kernel.ts";
import type { Unplanned } from "../../core/ir/lifetimes.ts";
import type { BufferId, Step } from "../../core/ir/program.ts";
import type { Node } from "../../core/ir/scalar.ts";
import { schedule } from "../../core/ir/schedule.ts";

/** More than the interpreter evaluates at once, so that order matters. */
export const SIZE = BLOCK + 100;
/** Bytes of each buffer. */
export const BYTES = 4 * SIZE;

/** A nest that stores a function of elements of other buffers. */
function nest(
  inputs: number,
  body: (k: KernelBuilder, i: Index) => Node,
): Kernel {
  const k = new KernelBuilder();
  for (let i = 0; i <= inputs; i++) {
    k.buffers.push({ dtype: "int32", size: SIZE });
  }
  const [axis] = k.innerAxes([SIZE], []);
  const value = body(k, axis!.index);
  const store = { buffer: inputs, offset: axis!.index, value };
  return schedule(k, axis!.loops, [store]) as Kernel;
}

const reversed = (k: KernelBuilder, i: Index) =>
  k.shift(k.indices.scale(i, -1), SIZE - 1);

const SUM = nest(
  2,
  (k, i) => k.apply("add", "int32", k.load(0, i), k.load(1, i)),
);
/** Reads other elements than it writes. */
export const REVERSED = nest(
  1,
  (k, i) => k.apply("add", "int32", k.load(0, i), k.load(0, reversed(k, i))),
);
const CROSSED = nest(
  2,
  (k, i) => k.apply("sub", "int32", k.load(0, i), k.load(1, reversed(k, i))),
);
/** An elementwise function of one buffer, whose memory it may take over. */
export const TRIPLE = nest(1, (k, i) => {
  const x = k.load(0, i);
  return k.apply("mul", "int32", x, k.constant(3, "int32"));
});

/** Values of one buffer, others for each seed. */
export const memoryOf = (seed: number) =>
  Int32Array.from({ length: SIZE }, (_, i) => 7 * seed + i + 1).buffer;

type Roll = readonly [kind: number, x: number, y: number];
const roll: fc.Arbitrary<Roll> = fc.tuple(fc.nat(7), fc.nat(20), fc.nat(20));

/** Makes programs of kernels, copies, loops and branches by throwing dice. */
class Random {
  readonly buffers: { dtype: "int32"; size: number }[] = [];

  buffer(): BufferId {
    return this.buffers.push({ dtype: "int32", size: SIZE }) - 1;
  }

  /** Appends steps; `known` are the buffers that have values. */
  block(rolls: readonly Roll[], known: BufferId[], depth: number): Step[] {
    const steps: Step[] = [];
    for (const [at, [kind, first, second]] of rolls.entries()) {
      const x = known[known.length - 1 - first % known.length]!;
      const y = known[second % known.length]!;
      if (kind === 7 && depth < 2) {
        // The rest of the dice are the body.
        const body = rolls.slice(at + 1);
        steps.push(this.loop(body, [x, y], known, depth + 1));
        break;
      }
      const to = this.buffer();
      if (kind === 0) {
        steps.push({ kind: "copy", from: x, to });
      } else if (kind < 4 || x === y) {
        const kernel = kind === 1 ? REVERSED : TRIPLE;
        steps.push({ kind: "kernel", kernel, buffers: [x, to] });
      } else {
        const kernel = kind === 4 ? CROSSED : SUM;
        steps.push({ kind: "kernel", kernel, buffers: [x, y, to] });
      }
      known.push(to);
    }
    return steps;
  }

  private loop(
    rolls: readonly Roll[],
    initial: readonly BufferId[],
    known: BufferId[],
    depth: number,
  ): Step {
    const currents = initial.map(() => this.buffer());
    const inner = [...known, ...currents];
    const body = this.block(rolls, inner, depth);
    const made = inner.slice(known.length + currents.length);
    // Each carry needs a value of its own that the body makes.
    const nexts = currents.map((current, i) => {
      const next = made.at(-1 - i);
      if (next !== undefined) return next;
      const to = this.buffer();
      body.push({ kind: "kernel", kernel: TRIPLE, buffers: [current, to] });
      return to;
    });
    const setUp = initial.map((from, i): Step => ({
      kind: "copy",
      from,
      to: currents[i]!,
    }));
    known.push(...currents);
    const loop: Step = {
      kind: "loop",
      count: 3,
      counter: null,
      condition: null,
      body,
      carries: currents.map((current, i) => ({ current, next: nexts[i]! })),
    };
    this.pending.push([loop, setUp]);
    return loop;
  }

  /** Copies that must precede loops. */
  readonly pending: [Step, Step[]][] = [];

  /** Puts the copies in front of their loops. */
  withSetUp(steps: readonly Step[]): Step[] {
    return steps.flatMap((step) => {
      const setUp = this.pending.find(([loop]) => loop === step)?.[1] ?? [];
      if (step.kind !== "loop") return [...setUp, step];
      return [...setUp, { ...step, body: this.withSetUp(step.body) }];
    });
  }
}

/** Programs whose memory is not planned yet. */
export const randomProgram: fc.Arbitrary<Unplanned> = fc.record({
  inputs: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  rolls: fc.array(roll, { minLength: 1, maxLength: 14 }),
  outputs: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
}).map(({ inputs: donated, rolls, outputs }) => {
  const random = new Random();
  const inputs = donated.map(() => random.buffer());
  const known = [...inputs];
  const steps = random.withSetUp(random.block(rolls, known, 0));
  // As lowering does, outputs that are inputs or repeated are copied where it matters.
  return {
    inputs,
    donated,
    steps,
    buffers: random.buffers,
    outputs: outputs.map((at) => known[at % known.length]!),
  };
});
