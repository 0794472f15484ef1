/** All arrays of a tree as one vector. */

import type { NDArray } from "../../core/array.ts";
import { promote, type Typed } from "../../core/promotion.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { full } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { ShapeError } from "../../core/errors.ts";
import { unflatten } from "../../core/tree.ts";
import { flattenArrays } from "../../transforms/_arguments.ts";

/**
 * The leaves of a tree in one vector, and the function that puts such a vector
 * back into the tree: `[vector, unravel]`.
 *
 * The dtype is the one that all leaves promote to; `unravel` restores theirs.
 * As `jax.flatten_util.ravel_pytree`.
 *
 * @throws {ShapeError} From `unravel`, if the vector has another length.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, tree } from "@dinograd/dinograd";
 *
 * const [vector, unravel] = tree.ravel({ w: np.ones([2]), b: np.zeros([]) });
 * assertEquals(vector.js(), [0, 1, 1]);
 * assertEquals(unravel(vector.mul(2)).w.js(), [2, 2]);
 * ```
 */
export function ravel<T>(
  tree: T,
): [vector: NDArray, unravel: (vector: NDArray) => T] {
  const { arrays, structure } = flattenArrays(tree, "ravel()");
  const avals = arrays.map((x) => x.aval);
  const total = avals.reduce((sum, { size }) => sum + size, 0);
  const unravel = (vector: NDArray): T => {
    if (vector.ndim !== 1 || vector.size !== total) {
      throw new ShapeError(
        `Cannot unravel an array of shape [${vector.shape}]: needs a vector ` +
          `of ${total} elements`,
      );
    }
    let start = 0;
    return unflatten<T>(
      structure,
      avals.map(({ shape, size, dtype, weakType }) => {
        const part = slice(vector, [start], [start += size], [1]);
        return convertElementType(reshape(part, shape), dtype, weakType);
      }),
    );
  };
  if (arrays.length === 0) return [full([0], 0, "float32"), unravel];
  const { dtype } = avals.reduce<Typed>(promote, avals[0]!);
  const flat = arrays.map((x) =>
    reshape(convertElementType(x, dtype), [x.size])
  );
  return [concatenate(flat, 0), unravel];
}
