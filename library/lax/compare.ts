/** Comparisons of arrays of one shape and dtype, under JAX's names. */

import type { NDArray } from "../../core/array.ts";
import { compare } from "../../core/ops/compare.ts";

/** Whether elements are equal; NaN equals nothing. */
export function eq(x: NDArray, y: NDArray): NDArray {
  return compare("eq", x, y);
}

/** Whether elements differ; NaN differs from everything. */
export function ne(x: NDArray, y: NDArray): NDArray {
  return compare("ne", x, y);
}

/** Whether `x < y`. */
export function lt(x: NDArray, y: NDArray): NDArray {
  return compare("lt", x, y);
}

/** Whether `x <= y`. */
export function le(x: NDArray, y: NDArray): NDArray {
  return compare("le", x, y);
}

/** Whether `x > y`. */
export function gt(x: NDArray, y: NDArray): NDArray {
  return compare("gt", x, y);
}

/** Whether `x >= y`. */
export function ge(x: NDArray, y: NDArray): NDArray {
  return compare("ge", x, y);
}
