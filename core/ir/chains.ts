/**
 * Chains: how values of a jaxpr are computed from those that are stored.
 *
 * All equations are followed several times, in code that is not optimised yet:
 * loops here count, as iterators and closures would take most of the time.
 */

import type { Equation } from "../jaxpr.ts";
import { Var } from "../jaxpr.ts";

/** Cost of an element of a reduction or contraction: never computed twice. */
export const REDUCTION_COST = 1e3;

/** How a value is computed from stored ones. */
export interface Chain {
  /** Of an element, in additions. */
  readonly cost: number;
  /** How many equations are in a row. */
  readonly depth: number;
  /** The stored values it is computed from, in order of their making. */
  readonly leaves: readonly Var[];
  /** The contraction on the way, if there is one. */
  readonly contraction: Var | null;
}

/** The chains of the values of a jaxpr, and which of these are stored. */
export class Chains {
  private readonly computed = new Map<Var, Chain>();
  /** What readers see of stored values. */
  private readonly stored = new Map<Var, Chain>();

  constructor(stored: Iterable<Var>) {
    for (const v of stored) this.store(v);
  }

  /** How many values are stored. */
  get storedCount(): number {
    return this.stored.size;
  }

  /** The values that are stored. */
  storedValues(): Iterable<Var> {
    return this.stored.keys();
  }

  /** Whether a value is stored. */
  has(v: Var): boolean {
    return this.stored.has(v);
  }

  store(v: Var): void {
    if (this.stored.has(v)) return;
    this.stored.set(v, { cost: 0, depth: 0, leaves: [v], contraction: null });
  }

  /** Has a value computed where it is read. */
  discard(v: Var): void {
    this.stored.delete(v);
  }

  /** How a value is computed, even if it is stored. */
  of(v: Var): Chain {
    return this.computed.get(v)!;
  }

  /** What a reader sees: a stored value is its own leaf. */
  seen(v: Var): Chain {
    return this.stored.get(v) ?? this.computed.get(v)!;
  }

  /** Finds the chains of the results of an equation; its inputs have theirs. */
  follow(
    { primitive, outputs }: Equation,
    inputs: readonly Var[],
  ): void {
    let cost = primitive.cost ?? 1;
    let depth = 1;
    let leaves = NONE;
    let contraction: Var | null = null;
    for (let i = 0; i < inputs.length; i++) {
      const chain = this.seen(inputs[i]!);
      cost += chain.cost;
      depth = Math.max(depth, chain.depth + 1);
      leaves = union(leaves, chain.leaves);
      contraction ??= chain.contraction;
    }
    for (let i = 0; i < outputs.length; i++) {
      const v = outputs[i]!;
      if (primitive.isContraction) contraction = v;
      this.computed.set(v, { cost, depth, leaves, contraction });
    }
  }

  /** The stored values that some values are computed from. */
  leavesOf(values: readonly Var[]): readonly Var[] {
    return values.reduce((all, v) => union(all, this.seen(v).leaves), NONE);
  }
}

const NONE: readonly Var[] = [];

/** Both of two sorted lists; one of them itself where it has all. */
function union(x: readonly Var[], y: readonly Var[]): readonly Var[] {
  if (x === y || y.length === 0) return x;
  if (x.length === 0) return y;
  const all: Var[] = [];
  let i = 0;
  let j = 0;
  while (i < x.length && j < y.length) {
    const a = x[i]!;
    const b = y[j]!;
    if (a.id <= b.id) i++;
    if (b.id <= a.id) j++;
    all.push(a.id <= b.id ? a : b);
  }
  while (i < x.length) all.push(x[i++]!);
  while (j < y.length) all.push(y[j++]!);
  if (all.length === x.length) return x;
  return all.length === y.length ? y : all;
}

/** The variables that an equation reads. */
export function varsIn({ inputs }: Equation): readonly Var[] {
  return inputs.filter((a) => a instanceof Var);
}

/** Whether an equation emits its own steps instead of being fused. */
export function emitsSteps({ primitive, params }: Equation): boolean {
  return primitive.needsSteps?.(params) ?? !primitive.lower;
}
