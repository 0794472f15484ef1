/** `checkpoint`: derivatives that recompute instead of storing. */

import type { NDArray } from "../core/array.ts";
import { evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { barrier } from "../core/ops/barrier.ts";
import type { Primitive } from "../core/primitive.ts";
import { pruned } from "../core/simplify.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import { flatFunction, flattenArrays, named, nameOf } from "./_arguments.ts";
import type { AnyFunction } from "./types.ts";
import { type CallParams, callRules } from "./_call.ts";
import { merged, where } from "./_jaxprs.ts";
import { splitJaxpr } from "./partial_eval.ts";

const checkpointP: Primitive<readonly NDArray[], CallParams> = {
  name: "checkpoint",
  ...callRules(
    (inputs, params) => bind(checkpointP, inputs, params),
    (jaxpr) => behindBarrier(jaxpr, null),
  ),
  // The residuals are the known inputs: what is between is computed again.
  partialEval: (inputs, { name, jaxpr }, trace) => {
    const unknown = inputs.map((x) => trace.isUnknown(x));
    const forced = jaxpr.outputs.map(() => false);
    const { unknownOut } = splitJaxpr(jaxpr, { unknown, forced });
    const known = pruned(jaxpr, unknownOut.map((is) => !is));
    const rest = pruned(jaxpr, unknownOut);
    const knownOuts = bind(checkpointP, where(inputs, known.inputs), {
      name,
      jaxpr: known.jaxpr,
    });
    const unknownOuts = trace.record(
      checkpointP,
      where(inputs, rest.inputs),
      { name, jaxpr: rest.jaxpr },
    );
    return merged(unknownOut, unknownOuts, knownOuts);
  },
};

/** A jaxpr whose equations cannot be merged with those that computed the same before. */
const behindBarrier: (jaxpr: Jaxpr, key: null) => Jaxpr = memoised((jaxpr) =>
  stage(
    (...args) => evalJaxpr(jaxpr, barrier(args)),
    jaxpr.inAvals,
    "checkpoint",
  ).jaxpr
);

/**
 * A function whose derivative in reverse mode stores only its arguments and
 * computes everything else again.
 *
 * As `jax.checkpoint` (also called remat): trades time for memory.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { checkpoint, grad, numpy as np } from "@dinograd/dinograd";
 *
 * const f = checkpoint((x) => np.sin(np.sin(x)));
 * assertAlmostEquals(grad(f)(0).item(), 1);
 * ```
 */
export function checkpoint<F extends AnyFunction>(f: F): F {
  const name = nameOf(f);
  const wrapped = (...args: readonly unknown[]) => {
    const { arrays, structure } = flattenArrays(
      args,
      `the arguments of ${name}`,
    );
    const flat = flatFunction(f, structure);
    const { jaxpr, consts } = stage(
      flat,
      arrays.map((x) => x.aval),
      `checkpoint of ${name}`,
    );
    return unflatten(
      flat.result(),
      bind(checkpointP, [...consts, ...arrays], { name, jaxpr }),
    );
  };
  return named(f, wrapped) as AnyFunction as F;
}
