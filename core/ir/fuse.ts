/**
 * The policy of fusion: which values of a jaxpr are stored, and which of them
 * one kernel makes. Everything else is computed where it is read.
 */

import type { Atom, Equation, Jaxpr } from "../jaxpr.ts";
import { Var } from "../jaxpr.ts";
import type { AnyPrimitive } from "../primitive.ts";

/** Cost of an element, in additions, above which it is stored rather than computed again. */
const RECOMPUTE_LIMIT = 4;
/** What a primitive's inputs may cost where it reads each of them many times. */
const OPERAND_LIMIT = 4;
/** What a kernel may read to become the epilogue of a contraction. */
const EPILOGUE_LEAVES = 12;
/** Equations in a row before a value is stored, so that lowering does not recurse too deep. */
const DEPTH_LIMIT = 128;
/** Equations in a row within one kernel, over all values that it stores. */
const KERNEL_DEPTH_LIMIT = 2 * DEPTH_LIMIT;

/** Cost of an element of a reduction or contraction: never computed twice. */
export const REDUCTION_COST = 1e3;

/** Equations that become one or more steps of the Program. */
export interface Unit {
  /** Values of one shape that one kernel stores; or */
  readonly roots: readonly Var[];
  /** an equation that emits its own steps. */
  readonly equation: Equation | null;
}

/** What the policy is told besides the jaxpr. */
export interface FusionChoices {
  /** Values that must be stored. */
  readonly stored: ReadonlySet<Var>;
  /** Values that must not share a kernel with others. */
  readonly alone: ReadonlySet<Var>;
  /** How many buffers a kernel may use. */
  readonly bindings: number;
}

/** Units in an order in which they can run, and all values that are stored. */
export interface Partition {
  readonly units: readonly Unit[];
  readonly stored: ReadonlySet<Var>;
  /** For each value: how many equations deep it is computed where it is read. */
  readonly depth: ReadonlyMap<Var, number>;
}

/** Which values are stored, and which equations become one unit. */
export function partition(jaxpr: Jaxpr, choices: FusionChoices): Partition {
  const required = new Set(choices.stored);
  for (const v of jaxpr.outputs) if (v instanceof Var) required.add(v);
  for (const v of jaxpr.inputs) required.add(v);
  const first = partitionWith(jaxpr, required, choices);
  const stored = withoutCheap(jaxpr, first.stored, required);
  return stored.size === first.stored.size
    ? first
    : partitionWith(jaxpr, stored, choices);
}

/**
 * Leaves out what is cheaply computed from other stored values: that could not
 * be seen before these were known.
 */
function withoutCheap(
  jaxpr: Jaxpr,
  stored: ReadonlySet<Var>,
  required: ReadonlySet<Var>,
): ReadonlySet<Var> {
  const kept = new Set(stored);
  const chains = new Map<Var, Chain>();
  const readMany = new Set(
    jaxpr.equations.flatMap((e) => e.primitive.readsManyTimes ? varsIn(e) : []),
  );
  for (const equation of jaxpr.equations) {
    const below = varsIn(equation).map((v) =>
      kept.has(v) ? leafOf(v) : chains.get(v)!
    );
    for (const v of equation.outputs) {
      const chain = chainThrough(equation, v, below);
      const isCheap = chain.cost <= RECOMPUTE_LIMIT && chain.leaves.size <= 2;
      const isFree = !required.has(v) && !readMany.has(v) &&
        !emitsSteps(equation);
      if (isCheap && isFree) kept.delete(v);
      chains.set(v, chain);
    }
  }
  return kept;
}

function partitionWith(
  jaxpr: Jaxpr,
  required: ReadonlySet<Var>,
  choices: FusionChoices,
): Partition {
  const stored = new Set(required);
  const chains = chainsOf(jaxpr, stored, choices.bindings);
  const grouping = new Grouping(chains, stored, choices, jaxpr.outputs);
  for (const equation of [...jaxpr.equations].reverse()) grouping.add(equation);
  return {
    units: grouping.inOrder(),
    stored,
    depth: new Map(Array.from(chains, ([v, chain]) => [v, chain.depth])),
  };
}

/** How a value is computed from stored ones. */
interface Chain {
  readonly cost: number;
  readonly depth: number;
  /** The stored values it is computed from. */
  readonly leaves: ReadonlySet<Var>;
  /** The contraction on the way, if there is one. */
  readonly contraction: Var | null;
}

/** Whether an equation emits its own steps instead of being fused. */
function emitsSteps({ primitive, params }: Equation): boolean {
  return primitive.needsSteps?.(params) ?? !primitive.lower;
}

function costOf({ cost = 1 }: AnyPrimitive): number {
  return cost;
}

/** The chain of every value; stores values that readers need stored. */
function chainsOf(
  jaxpr: Jaxpr,
  stored: Set<Var>,
  bindings: number,
): ReadonlyMap<Var, Chain> {
  const chains = new Map<Var, Chain>();
  const definitions = new Map<Var, Equation>();
  const read = (v: Var): Chain => stored.has(v) ? leafOf(v) : chains.get(v)!;
  const follow = (equation: Equation): void => {
    const below = varsIn(equation).map(read);
    for (const v of equation.outputs) {
      chains.set(v, chainThrough(equation, v, below));
    }
  };
  /** Stores a value; rather than a view of something computed, that itself. */
  const store = (v: Var): void => {
    const source = viewed(v, definitions, stored);
    stored.add(source.of);
    source.through.toReversed().forEach(follow);
  };
  for (const equation of jaxpr.equations) {
    const { primitive, outputs } = equation;
    const inputs = varsIn(equation);
    for (const v of inputs) {
      const { cost, depth, contraction } = read(v);
      const isTooCostly = primitive.readsManyTimes && cost > OPERAND_LIMIT;
      const isSecond = primitive.isContraction && contraction !== null;
      if (isTooCostly || isSecond || depth > DEPTH_LIMIT) store(v);
    }
    const below = inputs.map(read);
    const most = below.reduce((sum, { leaves }) => sum + leaves.size, 0);
    if (most >= bindings && leavesOf(below).size >= bindings) {
      const [widest] = inputs.toSorted((a, b) =>
        read(b).leaves.size - read(a).leaves.size
      );
      store(widest!);
    }
    if (emitsSteps(equation)) outputs.forEach((v) => stored.add(v));
    outputs.forEach((v) => definitions.set(v, equation));
    follow(equation);
  }
  return chains;
}

const leaves = new WeakMap<Var, Chain>();

function leafOf(v: Var): Chain {
  let leaf = leaves.get(v);
  if (!leaf) {
    leaf = { cost: 0, depth: 0, leaves: new Set([v]), contraction: null };
    leaves.set(v, leaf);
  }
  return leaf;
}

const variables = new WeakMap<Equation, readonly Var[]>();

function varsIn(equation: Equation): readonly Var[] {
  let vars = variables.get(equation);
  if (!vars) {
    vars = equation.inputs.filter((a) => a instanceof Var);
    variables.set(equation, vars);
  }
  return vars;
}

function chainThrough(
  { primitive }: Equation,
  v: Var,
  below: readonly Chain[],
): Chain {
  let [cost, depth] = [costOf(primitive), 0];
  let contraction = primitive.isContraction ? v : null;
  for (const chain of below) {
    cost += chain.cost;
    depth = Math.max(depth, chain.depth);
    contraction ??= chain.contraction;
  }
  return { cost, depth: depth + 1, leaves: leavesOf(below), contraction };
}

const NONE: ReadonlySet<Var> = new Set();

/** The stored values below any of several chains. */
function leavesOf(chains: readonly Chain[]): ReadonlySet<Var> {
  let all = NONE;
  for (const { leaves } of chains) {
    if (all === NONE) all = leaves;
    else if (!leaves.isSubsetOf(all)) all = all.union(leaves);
  }
  return all;
}

/**
 * The value of which `v` is a view, and the views between; not through views of
 * a part, unless it is one of several that are the whole.
 */
function viewed(
  v: Var,
  definitions: ReadonlyMap<Var, Equation>,
  stored: ReadonlySet<Var>,
): { readonly of: Var; readonly through: readonly Equation[] } {
  const equation = definitions.get(v);
  const [below, ...others] = equation ? varsIn(equation) : [];
  const isView = equation && costOf(equation.primitive) === 0 && below &&
    others.length === 0 && !stored.has(below) &&
    below.aval.size <= sizeOf(equation.outputs);
  if (!isView) return { of: v, through: [] };
  const { of, through } = viewed(below, definitions, stored);
  return { of, through: [equation, ...through] };
}

function sizeOf(vars: readonly Var[]): number {
  return vars.reduce((sum, v) => sum + v.aval.size, 0);
}

/** A unit while it grows. */
class Group implements Unit {
  readonly roots: Var[] = [];
  readonly leaves = new Set<Var>();
  /** The units that read what this one stores. */
  readonly consumers = new Set<Group>();
  contraction: Var | null = null;
  /** Whether a reduction is part of the kernel. */
  reduces = false;
  /** At most how many equations deep the kernel recurses. */
  depth = 0;

  constructor(readonly equation: Equation | null) {}

  reaches(target: Group, seen = new Set<Group>()): boolean {
    if (this === target) return true;
    if (seen.has(this)) return false;
    seen.add(this);
    for (const c of this.consumers) if (c.reaches(target, seen)) return true;
    return false;
  }
}

/** Puts equations into units, from the last one to the first. */
class Grouping {
  private readonly groups: Group[] = [];
  /** Those that make values of one shape. */
  private readonly ofShape = new Map<string, Group[]>();
  /** The units in which a value that is not stored will be computed. */
  private readonly users = new Map<Var, Set<Group>>();

  constructor(
    private readonly chains: ReadonlyMap<Var, Chain>,
    private readonly stored: Set<Var>,
    private readonly choices: FusionChoices,
    private readonly outputs: readonly Atom[],
  ) {}

  add(equation: Equation): void {
    const { inputs, outputs } = equation;
    if (emitsSteps(equation)) {
      const unit = this.newGroup(equation);
      for (const v of outputs) this.feed(unit, v);
      this.use(inputs, [unit]);
      return;
    }
    for (const v of outputs) {
      const users = this.users.get(v) ?? new Set();
      const isShared = users.size > 1 &&
        this.chains.get(v)!.cost > RECOMPUTE_LIMIT;
      if (isShared) this.stored.add(v);
      this.use(inputs, this.stored.has(v) ? [this.place(v, users)] : users);
    }
  }

  /** The units so that each comes after those whose results it reads. */
  inOrder(): readonly Unit[] {
    this.groups.forEach((unit) => this.keepNeeded(unit));
    this.groups.forEach((unit) => this.letReadersFirst(unit));
    const done = new Set<Group>();
    const order: Unit[] = [];
    const visit = (group: Group): void => {
      if (done.has(group)) return;
      done.add(group);
      group.consumers.forEach(visit);
      order.push(group);
    };
    this.groups.forEach(visit);
    return order.reverse();
  }

  /** Does not store what only the kernel that makes it reads. */
  private keepNeeded(unit: Group): void {
    const isNeeded = (v: Var) =>
      this.outputs.includes(v) ||
      [...this.users.get(v) ?? []].some((user) => user !== unit);
    for (const v of unit.roots.filter((v) => !isNeeded(v))) {
      this.stored.delete(v);
      unit.roots.splice(unit.roots.indexOf(v), 1);
    }
  }

  /** Orders the other readers of a value before the unit that overwrites it, where it can. */
  private letReadersFirst(unit: Group): void {
    if (!unit.equation) return;
    const { primitive, inputs } = unit.equation;
    const overwritten = inputs[primitive.overwrites ?? -1];
    if (!(overwritten instanceof Var)) return;
    for (const reader of this.users.get(overwritten) ?? []) {
      if (!unit.reaches(reader)) reader.consumers.add(unit);
    }
  }

  private newGroup(equation: Equation | null): Group {
    const group = new Group(equation);
    this.groups.push(group);
    return group;
  }

  private use(atoms: readonly Atom[], units: Iterable<Group>): void {
    for (const v of atoms) {
      if (!(v instanceof Var)) continue;
      const users = this.users.get(v) ?? new Set();
      for (const unit of units) users.add(unit);
      this.users.set(v, users);
    }
  }

  /** The unit that stores `v`: one that already makes values of its shape, or a new one. */
  private place(v: Var, users: ReadonlySet<Group>): Group {
    const chain = this.chains.get(v)!;
    const shape = v.aval.shape.join();
    let alike = this.ofShape.get(shape);
    if (!alike) this.ofShape.set(shape, alike = []);
    let group = alike.findLast((g) => this.mayJoin(v, chain, g, users));
    if (!group) alike.push(group = this.newGroup(null));
    group.depth = depthWith(chain, group, users);
    group.roots.push(v);
    group.contraction ??= chain.contraction;
    group.reduces ||= !chain.contraction && chain.cost >= REDUCTION_COST;
    for (const leaf of chain.leaves) group.leaves.add(leaf);
    this.feed(group, v);
    return group;
  }

  private feed(group: Group, v: Var): void {
    for (const user of this.users.get(v) ?? []) {
      if (user !== group) group.consumers.add(user);
    }
  }

  private mayJoin(
    v: Var,
    chain: Chain,
    group: Group,
    users: ReadonlySet<Group>,
  ): boolean {
    const { alone, bindings } = this.choices;
    const [first] = group.roots;
    if (!first || alone.has(v) || alone.has(first)) return false;
    const isEpilogue = group.contraction === null && users.has(group) &&
      !group.reduces && group.leaves.size <= EPILOGUE_LEAVES;
    if (group.contraction !== chain.contraction && !isEpilogue) return false;
    if (depthWith(chain, group, users) > KERNEL_DEPTH_LIMIT) return false;
    let shared = 0;
    for (const leaf of chain.leaves) if (group.leaves.has(leaf)) shared++;
    const isRelated = users.has(group) || shared > 0;
    const buffers = group.leaves.size + chain.leaves.size - shared +
      group.roots.length + 1;
    if (!isRelated || buffers > bindings) return false;
    // Through another unit, the group would wait for itself.
    return [...users].every((user) => user === group || !user.reaches(group));
  }
}

/** The depth of a unit with one more value, which its other values may read. */
function depthWith(
  { depth }: Chain,
  group: Group,
  users: ReadonlySet<Group>,
): number {
  return users.has(group) ? group.depth + depth : Math.max(group.depth, depth);
}
