/** Passes over a jaxpr before it is lowered: inlining, dead code, common subexpressions. */

import {
  type Atom,
  type Equation,
  Jaxpr,
  Literal,
  memoised,
  Var,
} from "./jaxpr.ts";
import { mixHash, structuralEquals, structuralHash } from "./structural.ts";

/** All passes. The result computes the same values, bit for bit. */
export function simplify(jaxpr: Jaxpr): Jaxpr {
  return withoutDuplicates(withoutDeadCode(withoutCalls(jaxpr)));
}

/** Replaces equations that merely stand for a jaxpr by its equations. */
export function withoutCalls(jaxpr: Jaxpr): Jaxpr {
  if (!jaxpr.equations.some((e) => e.primitive.inline?.(e.params))) {
    return jaxpr;
  }
  const equations: Equation[] = [];
  const outputs = inlineInto(equations, jaxpr, new Renaming(), false);
  return new Jaxpr(jaxpr.inputs, equations, outputs);
}

/** What variables are called in another program; those not in it keep their names. */
class Renaming {
  private readonly atoms = new Map<Var, Atom>();

  set(v: Var, atom: Atom): void {
    this.atoms.set(v, atom);
  }

  of(atom: Atom): Atom {
    return atom instanceof Var ? this.atoms.get(atom) ?? atom : atom;
  }

  /** All of a list, itself where nothing is renamed. */
  all(atoms: readonly Atom[]): readonly Atom[] {
    for (let i = 0; i < atoms.length; i++) {
      if (this.of(atoms[i]!) !== atoms[i]) return atoms.map((a) => this.of(a));
    }
    return atoms;
  }
}

/** Appends the equations of a jaxpr; with `fresh` results, as it may stand there often. */
function inlineInto(
  equations: Equation[],
  jaxpr: Jaxpr,
  names: Renaming,
  fresh: boolean,
): readonly Atom[] {
  for (const equation of jaxpr.equations) {
    const { primitive, params, outputs } = equation;
    const inputs = names.all(equation.inputs);
    const body = primitive.inline?.(params);
    if (body) {
      const inner = new Renaming();
      body.inputs.forEach((v, i) => inner.set(v, inputs[i]!));
      const results = inlineInto(equations, body, inner, true);
      outputs.forEach((v, i) => names.set(v, results[i]!));
    } else if (fresh) {
      const results = outputs.map((v) => new Var(v.aval));
      outputs.forEach((v, i) => names.set(v, results[i]!));
      equations.push({ primitive, inputs, params, outputs: results });
    } else equations.push(withInputs(equation, inputs));
  }
  return names.all(jaxpr.outputs);
}

function withInputs(equation: Equation, inputs: readonly Atom[]): Equation {
  if (inputs === equation.inputs) return equation;
  const { primitive, params, outputs } = equation;
  return { primitive, inputs, params, outputs };
}

/** Removes equations of which no output is used; inner jaxprs too. */
export function withoutDeadCode(jaxpr: Jaxpr): Jaxpr {
  return dce(jaxpr, jaxpr.outputs.map(() => true), false).jaxpr;
}

/** A jaxpr that computes only some outputs, and which inputs it still has. */
export interface Pruned {
  readonly jaxpr: Jaxpr;
  readonly inputs: readonly boolean[];
}

/** Only the outputs in `used`, from only the inputs that they need. */
export const pruned: (jaxpr: Jaxpr, used: readonly boolean[]) => Pruned =
  memoised((jaxpr, used: readonly boolean[]) => dce(jaxpr, used, true));

function dce(
  jaxpr: Jaxpr,
  used: readonly boolean[],
  dropInputs: boolean,
): Pruned {
  const live = new Set<Atom>(jaxpr.outputs.filter((_, i) => used[i]));
  const equations: Equation[] = [];
  for (let i = jaxpr.equations.length - 1; i >= 0; i--) {
    const equation = jaxpr.equations[i]!;
    const usedOuts = equation.outputs.map((v) => live.has(v));
    if (!usedOuts.includes(true)) continue;
    const kept = keepOutputs(equation, usedOuts);
    for (const a of kept.inputs) live.add(a);
    equations.push(kept);
  }
  const inputs = jaxpr.inputs.map((v) => live.has(v));
  return {
    inputs,
    jaxpr: new Jaxpr(
      dropInputs ? jaxpr.inputs.filter((_, i) => inputs[i]) : jaxpr.inputs,
      equations.reverse(),
      jaxpr.outputs.filter((_, i) => used[i]),
    ),
  };
}

function keepOutputs(equation: Equation, used: readonly boolean[]): Equation {
  const { primitive, inputs, outputs, params } = equation;
  if (!primitive.dce) return equation;
  const kept = primitive.dce(params, used);
  return {
    primitive,
    params: kept.params,
    inputs: inputs.filter((_, i) => kept.inputs[i]),
    outputs: outputs.filter((_, i) => (kept.outputs ?? used)[i]),
  };
}

/** Computes equal equations once. Those of `opaque` primitives are left alone. */
export function withoutDuplicates(jaxpr: Jaxpr): Jaxpr {
  const names = new Renaming();
  const seen = new Map<number, Equation[]>();
  const equations: Equation[] = [];
  for (const original of jaxpr.equations) {
    const equation = withInputs(original, names.all(original.inputs));
    const known = original.primitive.opaque ? null : knownEqual(equation, seen);
    if (known) {
      original.outputs.forEach((v, i) => names.set(v, known.outputs[i]!));
    } else equations.push(equation);
  }
  return new Jaxpr(jaxpr.inputs, equations, names.all(jaxpr.outputs));
}

/** An equation with the same results, or `null`: then it is the first of its kind. */
function knownEqual(
  equation: Equation,
  seen: Map<number, Equation[]>,
): Equation | null {
  const hash = hashOf(equation);
  const alike = seen.get(hash);
  if (!alike) {
    seen.set(hash, [equation]);
    return null;
  }
  const known = alike.find((e) => areEqual(e, equation));
  if (!known) alike.push(equation);
  return known ?? null;
}

/** Without its params: with the same inputs and results, few differ in these. */
function hashOf({ inputs, outputs }: Equation): number {
  let hash = outputs.length === 0 ? 0 : outputs[0]!.aval.hash;
  for (let i = 0; i < inputs.length; i++) {
    const atom = inputs[i]!;
    const next = atom instanceof Var ? atom.id : structuralHash(atom.value);
    hash = mixHash(hash, next);
  }
  return hash;
}

function areEqual(a: Equation, b: Equation): boolean {
  return a.primitive === b.primitive && a.inputs.length === b.inputs.length &&
    a.inputs.every((atom, i) => sameAtom(atom, b.inputs[i]!)) &&
    structuralEquals(a.params, b.params);
}

function sameAtom(a: Atom, b: Atom): boolean {
  return a === b ||
    (a instanceof Literal && b instanceof Literal && a.aval === b.aval &&
      Object.is(a.value, b.value));
}
