/** Walks a linear program backwards: from cotangents of outputs to those of inputs. */

import { NDArray } from "../core/array.ts";
import type { Atom, Equation, Jaxpr, Var } from "../core/jaxpr.ts";
import { evalJaxpr, Literal, memoised } from "../core/jaxpr.ts";
import { scalar, zerosLike } from "../core/ops/constants.ts";
import { addTangents } from "../core/ops/addition.ts";
import { type Arrays, Linear, type Tangent } from "../core/primitive.ts";
import { stage, type Staged } from "../core/staging.ts";
import { currentTrace } from "../core/trace.ts";
import { PartialTrace } from "./partial_eval.ts";

/**
 * Cotangents of the inputs of a jaxpr that are `Linear`, `null` for the others
 * and where there is none. Runs under the current trace.
 */
export function backward(
  jaxpr: Jaxpr,
  inputs: readonly (NDArray | Linear)[],
  cts: readonly Tangent[],
): readonly Tangent[] {
  const values = new Map<Var, NDArray>();
  const cotangents = new Map<Var, Tangent>();
  jaxpr.inputs.forEach((v, i) => {
    const x = inputs[i]!;
    if (x instanceof NDArray) values.set(v, x);
  });
  const isLinear = (a: Atom): a is Var =>
    !(a instanceof Literal) && !values.has(a);
  const read = (a: Atom): NDArray | Linear => {
    if (a instanceof Literal) {
      return scalar(a.value, a.aval.dtype, a.aval.weakType);
    }
    return values.get(a) ?? new Linear(a.aval);
  };
  const accumulate = (a: Atom, ct: Tangent) => {
    if (isLinear(a)) {
      cotangents.set(a, addTangents(cotangents.get(a) ?? null, ct));
    }
  };
  jaxpr.outputs.forEach((a, i) => accumulate(a, cts[i]!));
  for (const equation of jaxpr.equations.toReversed()) {
    const outs = equation.outputs.map((v) => cotangents.get(v) ?? null);
    if (outs.every((ct) => ct === null)) continue;
    const given = equation.inputs.map(read);
    transposeEquation(equation, outs, given).forEach((ct, i) => {
      if (ct) accumulate(equation.inputs[i]!, ct);
    });
  }
  return jaxpr.inputs.map((v) =>
    isLinear(v) ? cotangents.get(v) ?? null : null
  );
}

function transposeEquation(
  { primitive, outputs, params }: Equation,
  cts: readonly Tangent[],
  inputs: readonly (NDArray | Linear)[],
): readonly Tangent[] {
  if (!primitive.transpose) {
    throw new TypeError(
      `Cannot differentiate ${primitive.name} in reverse mode: it is not ` +
        `linear or has no transpose rule. Use forward mode, jvp() or jacfwd()`,
    );
  }
  const full = cts.map((ct, i) => ct ?? zerosLike(outputs[i]!));
  return primitive.transpose(full as unknown as Arrays, inputs, params);
}

/**
 * As `backward`, for a jaxpr that also computes things of which it is not
 * linear: those are evaluated first.
 */
export function backwardMixed(
  jaxpr: Jaxpr,
  inputs: readonly (NDArray | Linear)[],
  cts: readonly Tangent[],
): readonly Tangent[] {
  const trace = new PartialTrace(currentTrace(), "the linear part of a jaxpr");
  const args = inputs.map((x) =>
    x instanceof NDArray ? x : trace.newInput(x.aval)
  );
  const { jaxpr: linear, consts } = recordWith(trace, jaxpr, args);
  const given = inputs.filter((x) => x instanceof Linear);
  const results = backward(linear, [...consts, ...given], cts).slice(
    consts.length,
  );
  const rest = results[Symbol.iterator]();
  return inputs.map((x) => x instanceof Linear ? rest.next().value! : null);
}

function recordWith(
  trace: PartialTrace,
  jaxpr: Jaxpr,
  args: readonly NDArray[],
) {
  try {
    return trace.finish(trace.run(() => evalJaxpr(jaxpr, args)));
  } finally {
    trace.isOpen = false;
  }
}

/** Which inputs of a jaxpr it is linear in. */
export interface TransposePattern {
  readonly linear: readonly boolean[];
}

/**
 * A jaxpr from the arrays that custom rules close over, the other inputs, then
 * cotangents of all outputs, to cotangents of the linear inputs.
 */
export const transposeJaxpr: (
  jaxpr: Jaxpr,
  pattern: TransposePattern,
) => Staged = memoised(
  (jaxpr, { linear }: TransposePattern) => {
    const avals = [
      ...jaxpr.inAvals.filter((_, i) => !linear[i]),
      ...jaxpr.outAvals,
    ];
    const known = linear.filter((is) => !is).length;
    return stage(
      (...args) => {
        const rest = args.slice(0, known)[Symbol.iterator]();
        const inputs = jaxpr.inAvals.map((aval, i) =>
          linear[i] ? new Linear(aval) : rest.next().value!
        );
        const cts = backwardMixed(jaxpr, inputs, args.slice(known));
        return cts.flatMap((ct, i) =>
          linear[i] ? [ct ?? zerosLike({ aval: jaxpr.inAvals[i]! })] : []
        );
      },
      avals,
      "the transpose of a jaxpr",
    );
  },
);
