/** Passes over a jaxpr before it is lowered: inlining, dead code, common subexpressions. */

import {
  type Atom,
  type Equation,
  Jaxpr,
  Literal,
  memoised,
  Var,
} from "./jaxpr.ts";
import { identityOf } from "./structural.ts";
import { StructuralMap } from "./structural_map.ts";

/** All passes. The result computes the same values, bit for bit. */
export function simplify(jaxpr: Jaxpr): Jaxpr {
  return withoutDuplicates(withoutDeadCode(withoutCalls(jaxpr)));
}

/** Replaces equations that merely stand for a jaxpr by its equations. */
export function withoutCalls(jaxpr: Jaxpr): Jaxpr {
  const equations: Equation[] = [];
  const walk = (inner: Jaxpr, atoms: Map<Var, Atom>): readonly Atom[] => {
    const read = (a: Atom) => a instanceof Literal ? a : atoms.get(a)!;
    for (const { primitive, inputs, params, outputs } of inner.equations) {
      const given = inputs.map(read);
      const body = primitive.inline?.(params);
      if (body) {
        const args = new Map(body.inputs.map((v, i) => [v, given[i]!]));
        const results = walk(body, args);
        outputs.forEach((v, i) => atoms.set(v, results[i]!));
      } else {
        const fresh = outputs.map((v) => new Var(v.aval));
        outputs.forEach((v, i) => atoms.set(v, fresh[i]!));
        equations.push({ primitive, inputs: given, params, outputs: fresh });
      }
    }
    return inner.outputs.map(read);
  };
  if (!jaxpr.equations.some((e) => e.primitive.inline?.(e.params))) {
    return jaxpr;
  }
  const outputs = walk(jaxpr, new Map(jaxpr.inputs.map((v) => [v, v])));
  return new Jaxpr(jaxpr.inputs, equations, outputs);
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
  for (const equation of jaxpr.equations.toReversed()) {
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
  const atoms = new Map<Var, Atom>();
  const numbers = new Map<Atom, number>();
  const read = (a: Atom) => a instanceof Literal ? a : atoms.get(a) ?? a;
  const keyOf = (a: Atom) => {
    if (a instanceof Literal) return [a.value, a.aval];
    if (!numbers.has(a)) numbers.set(a, numbers.size);
    return numbers.get(a)!;
  };
  const seen = new StructuralMap<unknown, Equation>({ limit: Infinity });
  const equations: Equation[] = [];
  for (const original of jaxpr.equations) {
    const equation = { ...original, inputs: original.inputs.map(read) };
    const { primitive, params, inputs, outputs } = equation;
    const key = [identityOf(primitive), params, inputs.map(keyOf)];
    const known = primitive.opaque ? undefined : seen.get(key);
    if (known) {
      outputs.forEach((v, i) => atoms.set(v, known.outputs[i]!));
    } else {
      seen.set(key, equation);
      equations.push(equation);
    }
  }
  return new Jaxpr(jaxpr.inputs, equations, jaxpr.outputs.map(read));
}
