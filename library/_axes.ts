/** Axes as users give them: negative ones count from the last. */

import type { Axes } from "../core/methods.ts";

/**
 * The position of an axis.
 *
 * @throws {RangeError} If it is outside `[-ndim, ndim)`; the message has `what`.
 */
export function axisOf(what: string, axis: number, ndim: number): number {
  if (Number.isInteger(axis) && axis >= -ndim && axis < ndim) {
    return axis < 0 ? axis + ndim : axis;
  }
  throw new RangeError(
    `Cannot use axis ${axis} in ${what} of an array with ${ndim} ` +
      `ax${ndim === 1 ? "i" : "e"}s: needs an integer in [${-ndim}, ${ndim})`,
  );
}

/**
 * The positions of one axis, several, or all (`null`), in the order given.
 *
 * @throws {RangeError} If one is outside `[-ndim, ndim)` or given twice.
 * @throws {TypeError} If they are not numbers.
 */
export function axesOf(
  what: string,
  axes: Axes | undefined,
  ndim: number,
): readonly number[] {
  if (axes === null || axes === undefined) {
    return Array.from({ length: ndim }, (_, axis) => axis);
  }
  // Scripts run unchecked, and those who know NumPy think of `axis=0`.
  if (typeof axes !== "number" && !Array.isArray(axes)) {
    throw new TypeError(
      `Cannot use a value of type ${typeof axes} as axes in ${what}: needs an ` +
        `integer, a list of them, or null; options come after it`,
    );
  }
  const list = (typeof axes === "number" ? [axes] : axes).map((axis) =>
    axisOf(what, axis, ndim)
  );
  if (new Set(list).size < list.length) {
    throw new RangeError(
      `Cannot use axes [${axes}] in ${what}: an axis is given twice`,
    );
  }
  return list;
}

/** One extent or several as a shape. */
export function shapeOf(shape: number | readonly number[]): readonly number[] {
  return typeof shape === "number" ? [shape] : shape;
}
