/** `checkpoint`: derivatives that recompute instead of storing. */

import { NDArray } from "../core/array.ts";
import { evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { barrier } from "../core/ops/barrier.ts";
import { Linear, type Primitive } from "../core/primitive.ts";
import { pruned } from "../core/simplify.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import {
  type AnyFunction,
  flatFunction,
  flattenArrays,
  named,
  nameOf,
} from "./_arguments.ts";
import { merged, where } from "./_jaxprs.ts";
import { jvpJaxpr } from "./jvp.ts";
import { splitJaxpr } from "./partial_eval.ts";
import { transposeJaxpr } from "./transpose.ts";
import { batchJaxpr } from "./vmap.ts";

type Params = { readonly name: string; readonly jaxpr: Jaxpr };

const checkpointP: Primitive<readonly NDArray[], Params> = {
  name: "checkpoint",
  abstractEval: (_avals, { jaxpr }) => jaxpr.outAvals,
  jaxprs: ({ jaxpr }) => [jaxpr],
  inline: ({ jaxpr }) => jaxpr,
  jvp: (primals, tangents, { name, jaxpr }) => {
    const nonzero = tangents.map((t) => t !== null);
    const instantiate = jaxpr.outputs.map(() => false);
    const { jaxpr: both, consts, nonzeroOut } = jvpJaxpr(jaxpr, {
      nonzero,
      instantiate,
    });
    const along = tangents.filter((t) => t !== null);
    const given = [...consts, ...primals, ...along];
    const results = bind(checkpointP, given, { name, jaxpr: both });
    const count = jaxpr.outputs.length;
    return [
      results.slice(0, count),
      merged(nonzeroOut, results.slice(count), nonzeroOut.map(() => null)),
    ];
  },
  batch: (inputs, mapped, axis, { name, jaxpr }) => {
    const forced = jaxpr.outputs.map(() => false);
    const { jaxpr: batched, mappedOut } = batchJaxpr(jaxpr, {
      mapped,
      axis,
      forced,
    });
    return {
      outs: bind(checkpointP, inputs, { name, jaxpr: batched }),
      mapped: mappedOut,
    };
  },
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
  transpose: (cts, inputs, { name, jaxpr }) => {
    const linear = inputs.map((x) => x instanceof Linear);
    const transposed = transposeJaxpr(jaxpr, { linear });
    const known = inputs.filter((x) => x instanceof NDArray);
    const given = [...transposed.consts, ...known, ...cts];
    const results = bind(checkpointP, given, {
      name,
      jaxpr: behindBarrier(transposed.jaxpr, null),
    });
    return merged(linear, results, linear.map(() => null));
  },
  dce: ({ name, jaxpr }, used) => {
    const kept = pruned(jaxpr, used);
    return { params: { name, jaxpr: kept.jaxpr }, inputs: kept.inputs };
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
