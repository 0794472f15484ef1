/** Moving trees of arrays between devices, and waiting for them. */

import type { NDArray } from "../core/array.ts";
import { backendNamed } from "../core/backend.ts";
import { ConcreteArray } from "../core/concrete_array.ts";
import { unflatten } from "../core/tree.ts";
import { flattenArrays } from "./_arguments.ts";

/**
 * The same tree of arrays on a device, to which they are then bound.
 *
 * Operations on arrays that are bound to different devices raise. As
 * `jax.device_put`.
 *
 * @throws {RangeError} If there is no device of that name.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { defaultDevice, devicePut, numpy as np } from "@dinograd/dinograd";
 *
 * const { w } = devicePut({ w: np.ones([2]) }, defaultDevice());
 * assertEquals(w.device, defaultDevice());
 * ```
 */
export function devicePut<T>(tree: T, device: string): T {
  const backend = backendNamed(device);
  const { arrays, structure } = flattenArrays(tree, "devicePut()");
  const put = (x: NDArray) => x instanceof ConcreteArray ? x.on(backend) : x;
  return unflatten<T>(structure, arrays.map(put));
}

/**
 * The same tree, once all its arrays have been computed.
 *
 * As `jax.block_until_ready`: for measuring time on devices that work in the
 * background.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { blockUntilReady, numpy as np } from "@dinograd/dinograd";
 *
 * const y = await blockUntilReady(np.ones([2]));
 * assertEquals(y.js(), [1, 1]);
 * ```
 */
export async function blockUntilReady<T>(tree: T): Promise<T> {
  const { arrays } = flattenArrays(tree, "blockUntilReady()");
  const devices = new Set(arrays.map((x) => x.device));
  await Promise.all([...devices].map((name) => backendNamed(name).finish?.()));
  return tree;
}
