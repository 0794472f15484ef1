/** Lowers a jaxpr unit by unit, until every kernel can be built. */

import type { Aval } from "../aval.ts";
import { type Equation, type Jaxpr, type Literal, Var } from "../jaxpr.ts";
import { KernelBuilder } from "./builder.ts";
import { partition } from "./fuse.ts";
import type { Kernel } from "./kernel.ts";
import { Conflict, type StoredValues } from "./kernel_body.ts";
import { UnitLowering } from "./lower_unit.ts";
import type { BufferId, Program, Step } from "./program.ts";
import { schedule } from "./schedule.ts";
import type { Unit } from "./units.ts";

/** The buffers of one Program. */
export class Memory {
  /** In the order in which they were made. */
  readonly buffers: Omit<Program["buffers"][number], "slot">[] = [];

  /** A new buffer for a value. */
  allocate({ dtype, size }: Aval): BufferId {
    return this.buffers.push({ dtype, size }) - 1;
  }
}

/** What all blocks of one Program share. */
export interface Context {
  readonly memory: Memory;
  /** How many buffers a kernel may use. */
  readonly bindings: number;
}

/** The steps of a block, and where its outputs lie. */
export interface LoweredBlock {
  readonly steps: readonly Step[];
  readonly outputs: readonly BufferId[];
}

/** Which values are stored, and what was asked of it. */
class Answers implements StoredValues {
  private readonly given = new Map<Var, boolean>();

  constructor(private readonly stored: StoredValues) {}

  has(v: Var): boolean {
    const answer = this.stored.has(v);
    this.given.set(v, answer);
    return answer;
  }

  /** Whether all answers would be the same. */
  hold(stored: StoredValues): boolean {
    return this.given.entries().every(([v, answer]) =>
      stored.has(v) === answer
    );
  }
}

/** A kernel of an earlier attempt. */
interface MadeKernel {
  readonly roots: readonly Var[];
  readonly answers: Answers;
  readonly steps: readonly Step[];
}

/** Lowers one jaxpr: that of the Program, of a loop's body or of a branch. */
export class Block {
  private readonly stored = new Set<Var>();
  private readonly alone = new Set<Var>();
  private readonly definitions = new Map<Var, Equation>();
  private readonly buffers = new Map<Var, BufferId | Literal>();
  /** Kernels by the first value that each stores. */
  private readonly made = new Map<Var, MadeKernel>();

  constructor(
    private readonly jaxpr: Jaxpr,
    inputs: readonly (BufferId | Literal)[],
    /** Where outputs must lie, if it matters. */
    private readonly targets: readonly (BufferId | null)[],
    readonly context: Context,
  ) {
    jaxpr.inputs.forEach((v, i) => this.buffers.set(v, inputs[i]!));
    for (const equation of jaxpr.equations) {
      for (const v of equation.outputs) this.definitions.set(v, equation);
    }
    jaxpr.outputs.forEach((v, i) => {
      const isResult = v instanceof Var && this.definitions.has(v);
      if (isResult && !this.buffers.has(v) && targets[i] != null) {
        this.buffers.set(v, targets[i]);
      }
    });
  }

  /** Lowers it; where a kernel cannot be built, stores more values and tries again. */
  lower(): LoweredBlock {
    for (;;) {
      const steps = this.attempt();
      if (!(steps instanceof Conflict)) return this.withOutputs(steps);
      const { stored, alone } = this;
      const before = stored.size + alone.size;
      for (const v of steps.stored) stored.add(v);
      for (const v of steps.alone) alone.add(v);
      // What was to be stored may have ended up in the kernel that reads it.
      if (stored.size + alone.size === before) {
        for (const v of steps.stored) alone.add(v);
      }
      if (stored.size + alone.size === before) {
        throw new Error(`Cannot find kernels for the program\n${this.jaxpr}`);
      }
    }
  }

  private attempt(): Step[] | Conflict {
    const { units, chains } = partition(this.jaxpr, {
      definitions: this.definitions,
      stored: this.stored,
      alone: this.alone,
      bindings: this.context.bindings,
    });
    const steps = new Map<Unit, readonly Step[]>();
    const toStore = new Set<Var>();
    const alone = new Set<Var>();
    const lowerUnit = (unit: Unit): void => {
      const known = this.knownSteps(unit, chains);
      const answers = new Answers(chains);
      const made = known ??
        new UnitLowering(this, unit, answers, chains).lower();
      if (!(made instanceof Conflict)) {
        if (!unit.equation && !known) this.keep(unit, answers, made);
        return void steps.set(unit, made);
      }
      for (const v of made.stored) toStore.add(v);
      for (const v of made.alone) alone.add(v);
    };
    // Loops are lowered last: their bodies are worth lowering only once.
    units.filter((u) => !u.equation).forEach(lowerUnit);
    if (toStore.size + alone.size > 0) return new Conflict(toStore, alone);
    units.filter((u) => u.equation).forEach(lowerUnit);
    if (toStore.size + alone.size > 0) return new Conflict(toStore, alone);
    return units.flatMap((unit) => steps.get(unit)!);
  }

  private keep(
    { roots }: Unit,
    answers: Answers,
    steps: readonly Step[],
  ): void {
    this.made.set(roots[0]!, { roots, answers, steps });
  }

  /** The kernel of an earlier attempt, if nothing that it depends on has changed. */
  private knownSteps(
    { equation, roots }: Unit,
    stored: StoredValues,
  ): readonly Step[] | null {
    const made = equation ? undefined : this.made.get(roots[0]!);
    const isSame = made && made.roots.length === roots.length &&
      made.roots.every((v, i) => v === roots[i]) && made.answers.hold(stored);
    return isSame ? made.steps : null;
  }

  /** Adds copies for outputs that are inputs, literals or duplicates. */
  private withOutputs(steps: readonly Step[]): LoweredBlock {
    const extra: Step[] = [];
    const outputs = this.jaxpr.outputs.map((atom, i) => {
      const buffer = atom instanceof Var ? this.bufferOf(atom) : atom;
      const target = this.targets[i] ?? null;
      if (
        typeof buffer === "number" && (target === null || target === buffer)
      ) {
        return buffer;
      }
      const to = target ?? this.context.memory.allocate(atom.aval);
      extra.push(
        typeof buffer === "number"
          ? { kind: "copy", from: buffer, to }
          : this.fill(buffer, to),
      );
      return to;
    });
    return { steps: [...steps, ...extra], outputs };
  }

  private fill(literal: Literal, to: BufferId): Step {
    const k = new KernelBuilder();
    const { dtype, size } = this.context.memory.buffers[to]!;
    k.buffers.push({ dtype, size });
    const [axis] = k.innerAxes([size], []);
    const value = k.constant(literal.value, dtype);
    const store = { buffer: 0, offset: axis!.index, value };
    const kernel = schedule(k, axis!.loops, [store]) as Kernel;
    return { kind: "kernel", kernel, buffers: [to] };
  }

  /** A block of the same Program: the body of a loop, or a branch. */
  nested(
    jaxpr: Jaxpr,
    inputs: readonly (BufferId | Literal)[],
    targets: readonly (BufferId | null)[],
  ): Block {
    return new Block(jaxpr, inputs, targets, this.context);
  }

  /** Where a value lies, or the literal that it is. */
  bufferOf(v: Var): BufferId | Literal {
    let buffer = this.buffers.get(v);
    if (buffer === undefined) {
      this.buffers.set(v, buffer = this.context.memory.allocate(v.aval));
    }
    return buffer;
  }

  /** The equation whose result `v` is. */
  definitionOf(v: Var): Equation {
    return this.definitions.get(v)!;
  }
}
