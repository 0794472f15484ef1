/** What one kernel computes, and what must be stored where it cannot. */

import { type Atom, type Equation, Literal, Var } from "../jaxpr.ts";
import type { KernelBuilder, Source } from "./builder.ts";
import { type Chains, REDUCTION_COST } from "./chains.ts";
import type { Index, Loop } from "./index.ts";
import type { Block } from "./lower_block.ts";
import type { BufferId } from "./program.ts";
import { evaluationsOf, wasteOf } from "./recomputation.ts";
import type { Node } from "./scalar.ts";
import { stagesWithin, type Unschedulable } from "./schedule.ts";

/** Nodes in one kernel before a value on the way is stored. */
export const NODE_BUDGET = 2048;
/** Additions wasted per element stored, above which a value is stored. */
const WASTE_LIMIT = 4;

/** Which values are stored. */
export type StoredValues = Pick<ReadonlySet<Var>, "has">;

/** A value on which one kernel cannot be built: it must be stored, or stand alone. */
export class Conflict {
  constructor(
    readonly stored: ReadonlySet<Var>,
    readonly alone: ReadonlySet<Var> = new Set(),
  ) {}
}

/** Thrown when a kernel has too many nodes or buffers; caught in this file. */
class BudgetExceeded extends Error {}

/** The body of one kernel: evaluates values of the block at indices, once each. */
export class KernelBody {
  /** The buffers that it uses, by its own numbers. */
  readonly buffers: BufferId[] = [];
  private readonly values = new Map<Var, Map<string, Node>>();
  private readonly sources = new Map<Equation, readonly Source[]>();
  private readonly owners = new Map<Node, Var>();

  readonly k: KernelBuilder;
  private readonly stored: StoredValues;
  private readonly chains: Chains;
  /** Values that this kernel itself stores: it does not load them. */
  private readonly members: readonly Var[];

  constructor(
    private readonly block: Block,
    { k, stored, members, chains }: {
      readonly k: KernelBuilder;
      readonly stored: StoredValues;
      readonly members: readonly Var[];
      readonly chains: Chains;
    },
  ) {
    this.k = k;
    this.stored = stored;
    this.members = members;
    this.chains = chains;
  }

  /** The kernel's own number for a buffer. */
  slot(buffer: BufferId): number {
    const known = this.buffers.indexOf(buffer);
    if (known >= 0) return known;
    const { memory, bindings } = this.block.context;
    if (this.buffers.length >= bindings) throw new BudgetExceeded();
    const { dtype, size } = memory.buffers[buffer]!;
    this.k.buffers.push({ dtype, size });
    return this.buffers.push(buffer) - 1;
  }

  /** The value of `atom`: loaded where it is stored, else computed. */
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
      let key = this.k.boundsKey;
      for (let i = 0; i < index.length; i++) key += `,${index[i]!.id}`;
      let node = known.get(key);
      if (!node) {
        if (this.k.nodeCount > NODE_BUDGET) throw new BudgetExceeded();
        known.set(key, node = this.evaluate(v, index));
      }
      return node;
    };
  }

  /** Runs `make`; where it outgrows its budgets, splits the kernel or stores a value halfway down. */
  guarded<T>(make: () => T): T | Conflict {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
      // Values that one kernel stores do not load each other.
      if (this.members.length > 1) {
        return new Conflict(new Set(), new Set(this.members));
      }
      const candidates = [...this.values.keys()]
        .filter((v) => !this.stored.has(v))
        .sort((a, b) => this.chains.of(a).depth - this.chains.of(b).depth);
      const halfway = candidates[candidates.length >> 1];
      if (halfway) return new Conflict(new Set([halfway]));
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
      let evaluations = 0;
      for (const node of made) evaluations += evaluationsOf(node, loops);
      if (size === 0 || evaluations <= size) continue;
      const isHeavy = costOf(this.block.definitionOf(v)) >= REDUCTION_COST;
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

  private evaluate(v: Var, index: readonly Index[]): Node {
    const equation = this.block.definitionOf(v);
    const node = this.sourcesOf(equation)[equation.outputs.indexOf(v)]!(index);
    if (costOf(equation) >= REDUCTION_COST) {
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

function costOf({ primitive }: Equation): number {
  return primitive.cost ?? 1;
}
