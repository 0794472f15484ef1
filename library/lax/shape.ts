/** Functions of shape that are not primitives, and slices along one axis. */

import { type ArrayLike, NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { broadcastInDim } from "../../core/ops/broadcast_sum.ts";
import { scalar } from "../../core/ops/constants.ts";
import {
  dynamicSlice as slicedAt,
  dynamicUpdateSlice as updatedAt,
} from "../../core/ops/dynamic.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { axesOf, axisOf } from "../_axes.ts";
import { wrap } from "../numpy/_select.ts";
import { full } from "../numpy/creation.ts";

/** A position: a number, or a 0-d array of integers. */
export type Position = number | NDArray;

/** A position as a 0-d int32; negative ones count from the end. */
function positionOf(at: Position, extent: number): NDArray {
  if (at instanceof NDArray) return wrap(at, extent);
  return scalar(at < 0 ? at + extent : at, "int32");
}

function startsOf(
  x: NDArray,
  starts: readonly Position[],
): readonly NDArray[] {
  return starts.map((at, axis) => positionOf(at, x.shape[axis] ?? 0));
}

/**
 * The part of `x` of extents `sizes` that begins at `starts`, which are clamped.
 *
 * @throws {ShapeError} If a size is larger than its axis.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicSlice(np.arange(5), [3], [2]).js(), [3, 4]);
 * ```
 */
export function dynamicSlice(
  x: NDArray,
  starts: readonly Position[],
  sizes: readonly number[],
): NDArray {
  return slicedAt(x, startsOf(x, starts), sizes);
}

/**
 * `x` with `update` in the part that begins at `starts`, which are clamped.
 *
 * @throws {ShapeError} If the update is larger than `x`, or dtypes differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicUpdateSlice(np.arange(4), np.arange(2), [2]).js(), [0, 1, 0, 1]);
 * ```
 */
export function dynamicUpdateSlice(
  x: NDArray,
  update: NDArray,
  starts: readonly Position[],
): NDArray {
  return updatedAt(x, update, startsOf(x, starts));
}

/** The starts of a part that is whole along all axes but one. */
function alongAxis(x: NDArray, start: Position, axis: number): Position[] {
  return x.shape.map((_, a) => a === axis ? start : 0);
}

/**
 * `size` elements along one axis from `start` on, which is clamped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicSliceInDim(np.arange(5), 1, 2).js(), [1, 2]);
 * ```
 */
export function dynamicSliceInDim(
  x: NDArray,
  start: Position,
  size: number,
  axis = 0,
): NDArray {
  const at = axisOf("dynamicSliceInDim()", axis, x.ndim);
  const sizes = x.shape.map((extent, a) => a === at ? size : extent);
  return dynamicSlice(x, alongAxis(x, start, at), sizes);
}

/**
 * The element at a position of one axis, which the result lacks unless
 * `keepdims`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicIndexInDim(np.arange(5), 4, 0, { keepdims: false }).js(), 4);
 * ```
 */
export function dynamicIndexInDim(
  x: NDArray,
  index: Position,
  axis = 0,
  { keepdims = true }: { readonly keepdims?: boolean } = {},
): NDArray {
  const at = axisOf("dynamicIndexInDim()", axis, x.ndim);
  const part = dynamicSliceInDim(x, index, 1, at);
  return keepdims ? part : reshape(part, x.shape.filter((_, a) => a !== at));
}

/**
 * `x` with `update` along one axis from `start` on, which is clamped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicUpdateSliceInDim(np.arange(3), np.arange(2), 0, 0).js(), [0, 1, 2]);
 * ```
 */
export function dynamicUpdateSliceInDim(
  x: NDArray,
  update: NDArray,
  start: Position,
  axis: number,
): NDArray {
  const at = axisOf("dynamicUpdateSliceInDim()", axis, x.ndim);
  return dynamicUpdateSlice(x, update, alongAxis(x, start, at));
}

/**
 * `x` with `update`, which may lack that axis, at a position of one axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.dynamicUpdateIndexInDim(np.zeros([3]), np.ones([]), 1, 0).js(), [0, 1, 0]);
 * ```
 */
export function dynamicUpdateIndexInDim(
  x: NDArray,
  update: NDArray,
  index: Position,
  axis: number,
): NDArray {
  const at = axisOf("dynamicUpdateIndexInDim()", axis, x.ndim);
  const part = reshape(update, x.shape.map((e, a) => a === at ? 1 : e));
  return dynamicUpdateSlice(x, part, alongAxis(x, index, at));
}

/**
 * Elements along one axis from `start` up to `limit`, in steps of `stride`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.sliceInDim(np.arange(5), 0, 5, 2).js(), [0, 2, 4]);
 * ```
 */
export function sliceInDim(
  x: NDArray,
  start: number | null,
  limit: number | null,
  stride = 1,
  axis = 0,
): NDArray {
  const at = axisOf("sliceInDim()", axis, x.ndim);
  const extent = x.shape[at]!;
  const bound = (n: number | null, absent: number) =>
    n === null ? absent : n < 0 ? n + extent : n;
  return slice(
    x,
    x.shape.map((_, a) => a === at ? bound(start, 0) : 0),
    x.shape.map((e, a) => a === at ? bound(limit, extent) : e),
    x.shape.map((_, a) => a === at ? stride : 1),
  );
}

/**
 * `x` repeated along new leading axes of the given extents.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.broadcast(np.arange(2), [2]).js(), [[0, 1], [0, 1]]);
 * ```
 */
export function broadcast(x: NDArray, sizes: readonly number[]): NDArray {
  const dims = x.shape.map((_, axis) => axis + sizes.length);
  return broadcastInDim(x, [...sizes, ...x.shape], dims);
}

/**
 * `x` with new axes of one element at the given positions of the result.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.expandDims(np.arange(2), [0]).shape, [1, 2]);
 * ```
 */
export function expandDims(
  x: NDArray,
  dimensions: readonly number[],
): NDArray {
  const ndim = x.ndim + dimensions.length;
  const added = axesOf("expandDims()", dimensions, ndim);
  const extents = [...x.shape];
  const shape = Array.from(
    { length: ndim },
    (_, axis) => added.includes(axis) ? 1 : extents.shift()!,
  );
  return reshape(x, shape);
}

/**
 * One value repeated in the shape of `x`, and in its dtype unless one is
 * given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.fullLike(np.arange(2), 3).js(), [3, 3]);
 * ```
 */
export function fullLike(
  x: NDArray,
  value: ArrayLike,
  dtype: DType = x.dtype,
  shape: readonly number[] = x.shape,
): NDArray {
  return full(shape, value, { dtype });
}

/**
 * `x` without the given axes, which have one element.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.squeeze(np.ones([1, 2]), [0]).shape, [2]);
 * ```
 */
export function squeeze(x: NDArray, dimensions: readonly number[]): NDArray {
  const axes = axesOf("squeeze()", dimensions, x.ndim);
  return reshape(x, x.shape.filter((_, axis) => !axes.includes(axis)));
}
