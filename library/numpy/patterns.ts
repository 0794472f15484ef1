/** Matrices with a pattern, and grids of coordinates. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, iota, zerosLike } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { reshape } from "../../core/ops/layout.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { broadcastTo } from "../_promote.ts";
import { dtypeIn } from "./_options.ts";
import type { DTypeOption } from "./array.ts";
import { checkedShape } from "./creation.ts";

const onDiagonal = inlinedList(
  "eye",
  (_none, shape: readonly number[], offset: number, dtype: DType) => {
    const [row, column] = gridOf(shape, offset);
    return convertElementType(compare("eq", row, column), dtype);
  },
);

/** Rows, moved by an offset, and columns of a matrix, as int32. */
function gridOf(
  shape: readonly number[],
  offset: number,
): readonly [row: NDArray, column: NDArray] {
  const row = iota("int32", shape, shape.length - 2);
  const column = iota("int32", shape, shape.length - 1);
  return [add(row, fullLike(row, offset)), column];
}

/**
 * Ones on a diagonal, zeros elsewhere; `offset` moves it to the right.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.eye(2, 3).js(), [[1, 0, 0], [0, 1, 0]]);
 * ```
 */
export function eye(
  rows: number,
  columns: number | null = null,
  offset = 0,
  options: DTypeOption = {},
): NDArray {
  const dtype = dtypeIn("eye()", options) ?? "float32";
  const shape = checkedShape("eye()", [rows, columns ?? rows]);
  return onDiagonal([], shape, offset, dtype);
}

/**
 * The square matrix with ones on its diagonal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.identity(2).js(), [[1, 0], [0, 1]]);
 * ```
 */
export function identity(size: number, options: DTypeOption = {}): NDArray {
  return eye(size, size, 0, options);
}

const below = inlinedList(
  "tri",
  (_none, shape: readonly number[], offset: number, dtype: DType) => {
    const [row, column] = gridOf(shape, offset);
    return convertElementType(compare("ge", row, column), dtype);
  },
);

/**
 * Ones on a diagonal and below it, zeros above.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tri(2).js(), [[1, 0], [1, 1]]);
 * ```
 */
export function tri(
  rows: number,
  columns: number = rows,
  offset = 0,
  options: DTypeOption = {},
): NDArray {
  const dtype = dtypeIn("tri()", options) ?? "float32";
  return below([], checkedShape("tri()", [rows, columns]), offset, dtype);
}

const triangle = inlined(
  "tril",
  1,
  ([x], offset: number, isLower: boolean) => {
    if (x.ndim < 2) {
      throw new ShapeError(
        `Cannot take a triangle of ${x}: needs at least two axes`,
      );
    }
    const [row, column] = gridOf(x.shape, isLower ? offset : offset - 1);
    const isLowerPart = compare("ge", row, column);
    const zero = zerosLike(x);
    return isLower
      ? select(isLowerPart, x, zero)
      : select(isLowerPart, zero, x);
  },
);

/**
 * Matrices with the elements above a diagonal replaced by 0.
 *
 * @throws {ShapeError} If there are fewer than two axes.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tril(np.ones([2, 2])).js(), [[1, 0], [1, 1]]);
 * ```
 */
export function tril(x: ArrayLike, offset = 0): NDArray {
  return triangle(x, offset, true);
}

/**
 * Matrices with the elements below a diagonal replaced by 0.
 *
 * @throws {ShapeError} If there are fewer than two axes.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.triu(np.ones([2, 2])).js(), [[1, 1], [0, 1]]);
 * ```
 */
export function triu(x: ArrayLike, offset = 0): NDArray {
  return triangle(x, offset, false);
}

const grids = inlinedList(
  "meshgrid",
  (vectors, isMatrixOrder: boolean) => {
    const axisOf = (i: number) => !isMatrixOrder && i < 2 ? 1 - i : i;
    const spread = vectors.map((x, i) =>
      reshape(x, vectors.map((_, axis) => axis === axisOf(i) ? x.size : 1))
    );
    const extents = vectors.map((_, axis) => vectors[axisOf(axis)]?.size ?? 1);
    return vectors.length < 2
      ? vectors.map((x) => reshape(x, [x.size]))
      : spread.map((x) => broadcastTo(x, extents));
  },
);

/**
 * The coordinates of all points of a grid: one array for each vector. With
 * indexing `"xy"`, the first vector goes along the columns.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.meshgrid([np.arange(2), np.arange(2)]).map((x) => x.js()), [[[0, 1], [0, 1]], [[0, 0], [1, 1]]]);
 * ```
 */
export function meshgrid(
  vectors: readonly ArrayLike[],
  { indexing = "xy" }: { readonly indexing?: "xy" | "ij" } = {},
): readonly NDArray[] {
  return grids(vectors, indexing === "ij");
}
