/** `stopGradient` on trees. */

import { stopGradient as stop } from "../core/ops/barrier.ts";
import { unflatten } from "../core/tree.ts";
import { flattenArrays } from "./_arguments.ts";

/**
 * The same tree of arrays, as constants to every derivative.
 *
 * As `jax.lax.stop_gradient`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, numpy as np, stopGradient } from "@dinograd/dinograd";
 *
 * const slope = grad((x) => np.multiply(x, stopGradient(x)))(3);
 * assertEquals(slope.item(), 3);
 * ```
 */
export function stopGradient<T>(tree: T): T {
  const { arrays, structure } = flattenArrays(tree, "stopGradient()");
  return unflatten<T>(structure, arrays.map(stop));
}
