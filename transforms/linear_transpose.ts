/** The transpose of a linear function. */

import type { NDArray } from "../core/array.ts";
import { zerosLike } from "../core/ops/constants.ts";
import { Linear, type Tangent } from "../core/primitive.ts";
import { currentTrace } from "../core/trace.ts";
import { flatten, type TreeStructure, unflatten } from "../core/tree.ts";
import { flatFunction, flattenArrays, nameOf } from "./_arguments.ts";
import type { AnyFunction } from "./types.ts";
import { avalOf } from "./make_jaxpr.ts";
import type { Pullback } from "./grad.ts";
import { PartialTrace } from "./partial_eval.ts";
import { backward } from "./transpose.ts";

/**
 * The transpose of `f`, which must be linear in all its arguments.
 *
 * Of `primals` only shapes and dtypes matter: they may be `ShapeDtype`s. As `jax.linear_transpose`.
 *
 * @throws {TypeError} If `f` applies an operation that is not linear.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { linearTranspose, numpy as np } from "@dinograd/dinograd";
 *
 * const spread = linearTranspose((x) => np.sum(x), np.zeros([3]));
 * assertEquals(spread(np.array(2))[0].js(), [2, 2, 2]);
 * ```
 */
export function linearTranspose<F extends AnyFunction>(
  f: F,
  ...primals: readonly unknown[]
): Pullback<Parameters<F>, unknown> {
  const label = `linearTranspose of ${nameOf(f)}`;
  const { leaves, structure } = flatten<unknown, unknown>(primals);
  const avals = leaves.map((x) => avalOf(x, `the primals of ${label}`));
  const trace = new PartialTrace(currentTrace(), label);
  const flat = flatFunction(f, structure);
  try {
    const inputs = avals.map((aval) => trace.newInput(aval));
    const outs = trace.run(() => flat(...inputs));
    const depends = outs.map((x) => trace.isUnknown(x));
    const { jaxpr, consts } = trace.finish(outs.filter((_, i) => depends[i]));
    return (ct) => {
      const cts = flattenArrays(ct, `the cotangent of ${label}`);
      requireStructure(cts.structure, flat.result(), label);
      const given: readonly (NDArray | Linear)[] = [
        ...consts,
        ...avals.map((aval) => new Linear(aval)),
      ];
      const results = backward(
        jaxpr,
        given,
        cts.arrays.filter((_, i) => depends[i]),
      )
        .slice(consts.length)
        .map((x: Tangent, i) => x ?? zerosLike({ aval: avals[i]! }));
      return unflatten(structure, results);
    };
  } finally {
    trace.isOpen = false;
  }
}

function requireStructure(
  given: TreeStructure,
  needed: TreeStructure,
  label: string,
): void {
  if (given.equals(needed)) return;
  throw new TypeError(
    `Cannot apply the ${label} to a cotangent ${given}: it must have the ` +
      `structure of the result, ${needed}`,
  );
}
