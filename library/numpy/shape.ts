/** Changes of shape and of the order of axes. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Axes } from "../../core/methods.ts";
import * as ops from "../../core/ops/layout.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { axesOf, axisOf, shapeOf } from "../_axes.ts";
import { broadcastShapes, broadcastTo as repeatedTo } from "../_promote.ts";
import type { Shape } from "./creation.ts";

const reshaped = inlined(
  "reshape",
  1,
  ([x], shape: readonly number[]) =>
    ops.reshape(x, settledShape(x.shape, x.size, shape)),
);

/**
 * The same elements in row-major order in another shape, of which one extent
 * may be -1: what the others leave over.
 *
 * @throws {ShapeError} If the number of elements differs.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.reshape(np.arange(6), [2, -1]).shape, [2, 3]);
 * ```
 */
export function reshape(x: ArrayLike, shape: Shape): NDArray {
  return reshaped(x, shapeOf(shape));
}

/** `wanted` with -1 replaced by what the other extents leave over. */
function settledShape(
  shape: readonly number[],
  size: number,
  wanted: readonly number[],
): readonly number[] {
  const known = wanted.filter((e) => e !== -1);
  const product = known.reduce((a, b) => a * b, 1);
  const rest = product === 0 ? 0 : size / product;
  const settled = wanted.map((e) => e === -1 ? rest : e);
  const fits = wanted.length - known.length <= 1 &&
    settled.every((e) => Number.isSafeInteger(e) && e >= 0) &&
    settled.reduce((a, b) => a * b, 1) === size;
  if (fits) return settled;
  throw new ShapeError(
    `Cannot reshape an array of shape [${shape}] to [${wanted}]: its ${size} ` +
      `elements do not fill that shape. At most one extent may be -1`,
  );
}

/**
 * The elements in row-major order along one axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.ravel(np.ones([2, 3])).shape, [6]);
 * ```
 */
export function ravel(x: ArrayLike): NDArray {
  return reshape(x, -1);
}

const permuted = inlined(
  "transpose",
  1,
  ([x], axes: readonly number[] | null) => {
    const order = axes === null
      ? x.shape.map((_, i) => x.ndim - 1 - i)
      : axesOf("transpose()", axes, x.ndim);
    if (order.length === x.ndim) return ops.transpose(x, order);
    throw new RangeError(
      `Cannot transpose an array with ${x.ndim} axes by [${order}]: needs ` +
        `each axis once`,
    );
  },
);

/**
 * Axis `i` of the result is axis `axes[i]` of `x`; axes in reverse order unless given.
 *
 * @throws {RangeError} If the axes are no permutation.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.transpose(np.ones([2, 3])).shape, [3, 2]);
 * ```
 */
export function transpose(
  x: ArrayLike,
  axes: readonly number[] | null = null,
): NDArray {
  return permuted(x, axes);
}

/**
 * Axis `i` of the result is axis `axes[i]` of `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.permuteDims(np.ones([2, 3, 4]), [1, 2, 0]).shape, [3, 4, 2]);
 * ```
 */
export function permuteDims(x: ArrayLike, axes: readonly number[]): NDArray {
  return transpose(x, axes);
}

/**
 * Matrices with rows and columns exchanged: the last two axes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.matrixTranspose(np.ones([2, 3, 4])).shape, [2, 4, 3]);
 * ```
 */
export function matrixTranspose(x: ArrayLike): NDArray {
  return swapaxes(x, -1, -2);
}

const swapped = inlined("swapaxes", 1, ([x], a: number, b: number) => {
  const [i, j] = [a, b].map((axis) => axisOf("swapaxes()", axis, x.ndim));
  const order = x.shape.map((_, axis) =>
    axis === i ? j! : axis === j ? i! : axis
  );
  return ops.transpose(x, order);
});

/**
 * `x` with two axes exchanged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.swapaxes(np.ones([2, 3, 4]), 0, 2).shape, [4, 3, 2]);
 * ```
 */
export function swapaxes(x: ArrayLike, axis1: number, axis2: number): NDArray {
  return swapped(x, axis1, axis2);
}

const moved = inlined("moveaxis", 1, ([x], source: Axes, target: Axes) => {
  const from = axesOf("moveaxis()", source, x.ndim);
  const to = axesOf("moveaxis()", target, x.ndim);
  if (from.length !== to.length) {
    throw new RangeError(
      `Cannot move axes [${from}] to [${to}]: needs as many of both`,
    );
  }
  const rest = axesOf("", null, x.ndim).filter((a) => !from.includes(a));
  const order = x.shape.map((_, axis) => {
    const at = to.indexOf(axis);
    return at >= 0 ? from[at]! : rest.shift()!;
  });
  return ops.transpose(x, order);
});

/**
 * `x` with axes moved to other positions; the others keep their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.moveaxis(np.ones([2, 3, 4]), 0, -1).shape, [3, 4, 2]);
 * ```
 */
export function moveaxis(
  x: ArrayLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): NDArray {
  return moved(x, source, destination);
}

const expanded = inlined("expandDims", 1, ([x], axis: Axes) => {
  const count = typeof axis === "number" ? 1 : axis?.length ?? 0;
  const axes = axesOf("expandDims()", axis, x.ndim + count);
  const extents = [...x.shape];
  const shape = Array.from(
    { length: x.ndim + count },
    (_, i) => axes.includes(i) ? 1 : extents.shift()!,
  );
  return ops.reshape(x, shape);
});

/**
 * `x` with new axes of one element at the given positions of the result.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.expandDims(np.ones([2]), 0).shape, [1, 2]);
 * ```
 */
export function expandDims(
  x: ArrayLike,
  axis: number | readonly number[],
): NDArray {
  return expanded(x, axis);
}

const squeezed = inlined("squeeze", 1, ([x], axis: Axes) => {
  const axes = axis === null
    ? axesOf("", null, x.ndim).filter((a) => x.shape[a] === 1)
    : axesOf("squeeze()", axis, x.ndim);
  const bad = axes.find((a) => x.shape[a] !== 1);
  if (bad !== undefined) {
    throw new ShapeError(
      `Cannot squeeze axis ${bad} of an array of shape [${x.shape}]: it has ` +
        `${x.shape[bad]} elements, needed 1`,
    );
  }
  return ops.reshape(x, x.shape.filter((_, a) => !axes.includes(a)));
});

/**
 * `x` without axes of one element: those given, or all.
 *
 * @throws {ShapeError} If an axis has another number of elements.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.squeeze(np.ones([1, 2])).shape, [2]);
 * ```
 */
export function squeeze(x: ArrayLike, axis: Axes = null): NDArray {
  return squeezed(x, axis);
}

const broadcasted = inlined(
  "broadcastTo",
  1,
  ([x], shape: readonly number[]) => {
    const common = broadcastShapes("broadcastTo()", [x.shape, shape]);
    if (String(common) === String(shape)) return repeatedTo(x, shape);
    throw new ShapeError(
      `Cannot broadcast an array of shape [${x.shape}] to [${shape}]: ` +
        `aligned at the last axis, its extents must be equal or 1`,
    );
  },
);

/**
 * `x` repeated along new leading axes and along those of one element.
 *
 * @throws {ShapeError} If the shape does not fit.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.broadcastTo(np.arange(2), [2, 2]).js(), [[0, 1], [0, 1]]);
 * ```
 */
export function broadcastTo(x: ArrayLike, shape: Shape): NDArray {
  return broadcasted(x, shapeOf(shape));
}

const together = inlinedList("broadcastArrays", (xs) => {
  const shape = broadcastShapes("broadcastArrays()", xs.map((x) => x.shape));
  return xs.map((x) => repeatedTo(x, shape));
});

/**
 * All arrays repeated to the shape to which they broadcast.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.broadcastArrays(np.ones([2, 1]), 3).map((x) => x.shape), [[2, 1], [2, 1]]);
 * ```
 */
export function broadcastArrays(
  ...xs: readonly ArrayLike[]
): readonly NDArray[] {
  return together(xs);
}

const flipped = inlined(
  "flip",
  1,
  ([x], axis: Axes) => ops.rev(x, axesOf("flip()", axis, x.ndim)),
);

/**
 * The elements in reverse order along axes, all unless given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.flip(np.arange(3)).js(), [2, 1, 0]);
 * ```
 */
export function flip(x: ArrayLike, axis: Axes = null): NDArray {
  return flipped(x, axis);
}

/**
 * Rows in reverse order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.flipud(np.eye(2)).js(), [[0, 1], [1, 0]]);
 * ```
 */
export function flipud(x: ArrayLike): NDArray {
  return flip(x, 0);
}

/**
 * Columns in reverse order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fliplr(np.eye(2)).js(), [[0, 1], [1, 0]]);
 * ```
 */
export function fliplr(x: ArrayLike): NDArray {
  return flip(x, 1);
}

/**
 * Turned by quarters from the first of two axes toward the second.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.rot90(np.arange(4).reshape([2, 2])).js(), [[1, 3], [0, 2]]);
 * ```
 */
export function rot90(
  x: ArrayLike,
  turns = 1,
  axes: readonly [number, number] = [0, 1],
): NDArray {
  switch (((turns % 4) + 4) % 4) {
    case 1:
      return swapaxes(flip(x, axes[1]), ...axes);
    case 2:
      return flip(x, axes);
    case 3:
      return flip(swapaxes(x, ...axes), axes[1]);
    default:
      return reshape(x, (x as NDArray).shape);
  }
}
