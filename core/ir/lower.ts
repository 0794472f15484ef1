/** From a jaxpr to a Program: walks units, builds their kernels, lays out steps. */

import type { Aval } from "../aval.ts";
import {
  type Atom,
  type Equation,
  type Jaxpr,
  Literal,
  memoised,
  Var,
} from "../jaxpr.ts";
import { simplify } from "../simplify.ts";
import type { BlockLowering, LoopDescription, Region } from "./block.ts";
import { type Cuts, KernelBuilder, type Source } from "./builder.ts";
import { partition, REDUCTION_COST, type Unit } from "./fuse.ts";
import type { Index, Loop } from "./index.ts";
import type { Kernel, Store } from "./kernel.ts";
import { plan } from "./plan.ts";
import type { BufferId, LoopStep, Program, Step } from "./program.ts";
import { isApplied, type Node, operandsOf, SCALAR_OPS } from "./scalar.ts";
import { schedule, stagesWithin, Unschedulable } from "./schedule.ts";

/** Nodes in one kernel before a value on the way is stored. */
export const NODE_BUDGET = 2048;
/** Additions wasted per element stored, above which a value is stored. */
const WASTE_LIMIT = 4;

/** What lowering depends on besides the jaxpr. */
export interface LoweringOptions {
  /** Inputs whose memory may be overwritten. */
  readonly donated?: readonly boolean[];
  /** How many buffers a kernel may use. */
  readonly bindings?: number;
}

/** The Program of a jaxpr. */
export function lower(
  jaxpr: Jaxpr,
  { donated = [], bindings = Infinity }: LoweringOptions = {},
): Program {
  const memory = new Memory();
  const inputs = jaxpr.inputs.map((v) => memory.allocate(v.aval));
  const block = new Block(jaxpr, inputs, jaxpr.outputs.map(() => null), {
    memory,
    bindings,
  });
  const { steps, outputs } = block.lower();
  return plan({
    buffers: memory.buffers,
    steps,
    inputs,
    outputs,
    donated: inputs.map((_, i) => donated[i] ?? false),
  });
}

/** A body or branch without what lowering does not know: calls, and dead code. */
const simplified: (jaxpr: Jaxpr, key: null) => Jaxpr = memoised(simplify);

/** The buffers of one Program. */
class Memory {
  readonly buffers: Omit<Program["buffers"][number], "slot">[] = [];

  allocate({ dtype, size }: Aval): BufferId {
    return this.buffers.push({ dtype, size }) - 1;
  }
}

interface Context {
  readonly memory: Memory;
  readonly bindings: number;
}

/** A value on which one kernel cannot be built: it must be stored, or stand alone. */
class Conflict {
  constructor(
    readonly stored: ReadonlySet<Var>,
    readonly alone: ReadonlySet<Var> = new Set(),
  ) {}
}

/** Lowers one jaxpr: that of the Program, of a loop's body or of a branch. */
class Block {
  private readonly stored = new Set<Var>();
  private readonly alone = new Set<Var>();
  private readonly definitions = new Map<Var, Equation>();
  private readonly buffers = new Map<Var, BufferId | Literal>();

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

  lower(): {
    readonly steps: readonly Step[];
    readonly outputs: readonly BufferId[];
  } {
    for (;;) {
      const steps = this.attempt();
      if (!(steps instanceof Conflict)) return this.withOutputs(steps);
      const before = this.stored.size + this.alone.size;
      for (const v of steps.stored) this.stored.add(v);
      for (const v of steps.alone) this.alone.add(v);
      if (this.stored.size + this.alone.size === before) {
        throw new Error(`Cannot find kernels for the program\n${this.jaxpr}`);
      }
    }
  }

  private attempt(): Step[] | Conflict {
    const { units, stored, depth } = partition(this.jaxpr, {
      stored: this.stored,
      alone: this.alone,
      bindings: this.context.bindings,
    });
    const steps = new Map<Unit, readonly Step[]>();
    const toStore = new Set<Var>();
    const alone = new Set<Var>();
    const lowerUnit = (unit: Unit): void => {
      const build = new UnitBuild(this, unit, stored, depth);
      const made = build.lower();
      if (!(made instanceof Conflict)) return void steps.set(unit, made);
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

  /** Adds copies for outputs that are inputs, literals or duplicates. */
  private withOutputs(
    steps: readonly Step[],
  ): {
    readonly steps: readonly Step[];
    readonly outputs: readonly BufferId[];
  } {
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

  bufferOf(v: Var): BufferId | Literal {
    let buffer = this.buffers.get(v);
    if (buffer === undefined) {
      this.buffers.set(v, buffer = this.context.memory.allocate(v.aval));
    }
    return buffer;
  }

  definitionOf(v: Var): Equation {
    return this.definitions.get(v)!;
  }
}

/** Lowers one unit of a block. */
class UnitBuild implements BlockLowering {
  private readonly steps: Step[] = [];
  private conflict: Conflict | null = null;

  constructor(
    private readonly block: Block,
    private readonly unit: Unit,
    private readonly stored: ReadonlySet<Var>,
    private readonly depth: ReadonlyMap<Var, number>,
  ) {}

  lower(): readonly Step[] | Conflict {
    const { equation, roots } = this.unit;
    if (!equation) this.storeRoots(roots);
    else equation.primitive.lowerStep!(this, equation, equation.params);
    return this.conflict ?? this.steps;
  }

  private storeRoots(roots: readonly Var[]): void {
    const shape = roots[0]!.aval.shape;
    this.build(shape, (body, index) =>
      roots.map((v) => ({
        buffer: body.slot(this.block.bufferOf(v) as BufferId),
        offset: body.k.flatten(index, shape),
        value: body.computed(v)(index),
      })));
  }

  // BlockLowering

  output(i: number): BufferId {
    return this.block.bufferOf(this.unit.equation!.outputs[i]!) as BufferId;
  }

  temporary(aval: Aval): BufferId {
    return this.block.context.memory.allocate(aval);
  }

  copy(from: Atom, to: BufferId): void {
    const buffer = this.storedBuffer(from);
    if (buffer !== null) this.steps.push({ kind: "copy", from: buffer, to });
    else this.storeRegion(to, wholeRegion(from));
  }

  storeBefore(atom: Atom, from: Atom): void {
    if (!(atom instanceof Var) || this.stored.has(atom)) return;
    if (this.storedBuffer(from) !== null && this.isComputedFrom(atom, from)) {
      this.report(new Conflict(new Set([atom])));
    }
  }

  storeRegion(to: BufferId, { extents, at, value, shape }: Region): void {
    this.build(extents, (body, index) => {
      const source = (atom: Atom) => body.source(atom);
      return [{
        buffer: body.slot(to),
        offset: body.k.flatten(at(body.k, index, source), shape),
        value: value(body.k, source)(index),
      }];
    });
  }

  kernel(make: Parameters<BlockLowering["kernel"]>[0]): void {
    this.assemble((body) =>
      make(body.k, (atom) => body.source(atom), (buffer) => body.slot(buffer))
    );
  }

  loop(loop: LoopDescription, outputs: readonly (BufferId | null)[]): void {
    const { memory } = this.block.context;
    const first = loop.body.inputs.length - loop.carries.length;
    const current = loop.carries.map((atom, i) => {
      const to = outputs[i] ?? memory.allocate(loop.body.inAvals[first + i]!);
      if (atom) this.copy(atom, to);
      return to;
    });
    const counter = loop.counter
      ? memory.allocate(loop.body.inputs[0]!.aval)
      : null;
    const body = this.inner(loop.body, [
      ...(counter === null ? [] : [counter]),
      ...loop.consts.map((atom) => this.materialised(atom)),
      ...current,
    ], { fresh: current });
    const carries = current.map((buffer, i) => ({
      current: buffer,
      next: body.outputs[i]!,
    }));
    const condition = loop.condition && this.inner(loop.condition.jaxpr, [
      ...loop.condition.consts.map((atom) => this.materialised(atom)),
      ...current,
    ]);
    this.steps.push(
      {
        kind: "loop",
        count: loop.count,
        counter,
        condition: condition &&
          { steps: condition.steps, flag: condition.outputs[0]! },
        body: body.steps,
        carries: carries.filter((c) => c.current !== c.next),
      } satisfies LoopStep,
    );
  }

  branch(
    index: Atom,
    branches: readonly Jaxpr[],
    operands: readonly Atom[],
  ): void {
    const { outputs } = this.unit.equation!;
    const targets = outputs.map((_, i) => this.output(i));
    const inputs = operands.map((atom) => this.materialised(atom));
    const at = this.materialised(index);
    this.steps.push({
      kind: "branch",
      index: typeof at === "number" ? at : this.materialise(index),
      branches: branches.map((jaxpr) =>
        new Block(simplified(jaxpr, null), inputs, targets, this.block.context)
          .lower().steps
      ),
    });
  }

  // Parts

  /** Whether a kernel that computes `atom` would read `from`. */
  private isComputedFrom(
    atom: Atom,
    from: Atom,
    seen: Set<Atom> = new Set(),
  ): boolean {
    if (atom === from) return true;
    if (seen.has(atom) || !(atom instanceof Var) || this.stored.has(atom)) {
      return false;
    }
    seen.add(atom);
    return this.block.definitionOf(atom).inputs.some((a) =>
      this.isComputedFrom(a, from, seen)
    );
  }

  /** Lowers the body of a loop; carries that it merely moves are copied. */
  private inner(
    given: Jaxpr,
    inputs: readonly (BufferId | Literal)[],
    { fresh = [] }: { readonly fresh?: readonly BufferId[] } = {},
  ): ReturnType<Block["lower"]> {
    const { memory } = this.block.context;
    const jaxpr = simplified(given, null);
    const isKept = (atom: Atom, i: number) =>
      inputs[jaxpr.inputs.indexOf(atom as Var)] === fresh[i];
    const seen = new Set<Atom>();
    const targets = jaxpr.outputs.map((atom, i) => {
      const isResult = atom instanceof Var && !jaxpr.inputs.includes(atom) &&
        !seen.has(atom);
      seen.add(atom);
      if (fresh.length === 0 || isResult || isKept(atom, i)) return null;
      return memory.allocate(atom.aval);
    });
    return new Block(jaxpr, inputs, targets, this.block.context).lower();
  }

  private storedBuffer(atom: Atom): BufferId | null {
    if (!(atom instanceof Var) || !this.stored.has(atom)) return null;
    const buffer = this.block.bufferOf(atom);
    return typeof buffer === "number" ? buffer : null;
  }

  /** A buffer that holds a value, or the literal that it is. */
  private materialised(atom: Atom): BufferId | Literal {
    if (atom instanceof Literal) return atom;
    const known = this.stored.has(atom) ? this.block.bufferOf(atom) : null;
    return known ?? this.materialise(atom);
  }

  private materialise(atom: Atom): BufferId {
    const to = this.temporary(atom.aval);
    this.storeRegion(to, wholeRegion(atom));
    return to;
  }

  /** Emits the kernel that makes stores over axes of the given extents. */
  private build(
    extents: readonly number[],
    stores: (body: Body, index: readonly Index[]) => readonly Store[],
  ): void {
    this.assemble((body) => {
      const axes = body.k.innerAxes(extents, []);
      const loops = axes.flatMap((axis) => axis.loops);
      const made = stores(body, axes.map((axis) => axis.index));
      return body.check(loops) ?? schedule(body.k, loops, made);
    });
  }

  private assemble(
    make: (body: Body) => Kernel | Unschedulable | Conflict,
  ): void {
    let cuts: Cuts = new Map();
    for (;;) {
      const body = new Body(this.block, {
        stored: this.stored,
        members: this.unit.roots,
        depth: this.depth,
        k: new KernelBuilder(cuts),
      });
      const kernel = body.guarded(() => make(body));
      const needed = body.k.neededCuts();
      if (!(kernel instanceof Conflict) && !sameCuts(needed, cuts)) {
        cuts = needed;
      } else if (kernel instanceof Conflict) {
        return this.report(kernel);
      } else if (kernel instanceof Unschedulable) {
        return this.report(body.explain(kernel, this.unit.roots));
      } else {
        this.steps.push({ kind: "kernel", kernel, buffers: body.buffers });
        return;
      }
    }
  }

  private report({ stored, alone }: Conflict): void {
    this.conflict = new Conflict(
      new Set([...(this.conflict?.stored ?? []), ...stored]),
      new Set([...(this.conflict?.alone ?? []), ...alone]),
    );
  }
}

/** Thrown when a kernel outgrows the budget; caught in this file. */
class BudgetExceeded extends Error {}

/** The body of one kernel: evaluates values of the block at indices, once each. */
class Body {
  readonly buffers: BufferId[] = [];
  private readonly values = new Map<Var, Map<string, Node>>();
  private readonly sources = new Map<Equation, readonly Source[]>();
  private readonly owners = new Map<Node, Var>();

  readonly k: KernelBuilder;
  private readonly stored: ReadonlySet<Var>;
  private readonly depth: ReadonlyMap<Var, number>;
  /** Values that this kernel itself stores: it does not load them. */
  private readonly members: readonly Var[];

  constructor(
    private readonly block: Block,
    { k, stored, members, depth }: {
      readonly k: KernelBuilder;
      readonly stored: ReadonlySet<Var>;
      readonly members: readonly Var[];
      readonly depth: ReadonlyMap<Var, number>;
    },
  ) {
    [this.k, this.stored, this.members, this.depth] = [
      k,
      stored,
      members,
      depth,
    ];
  }

  /** The kernel's own number for a buffer. */
  slot(buffer: BufferId): number {
    const known = this.buffers.indexOf(buffer);
    if (known >= 0) return known;
    const { dtype, size } = this.block.context.memory.buffers[buffer]!;
    this.k.buffers.push({ dtype, size });
    return this.buffers.push(buffer) - 1;
  }

  source(atom: Atom): Source {
    const value = atom instanceof Literal
      ? atom
      : this.stored.has(atom) && !this.members.includes(atom)
      ? this.block.bufferOf(atom)
      : null;
    if (value === null) return this.computed(atom as Var);
    if (value instanceof Literal) {
      return () => this.k.constant(value.value, value.aval.dtype);
    }
    const { shape } = atom.aval;
    return (index) =>
      this.k.load(this.slot(value), this.k.flatten(index, shape));
  }

  /** The value of `v` from its equation, even if it is stored. */
  computed(v: Var): Source {
    let known = this.values.get(v);
    if (!known) this.values.set(v, known = new Map());
    return (index) => {
      const key = index.map((i) => i.id) + this.k.boundsKey;
      let node = known.get(key);
      if (!node) {
        if (this.k.nodeCount > NODE_BUDGET) throw new BudgetExceeded();
        known.set(key, node = this.evaluate(v, index));
      }
      return node;
    };
  }

  /** Runs `make`; where it outgrows the budget, stores a value halfway down. */
  guarded<T>(make: () => T): T | Conflict {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
      const candidates = [...this.values.keys()].filter((v) =>
        !this.stored.has(v)
      )
        .sort((a, b) => this.depth.get(a)! - this.depth.get(b)!);
      const halfway = candidates[candidates.length >> 1];
      if (halfway) return new Conflict(new Set([halfway]));
      // Values that one kernel stores do not load each other.
      if (this.members.length > 1) {
        return new Conflict(new Set(), new Set(this.members));
      }
      throw new RangeError(
        "Cannot lower an operation: its kernel is too large",
      );
    }
  }

  /** The values that are computed so often that storing them is cheaper. */
  check(loops: readonly Loop[]): Conflict | null {
    /** How many elements of wasteful values are made. */
    const wasteful = new Map<Var, number>();
    for (const [v, nodes] of this.values) {
      const { size } = v.aval;
      const made = new Set(nodes.values());
      const evaluations = [...made]
        .reduce((n, node) => n + evaluationsOf(node, loops), 0);
      if (size === 0 || evaluations <= size) continue;
      const isHeavy = this.cost(v) >= REDUCTION_COST;
      const waste = isHeavy ? Infinity : wasteOf(made, size, loops);
      if (waste > WASTE_LIMIT * size) wasteful.set(v, evaluations);
    }
    // Storing a value serves those before it, unless they are made more often yet.
    const served = new Set<Var>();
    for (const [v, evaluations] of wasteful) {
      for (const a of this.block.definitionOf(v).inputs) {
        if (a instanceof Var && wasteful.get(a)! <= evaluations) served.add(a);
      }
    }
    const toStore = [...wasteful.keys()].filter((v) => !served.has(v));
    if (toStore.length === 0) return null;
    // What this kernel itself stores it cannot load at other indices.
    const members = toStore.filter((v) => this.stored.has(v));
    return new Conflict(new Set(toStore), new Set(members));
  }

  /** Which values to store so that the nodes in the way disappear. */
  explain({ nodes }: Unschedulable, roots: readonly Var[]): Conflict {
    const owners = new Set(nodes.map((node) => this.owners.get(node)!));
    const inner = [...owners].filter((v) => !this.stored.has(v));
    if (inner.length > 0) return new Conflict(new Set(inner));
    return new Conflict(new Set(), new Set(roots));
  }

  private cost(v: Var): number {
    return this.block.definitionOf(v).primitive.cost ?? 1;
  }

  private evaluate(v: Var, index: readonly Index[]): Node {
    const equation = this.block.definitionOf(v);
    const node = this.sourcesOf(equation)[equation.outputs.indexOf(v)]!(index);
    if (this.cost(v) >= REDUCTION_COST) {
      for (const stage of stagesWithin([node])) {
        if (!this.owners.has(stage)) this.owners.set(stage, v);
      }
    }
    return node;
  }

  private sourcesOf(equation: Equation): readonly Source[] {
    let sources = this.sources.get(equation);
    if (!sources) {
      const made = equation.primitive.lower!(
        this.k,
        equation.inputs.map((atom) => this.source(atom)),
        equation.params,
        {
          ins: equation.inputs.map((atom) => atom.aval),
          outs: equation.outputs.map((v) => v.aval),
        },
      );
      sources = typeof made === "function" ? [made] : made;
      this.sources.set(equation, sources);
    }
    return sources;
  }
}

/** How often a nest over `loops` evaluates a node: loops up to the last that it uses. */
function evaluationsOf(node: Node, loops: readonly Loop[]): number {
  const last = loops.findLastIndex((loop) => node.loops.has(loop));
  const around = new Set([...loops.slice(0, last + 1), ...node.loops]);
  return [...around].reduce((n, loop) => n * loop.extent, 1);
}

/** Additions beyond those of making each of `size` elements once. */
function wasteOf(
  nodes: ReadonlySet<Node>,
  size: number,
  loops: readonly Loop[],
): number {
  const [first] = nodes;
  const once = conesOf([first!]);
  let waste = 0;
  for (const node of conesOf(nodes)) {
    if (!isApplied(node)) continue;
    const evaluations = evaluationsOf(node, loops);
    const needed = once.has(node) ? Math.min(evaluations, size) : 0;
    waste += SCALAR_OPS[node.op] * (evaluations - needed);
  }
  return waste;
}

/** Nodes and all that they are computed from within their own stages. */
function conesOf(nodes: Iterable<Node>): ReadonlySet<Node> {
  const cone = new Set<Node>();
  const visit = (node: Node): void => {
    if (cone.has(node)) return;
    cone.add(node);
    operandsOf(node).forEach(visit);
  };
  for (const node of nodes) visit(node);
  return cone;
}

function wholeRegion(atom: Atom): Region {
  const { shape } = atom.aval;
  return {
    extents: shape,
    shape,
    at: (_, index) => index,
    value: (_, source) => source(atom),
  };
}

function sameCuts(x: Cuts, y: Cuts): boolean {
  return x.size === y.size &&
    [...x].every(([axis, limits]) => limits.length === y.get(axis)?.length);
}
