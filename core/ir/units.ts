/** Units: which stored values one kernel makes, and in which order kernels run. */

import type { Atom, Equation } from "../jaxpr.ts";
import { Var } from "../jaxpr.ts";
import {
  type Chain,
  type Chains,
  emitsSteps,
  REDUCTION_COST,
} from "./chains.ts";

/** Cost of an element, in additions, above which it is stored rather than computed again. */
export const RECOMPUTE_LIMIT = 4;
/** What a kernel may read to become the epilogue of a contraction. */
const EPILOGUE_LEAVES = 12;
/** Equations in a row within one kernel, over all values that it stores. */
const KERNEL_DEPTH_LIMIT = 256;

/** Equations that become one or more steps of the Program. */
export interface Unit {
  /** Values of one shape that one kernel stores; or */
  readonly roots: readonly Var[];
  /** an equation that emits its own steps. */
  readonly equation: Equation | null;
}

/** What kernels may do. */
export interface KernelLimits {
  /** Values that must not share a kernel with others. */
  readonly alone: ReadonlySet<Var>;
  /** How many buffers a kernel may use. */
  readonly bindings: number;
}

/** Counts searches for a path between units. */
let searches = 0;

/** A unit while it grows. */
class Group implements Unit {
  readonly roots: Var[] = [];
  readonly leaves = new Set<Var>();
  /** The units that read what this one stores. */
  readonly consumers: Group[] = [];
  contraction: Var | null = null;
  /** Whether a reduction is part of the kernel. */
  reduces = false;
  /** At most how many equations deep the kernel recurses. */
  depth = 0;
  /** The last search that came by. */
  private searched = 0;

  constructor(readonly equation: Equation | null) {}

  feed(consumer: Group): void {
    if (!this.consumers.includes(consumer)) this.consumers.push(consumer);
  }

  /** Whether `target` waits for this unit; where `search` has been it does not. */
  reaches(target: Group, search = ++searches): boolean {
    if (this === target) return true;
    if (this.searched === search) return false;
    this.searched = search;
    const { consumers } = this;
    for (let i = 0; i < consumers.length; i++) {
      if (consumers[i]!.reaches(target, search)) return true;
    }
    return false;
  }
}

const NOBODY: readonly Group[] = [];

/** Puts equations into units, from the last one to the first. */
export class Grouping {
  private readonly groups: Group[] = [];
  /** Those that make values of one shape. */
  private readonly ofShape = new Map<string, Group[]>();
  /** The units in which a value that is not stored will be computed. */
  private readonly users = new Map<Var, Group[]>();

  constructor(
    private readonly chains: Chains,
    private readonly limits: KernelLimits,
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
      const users = this.usersOf(v);
      const isShared = users.length > 1 &&
        this.chains.of(v).cost > RECOMPUTE_LIMIT;
      if (isShared) this.chains.store(v);
      this.use(inputs, this.chains.has(v) ? [this.place(v, users)] : users);
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
      this.outputs.includes(v) || this.usersOf(v).some((user) => user !== unit);
    for (const v of unit.roots.filter((v) => !isNeeded(v))) {
      this.chains.discard(v);
      unit.roots.splice(unit.roots.indexOf(v), 1);
    }
  }

  /** Orders the other readers of a value before the unit that overwrites it, where it can. */
  private letReadersFirst(unit: Group): void {
    if (!unit.equation) return;
    const { primitive, inputs } = unit.equation;
    const overwritten = inputs[primitive.overwrites ?? -1];
    if (!(overwritten instanceof Var)) return;
    for (const reader of this.usersOf(overwritten)) {
      if (!unit.reaches(reader)) reader.feed(unit);
    }
  }

  private newGroup(equation: Equation | null): Group {
    const group = new Group(equation);
    this.groups.push(group);
    return group;
  }

  private usersOf(v: Var): readonly Group[] {
    return this.users.get(v) ?? NOBODY;
  }

  private use(atoms: readonly Atom[], units: readonly Group[]): void {
    for (let i = 0; i < atoms.length; i++) {
      const v = atoms[i]!;
      if (!(v instanceof Var)) continue;
      const users = this.users.get(v);
      if (!users) this.users.set(v, units.slice());
      else addMissing(users, units);
    }
  }

  /** The unit that stores `v`: one that already makes values of its shape, or a new one. */
  private place(v: Var, users: readonly Group[]): Group {
    const chain = this.chains.of(v);
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
    for (const user of this.usersOf(v)) if (user !== group) group.feed(user);
  }

  private mayJoin(
    v: Var,
    chain: Chain,
    group: Group,
    users: readonly Group[],
  ): boolean {
    const { alone, bindings } = this.limits;
    const first = group.roots[0];
    if (!first || alone.has(v) || alone.has(first)) return false;
    const isUser = users.includes(group);
    const isEpilogue = group.contraction === null && isUser &&
      !group.reduces && group.leaves.size <= EPILOGUE_LEAVES;
    if (group.contraction !== chain.contraction && !isEpilogue) return false;
    if (depthWith(chain, group, users) > KERNEL_DEPTH_LIMIT) return false;
    let shared = 0;
    for (const leaf of chain.leaves) if (group.leaves.has(leaf)) shared++;
    const isRelated = isUser || shared > 0;
    const buffers = group.leaves.size + chain.leaves.length - shared +
      group.roots.length + 1;
    if (!isRelated || buffers > bindings) return false;
    // Through another unit, the group would wait for itself.
    const search = ++searches;
    return users.every((user) =>
      user === group || !user.reaches(group, search)
    );
  }
}

function addMissing(users: Group[], units: readonly Group[]): void {
  for (let i = 0; i < units.length; i++) {
    if (!users.includes(units[i]!)) users.push(units[i]!);
  }
}

/** The depth of a unit with one more value, which its other values may read. */
function depthWith(
  { depth }: Chain,
  group: Group,
  users: readonly Group[],
): number {
  return users.includes(group)
    ? group.depth + depth
    : Math.max(group.depth, depth);
}
