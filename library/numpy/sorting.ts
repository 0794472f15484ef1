/** Order: sorting, and searching in what is sorted. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { compare } from "../../core/ops/compare.ts";
import { iota } from "../../core/ops/constants.ts";
import { and, or } from "../../core/ops/bits.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { reshape, rev } from "../../core/ops/layout.ts";
import { sort as sorted } from "../../core/ops/sort.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { broadcastTo, promoteDtypes } from "../_promote.ts";

/** Choices for sorting. */
export interface SortOptions {
  /** Whether the largest comes first; equal elements keep their order. */
  readonly descending?: boolean;
}

/** `x` and its axis; of a flat `x` if there is no axis. */
function along(
  what: string,
  x: NDArray,
  axis: number | null,
): readonly [NDArray, number] {
  return axis === null
    ? [reshape(x, [x.size]), 0]
    : [x, axisOf(what, axis, x.ndim)];
}

const ordered = inlined(
  "sort",
  1,
  ([given], axis: number | null, descending: boolean) => {
    const [x, dimension] = along("sort()", given, axis);
    const [out] = sorted([x], { dimension, numKeys: 1 });
    return descending ? rev(out!, [dimension]) : out!;
  },
);

/**
 * The elements in ascending order along an axis, the last unless given; NaN
 * comes last.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sort(np.array([3, 1, 2])).js(), [1, 2, 3]);
 * ```
 */
export function sort(
  x: ArrayLike,
  axis: number | null = -1,
  { descending = false }: SortOptions = {},
): NDArray {
  return ordered(x, axis, descending);
}

const order = inlined(
  "argsort",
  1,
  ([given], axis: number | null, descending: boolean) => {
    const [x, dimension] = along("argsort()", given, axis);
    const positions = iota("int32", x.shape, dimension);
    // Reversed twice, equal elements keep their order.
    const turn = (y: NDArray) => descending ? rev(y, [dimension]) : y;
    const [, out] = sorted([turn(x), turn(positions)], {
      dimension,
      numKeys: 1,
    });
    return turn(out!);
  },
);

/**
 * Where the elements of the sorted array are in `x`, as int32. Equal elements
 * keep their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.argsort(np.array([3, 1, 2])).js(), [1, 2, 0]);
 * ```
 */
export function argsort(
  x: ArrayLike,
  axis: number | null = -1,
  { descending = false }: SortOptions = {},
): NDArray {
  return order(x, axis, descending);
}

const insertions = inlined(
  "searchsorted",
  2,
  (operands, isLeft: boolean) => {
    const [list, values] = promoteDtypes(operands) as [NDArray, NDArray];
    if (list.ndim !== 1) {
      throw new ShapeError(
        `Cannot search in an array of shape [${list.shape}]: needs one axis`,
      );
    }
    const shape = [...values.shape, list.size];
    const sought = broadcastTo(reshape(values, [...values.shape, 1]), shape);
    const isBefore = precedes(broadcastTo(list, shape), sought, isLeft);
    return sum(convertElementType(isBefore, "int32"), [values.ndim]);
  },
);

/** Whether `x` comes before `y`, or is equal to it; NaN comes after all numbers. */
function precedes(x: NDArray, y: NDArray, isStrict: boolean): NDArray {
  const isNumber = compare("eq", x, x);
  const beforeNan = compare("ne", y, y);
  if (isStrict) {
    return or(compare("lt", x, y), and(isNumber, beforeNan));
  }
  return or(compare("le", x, y), beforeNan);
}

/**
 * Where each value belongs in a sorted list, so that it stays sorted, as
 * int32: before equal elements, or after them with side `"right"`.
 *
 * @throws {ShapeError} If the list has not exactly one axis.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.searchsorted(np.array([1, 3]), 2).item(), 1);
 * ```
 */
export function searchsorted(
  list: ArrayLike,
  values: ArrayLike,
  { side = "left" }: { readonly side?: "left" | "right" } = {},
): NDArray {
  return insertions(list, values, side === "left");
}
