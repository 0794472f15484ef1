/** Arrays as arrays of another dtype. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import {
  bitcastConvertType,
  convertElementType,
} from "../../core/ops/convert.ts";
import { inlined } from "../../transforms/inlined.ts";

const cast = inlined(
  "astype",
  1,
  ([x], dtype: DType) => convertElementType(x, dtype),
);

/**
 * The values converted to another dtype.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.astype(np.array([1.5]), "int32").js(), [1]);
 * ```
 */
export function astype(x: ArrayLike, dtype: DType): NDArray {
  return cast(x, dtype);
}

const reread = inlined(
  "view",
  1,
  ([x], dtype: DType) => bitcastConvertType(x, dtype),
);

/**
 * The same bits as elements of another dtype of equal width.
 *
 * @throws {ShapeError} If the widths differ, or a dtype is bool.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.view(np.array([1]), "int32").js(), [1065353216]);
 * ```
 */
export function view(x: ArrayLike, dtype: DType): NDArray {
  return reread(x, dtype);
}
