/**
 * The policy of fusion: which values of a jaxpr are stored. Everything else is
 * computed where it is read.
 */

import type { Equation, Jaxpr } from "../jaxpr.ts";
import { Var } from "../jaxpr.ts";
import { Chains, emitsSteps, varsIn } from "./chains.ts";
import {
  Grouping,
  type KernelLimits,
  RECOMPUTE_LIMIT,
  type Unit,
} from "./units.ts";

/** What a primitive's inputs may cost where it reads each of them many times. */
const OPERAND_LIMIT = 4;
/** Equations in a row before a value is stored, so that lowering does not recurse too deep. */
const DEPTH_LIMIT = 128;

/** What the policy is told besides the jaxpr. */
export interface FusionChoices extends KernelLimits {
  /** Where each value is defined. */
  readonly definitions: ReadonlyMap<Var, Equation>;
  /** Values that must be stored. */
  readonly stored: ReadonlySet<Var>;
}

/** Units in an order in which they can run, and all values that are stored. */
export interface Partition {
  readonly units: readonly Unit[];
  readonly chains: Chains;
}

/** Which values are stored, and which equations become one unit. */
export function partition(jaxpr: Jaxpr, choices: FusionChoices): Partition {
  const required = new Set(choices.stored);
  for (const v of jaxpr.outputs) if (v instanceof Var) required.add(v);
  for (const v of jaxpr.inputs) required.add(v);
  const first = partitionWith(jaxpr, required, choices);
  if (first.chains.storedCount === required.size) return first;
  const chains = withoutCheap(jaxpr, first.chains, required);
  return chains.storedCount === first.chains.storedCount
    ? first
    : partitionWith(jaxpr, chains.storedValues(), choices);
}

/**
 * Leaves out what is cheaply computed from other stored values: that could not
 * be seen before these were known.
 */
function withoutCheap(
  { equations }: Jaxpr,
  stored: Chains,
  required: ReadonlySet<Var>,
): Chains {
  const chains = new Chains(stored.storedValues());
  const readMany = new Set(
    equations.flatMap((e) => e.primitive.readsManyTimes ? varsIn(e) : []),
  );
  for (const equation of equations) {
    chains.follow(equation, varsIn(equation));
    if (emitsSteps(equation)) continue;
    for (const v of equation.outputs) {
      const { cost, leaves } = chains.of(v);
      const isCheap = cost <= RECOMPUTE_LIMIT && leaves.length <= 2;
      if (isCheap && !required.has(v) && !readMany.has(v)) chains.discard(v);
    }
  }
  return chains;
}

function partitionWith(
  jaxpr: Jaxpr,
  required: Iterable<Var>,
  choices: FusionChoices,
): Partition {
  const chains = chainsOf(jaxpr, required, choices);
  const grouping = new Grouping(chains, choices, jaxpr.outputs);
  const { equations } = jaxpr;
  for (let i = equations.length - 1; i >= 0; i--) grouping.add(equations[i]!);
  return { units: grouping.inOrder(), chains };
}

/** The chain of every value; stores values that readers need stored. */
function chainsOf(
  jaxpr: Jaxpr,
  required: Iterable<Var>,
  { bindings, definitions }: FusionChoices,
): Chains {
  const chains = new Chains(required);
  /** Stores a value; rather than a view of something computed, that itself. */
  const store = (v: Var): void => {
    const source = viewed(v, definitions, chains);
    chains.store(source.of);
    for (const view of source.through.toReversed()) {
      chains.follow(view, varsIn(view));
    }
  };
  for (const equation of jaxpr.equations) {
    const { primitive, outputs } = equation;
    const inputs = varsIn(equation);
    let leaves = 0;
    for (let i = 0; i < inputs.length; i++) {
      const { cost, depth, contraction } = chains.seen(inputs[i]!);
      const isTooCostly = primitive.readsManyTimes && cost > OPERAND_LIMIT;
      const isSecond = primitive.isContraction && contraction !== null;
      const isTooDeep = depth > DEPTH_LIMIT;
      if (isTooCostly || isSecond || isTooDeep) store(inputs[i]!);
      leaves += chains.seen(inputs[i]!).leaves.length;
    }
    if (leaves >= bindings && chains.leavesOf(inputs).length >= bindings) {
      store(widestOf(inputs, chains));
    }
    if (emitsSteps(equation)) outputs.forEach((v) => chains.store(v));
    chains.follow(equation, inputs);
  }
  return chains;
}

/** Which of several values reads the most. */
function widestOf(values: readonly Var[], chains: Chains): Var {
  const counts = values.map((v) => chains.seen(v).leaves.length);
  return values[counts.indexOf(Math.max(...counts))]!;
}

/**
 * The value of which `v` is a view, and the views between; not through views of
 * a part, unless it is one of several that are the whole.
 */
function viewed(
  v: Var,
  definitions: ReadonlyMap<Var, Equation>,
  chains: Chains,
): { readonly of: Var; readonly through: readonly Equation[] } {
  const equation = definitions.get(v);
  const [below, ...others] = equation ? varsIn(equation) : [];
  const isView = equation && equation.primitive.cost === 0 && below &&
    others.length === 0 && !chains.has(below) &&
    below.aval.size <= sizeOf(equation.outputs);
  if (!isView) return { of: v, through: [] };
  const { of, through } = viewed(below, definitions, chains);
  return { of, through: [equation, ...through] };
}

function sizeOf(vars: readonly Var[]): number {
  return vars.reduce((sum, v) => sum + v.aval.size, 0);
}
