/** Rules of primitives that stand for the call of one jaxpr. */

import { NDArray } from "../core/array.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { Linear, type Primitive } from "../core/primitive.ts";
import { pruned } from "../core/simplify.ts";
import { merged } from "./_jaxprs.ts";
import { jvpJaxpr } from "./jvp.ts";
import { transposeJaxpr } from "./transpose.ts";
import { batchJaxpr } from "./vmap.ts";

/** The jaxpr that is called, and the name of the function it came from. */
export type CallParams = { readonly name: string; readonly jaxpr: Jaxpr };

/** The rules that calls have in common; how they are split differs. */
type CallRules = Pick<
  Primitive<readonly NDArray[], CallParams>,
  "abstractEval" | "jaxprs" | "inline" | "jvp" | "transpose" | "batch" | "dce"
>;

/**
 * Rules that call the derived jaxpr by `call`, which binds the same primitive.
 * A transposed jaxpr goes through `transposed` first.
 */
export function callRules(
  call: (inputs: readonly NDArray[], params: CallParams) => readonly NDArray[],
  transposed: (jaxpr: Jaxpr) => Jaxpr = (jaxpr) => jaxpr,
): CallRules {
  return {
    abstractEval: (_avals, { jaxpr }) => jaxpr.outAvals,
    jaxprs: ({ jaxpr }) => [jaxpr],
    inline: ({ jaxpr }) => jaxpr,
    jvp: (primals, tangents, { name, jaxpr }) => {
      const derivative = jvpJaxpr(jaxpr, {
        nonzero: tangents.map((t) => t !== null),
        instantiate: jaxpr.outputs.map(() => false),
      });
      const { nonzeroOut, consts } = derivative;
      const along = tangents.filter((t) => t !== null);
      const given = [...consts, ...primals, ...along];
      const results = call(given, { name, jaxpr: derivative.jaxpr });
      const count = jaxpr.outputs.length;
      return [
        results.slice(0, count),
        merged(nonzeroOut, results.slice(count), nonzeroOut.map(() => null)),
      ];
    },
    transpose: (cts, inputs, { name, jaxpr }) => {
      const linear = inputs.map((x) => x instanceof Linear);
      const backward = transposeJaxpr(jaxpr, { linear });
      const known = inputs.filter((x) => x instanceof NDArray);
      const given = [...backward.consts, ...known, ...cts];
      const results = call(given, { name, jaxpr: transposed(backward.jaxpr) });
      return merged(linear, results, linear.map(() => null));
    },
    batch: (inputs, mapped, axis, { name, jaxpr }) => {
      const forced = jaxpr.outputs.map(() => false);
      const batched = batchJaxpr(jaxpr, { mapped, axis, forced });
      return {
        outs: call(inputs, { name, jaxpr: batched.jaxpr }),
        mapped: batched.mappedOut,
      };
    },
    dce: ({ name, jaxpr }, used) => {
      const kept = pruned(jaxpr, used);
      return { params: { name, jaxpr: kept.jaxpr }, inputs: kept.inputs };
    },
  };
}
