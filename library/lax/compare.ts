/** Comparisons of arrays of one shape and dtype, under JAX's names. */

import type { NDArray } from "../../core/array.ts";
import { compare } from "../../core/ops/compare.ts";

/**
 * Whether elements are equal; NaN equals nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.eq(np.array([1, 2]), np.array([2, 2])).js(), [false, true]);
 * ```
 */
export function eq(x: NDArray, y: NDArray): NDArray {
  return compare("eq", x, y);
}

/**
 * Whether elements differ; NaN differs from everything.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.ne(np.array([1, 2]), np.array([2, 2])).js(), [true, false]);
 * ```
 */
export function ne(x: NDArray, y: NDArray): NDArray {
  return compare("ne", x, y);
}

/**
 * Whether `x < y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.lt(np.array([1, 2]), np.array([2, 2])).js(), [true, false]);
 * ```
 */
export function lt(x: NDArray, y: NDArray): NDArray {
  return compare("lt", x, y);
}

/**
 * Whether `x <= y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.le(np.array([1, 2]), np.array([2, 2])).js(), [true, true]);
 * ```
 */
export function le(x: NDArray, y: NDArray): NDArray {
  return compare("le", x, y);
}

/**
 * Whether `x > y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.gt(np.array([1, 2]), np.array([2, 2])).js(), [false, false]);
 * ```
 */
export function gt(x: NDArray, y: NDArray): NDArray {
  return compare("gt", x, y);
}

/**
 * Whether `x >= y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.ge(np.array([1, 2]), np.array([2, 2])).js(), [false, true]);
 * ```
 */
export function ge(x: NDArray, y: NDArray): NDArray {
  return compare("ge", x, y);
}
