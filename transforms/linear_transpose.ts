/** The transpose of a linear function. */

import type { NDArray } from "../core/array.ts";
import { zerosLike } from "../core/ops/constants.ts";
import { Linear, type Tangent } from "../core/primitive.ts";
import { currentTrace } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import {
  type AnyFunction,
  flatFunction,
  flattenArrays,
  nameOf,
} from "./_arguments.ts";
import { PartialTrace } from "./partial_eval.ts";
import { backward } from "./transpose.ts";

/**
 * The transpose of `f`, which must be linear in all its arguments.
 *
 * Of `primals` only shapes and dtypes matter. As `jax.linear_transpose`.
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
export function linearTranspose(
  f: AnyFunction,
  ...primals: readonly unknown[]
): (ct: unknown) => readonly unknown[] {
  const label = `linearTranspose of ${nameOf(f)}`;
  const { arrays, structure } = flattenArrays(
    primals,
    `the primals of ${label}`,
  );
  const trace = new PartialTrace(currentTrace(), label);
  const flat = flatFunction(f, structure);
  try {
    const inputs = arrays.map((x) => trace.newInput(x.aval));
    const outs = trace.run(() => flat(...inputs));
    const depends = outs.map((x) => trace.isUnknown(x));
    const { jaxpr, consts } = trace.finish(outs.filter((_, i) => depends[i]));
    return (ct) => {
      const cts = flattenArrays(ct, `the cotangent of ${label}`).arrays;
      const given: readonly (NDArray | Linear)[] = [
        ...consts,
        ...arrays.map((x) => new Linear(x.aval)),
      ];
      const results = backward(jaxpr, given, cts.filter((_, i) => depends[i]))
        .slice(consts.length)
        .map((x: Tangent, i) => x ?? zerosLike(arrays[i]!));
      return unflatten(structure, results);
    };
  } finally {
    trace.isOpen = false;
  }
}
