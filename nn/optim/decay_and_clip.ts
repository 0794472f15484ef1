/** Transformations that keep params or updates small. */

import type { NDArray } from "../../core/array.ts";
import { flattenUpTo, leaves, structure, unflatten } from "../../core/tree.ts";
import {
  add,
  clip as clipValues,
  divide,
  less,
  multiply,
  where,
} from "../../library/numpy/mod.ts";
import {
  globalNorm,
  type GradientTransformation,
  mapLeaves,
  scaled,
  stateless,
} from "./transformation.ts";

/** Which leaves of the params decay: a tree of booleans, or how to make one. */
export type Mask = unknown | ((params: unknown) => unknown);

/** How weights decay. */
export type DecayOptions = { readonly mask?: Mask };

/**
 * Adds `rate` times the params to the updates: decoupled weight decay
 * (Loshchilov, Hutter 2019). Leaves whose `mask` is false do not decay.
 *
 * @throws {TypeError} If update() is called without params.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const params = { w: np.array([2]), b: np.array([2]) };
 * const mask = { w: true, b: false };
 * const { init, update } = optim.addDecayedWeights(0.5, { mask });
 * const [updates] = update(params, init(params), params);
 * assertEquals([updates.w.js(), updates.b.js()], [[3], [2]]);
 * ```
 */
export function addDecayedWeights(
  rate: number,
  { mask }: DecayOptions = {},
): GradientTransformation {
  return {
    init: () => ({}),
    update: (updates, state, params) => {
      if (params === undefined) {
        throw new TypeError(
          `Cannot decay weights without params: give them to update() as its ` +
            `third argument`,
        );
      }
      const decayed = mapLeaves(
        (u, p) => add(u, scaled(p, rate)),
        updates,
        params,
      );
      return [
        mask === undefined ? decayed : chosen(mask, decayed, updates),
        state,
      ];
    },
  };
}

/** Leaves of `tree` where the mask is true, else those of `other`. */
function chosen<T>(mask: Mask, tree: T, other: T): T {
  const outline = structure(tree);
  const flags = flattenUpTo(
    outline,
    typeof mask === "function" ? mask(tree) : mask,
    { name: "mask" },
  );
  const [yes, no] = [leaves(tree), leaves(other)];
  return unflatten<T>(outline, flags.map((flag, i) => flag ? yes[i] : no[i]));
}

/**
 * Clips each element of the updates to [-`limit`, `limit`].
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.clip(1);
 * assertEquals(update(np.array([3, -0.5]), init(0))[0].js(), [1, -0.5]);
 * ```
 */
export function clip(limit: number): GradientTransformation {
  return stateless((u) => clipValues(u, -limit, limit));
}

/**
 * Scales updates down so that their norm, over all leaves, is at most `limit`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.clipByGlobalNorm(1);
 * const [updates] = update([np.array([0, 5])], init(0));
 * assertEquals(updates[0]!.js(), [0, 1]);
 * ```
 */
export function clipByGlobalNorm(limit: number): GradientTransformation {
  return {
    init: () => ({}),
    update: (updates, state) => {
      const norm = globalNorm(updates);
      const isSmall = less(norm, limit);
      const shrink = (u: NDArray) =>
        where(isSmall, u, multiply(divide(u, norm), limit));
      return [mapLeaves(shrink, updates), state];
    },
  };
}
