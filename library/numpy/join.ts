/** Arrays put together, taken apart, repeated and padded. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import * as ops from "../../core/ops/concatenate.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { axisOf, shapeOf } from "../_axes.ts";
import { broadcastTo, promoteDtypes } from "../_promote.ts";

/** Joins arrays that are known to be there along a known axis. */
function joined(
  what: string,
  arrays: readonly NDArray[],
  axis: number,
): NDArray {
  const [first] = arrays;
  const fits = arrays.every((x) =>
    x.ndim === first!.ndim &&
    x.shape.every((e, a) => a === axis || e === first!.shape[a])
  );
  if (!fits) {
    throw new ShapeError(
      `Cannot join arrays of shapes ${
        arrays.map((x) => `[${x.shape}]`).join(", ")
      } along axis ${axis} with ${what}: all other extents must be equal`,
    );
  }
  return ops.concatenate(promoteDtypes(arrays), axis);
}

function requireSome(what: string, arrays: readonly ArrayLike[]): void {
  if (arrays.length > 0) return;
  throw new RangeError(
    `Cannot join an empty list of arrays with ${what}: needs at least one`,
  );
}

function joining<Rest extends readonly unknown[]>(
  name: string,
  f: (arrays: readonly NDArray[], ...rest: Rest) => NDArray,
): (arrays: readonly ArrayLike[], ...rest: Rest) => NDArray {
  const call = inlinedList(name, f);
  return (arrays, ...rest) => {
    requireSome(`${name}()`, arrays);
    return call(arrays, ...rest);
  };
}

const concatenation = joining(
  "concatenate",
  (arrays, axis: number | null) => {
    if (axis === null) {
      return joined(
        "concatenate()",
        arrays.map((x) => reshape(x, [x.size])),
        0,
      );
    }
    const at = axisOf("concatenate()", axis, arrays[0]!.ndim);
    return joined("concatenate()", arrays, at);
  },
);

/**
 * Arrays joined along an axis that they have, or all elements with `null`.
 *
 * @throws {ShapeError} If other extents differ.
 * @throws {RangeError} If there are no arrays, or the axis does not exist.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.concatenate([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export function concatenate(
  arrays: readonly ArrayLike[],
  axis: number | null = 0,
): NDArray {
  return concatenation(arrays, axis);
}

/**
 * Arrays joined along an axis that they have: `concatenate`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.concat([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export const concat: typeof concatenate = concatenate;

const pile = joining("stack", (arrays, axis: number) => {
  const at = axisOf("stack()", axis, arrays[0]!.ndim + 1);
  const other = arrays.find((x) =>
    String(x.shape) !== String(arrays[0]!.shape)
  );
  if (other) {
    throw new ShapeError(
      `Cannot stack arrays of shapes [${arrays[0]!.shape}] and ` +
        `[${other.shape}]: shapes must be equal`,
    );
  }
  const inserted = arrays.map((x) =>
    reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
  );
  return joined("stack()", inserted, at);
});

/**
 * Arrays of one shape joined along a new axis.
 *
 * @throws {ShapeError} If shapes differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.stack([np.arange(2), np.arange(2)], 1).js(), [[0, 0], [1, 1]]);
 * ```
 */
export function stack(arrays: readonly ArrayLike[], axis = 0): NDArray {
  return pile(arrays, axis);
}

/**
 * Rows joined to a matrix; matrices one above the other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.vstack([np.arange(2), np.arange(2)]).js(), [[0, 1], [0, 1]]);
 * ```
 */
export const vstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "vstack",
  (arrays) => joined("vstack()", arrays.map((x) => atLeast(x, 2, 0)), 0),
);

/**
 * Arrays side by side: along the second axis, or the only one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.hstack([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export const hstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "hstack",
  (arrays) => {
    const lines = arrays.map((x) => atLeast(x, 1, 0));
    return joined("hstack()", lines, lines[0]!.ndim === 1 ? 0 : 1);
  },
);

/**
 * Arrays one behind the other: along the third axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.dstack([np.arange(2), np.arange(2)]).shape, [1, 2, 2]);
 * ```
 */
export const dstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "dstack",
  (arrays) =>
    joined("dstack()", arrays.map((x) => atLeast(atLeast(x, 2, 0), 3, 2)), 2),
);

/**
 * Vectors as the columns of a matrix.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.columnStack([np.arange(2), np.arange(2)]).js(), [[0, 0], [1, 1]]);
 * ```
 */
export const columnStack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "columnStack",
  (arrays) =>
    joined(
      "columnStack()",
      arrays.map((x) => x.ndim < 2 ? reshape(x, [x.size, 1]) : x),
      1,
    ),
);

/** `x` with new axes of one element at `at` until there are `ndim`. */
function atLeast(x: NDArray, ndim: number, at: number): NDArray {
  const missing = Math.max(ndim - x.ndim, 0);
  const shape = [...x.shape];
  shape.splice(at, 0, ...Array<number>(missing).fill(1));
  return reshape(x, shape);
}

/**
 * `x` with at least one axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atleast1d(3).shape, [1]);
 * ```
 */
export const atleast1d: (x: ArrayLike) => NDArray = inlined(
  "atleast1d",
  1,
  ([x]) => atLeast(x, 1, 0),
);

/**
 * `x` with at least two axes, new ones first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atleast2d(np.arange(3)).shape, [1, 3]);
 * ```
 */
export const atleast2d: (x: ArrayLike) => NDArray = inlined(
  "atleast2d",
  1,
  ([x]) => atLeast(x, 2, 0),
);

/** The part of `x` from `start` up to `limit` along one axis. */
function part(
  x: NDArray,
  axis: number,
  start: number,
  limit: number,
): NDArray {
  return slice(
    x,
    x.shape.map((_, a) => a === axis ? start : 0),
    x.shape.map((e, a) => a === axis ? limit : e),
  );
}

const parts = inlined(
  "split",
  1,
  ([x], cuts: number | readonly number[], axis: number, isStrict: boolean) => {
    const at = axisOf("split()", axis, x.ndim);
    const extent = x.shape[at]!;
    if (typeof cuts === "number" && isStrict && extent % cuts !== 0) {
      throw new ShapeError(
        `Cannot split an axis of ${extent} elements into ${cuts} equal parts. ` +
          `Use arraySplit() for parts of different lengths`,
      );
    }
    const limits = cutsOf(cuts, extent);
    return limits.slice(1).map((limit, i) => {
      const start = Math.min(limits[i]!, extent);
      return part(x, at, start, Math.max(start, Math.min(limit, extent)));
    });
  },
);

/** Where parts begin and end; the first parts are longer by one if need be. */
function cutsOf(
  cuts: number | readonly number[],
  extent: number,
): readonly number[] {
  if (typeof cuts !== "number") {
    return [0, ...cuts.map((c) => c < 0 ? Math.max(0, c + extent) : c), extent];
  }
  const [length, longer] = [Math.floor(extent / cuts), extent % cuts];
  return Array.from(
    { length: cuts + 1 },
    (_, i) => i * length + Math.min(i, longer),
  );
}

/**
 * `x` cut along an axis into equal parts, or before the given positions.
 *
 * @throws {ShapeError} If parts would not be equal.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.split(np.arange(4), 2).map((x) => x.js()), [[0, 1], [2, 3]]);
 * ```
 */
export function split(
  x: ArrayLike,
  sections: number | readonly number[],
  axis = 0,
): readonly NDArray[] {
  requireParts(sections);
  return parts(x, sections, axis, true);
}

/**
 * As `split`, but the first parts may be longer by one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arraySplit(np.arange(3), 2).map((x) => x.js()), [[0, 1], [2]]);
 * ```
 */
export function arraySplit(
  x: ArrayLike,
  sections: number | readonly number[],
  axis = 0,
): readonly NDArray[] {
  requireParts(sections);
  return parts(x, sections, axis, false);
}

function requireParts(count: number | readonly number[]): void {
  if (typeof count !== "number") return;
  if (Number.isSafeInteger(count) && count > 0) return;
  throw new RangeError(
    `Cannot split an array into ${count} parts: needs a whole number from 1 on`,
  );
}

const rolled = inlined(
  "roll",
  1,
  ([x], shifts: readonly number[], axes: readonly number[] | null) => {
    if (axes === null) {
      const flat = rolledAlong(reshape(x, [x.size]), 0, shifts[0]!);
      return reshape(flat, x.shape);
    }
    return axes.reduce(
      (y, axis, i) =>
        rolledAlong(
          y,
          axisOf("roll()", axis, x.ndim),
          shifts[Math.min(i, shifts.length - 1)]!,
        ),
      x,
    );
  },
);

function rolledAlong(x: NDArray, axis: number, shift: number): NDArray {
  const extent = x.shape[axis]!;
  const by = extent === 0 ? 0 : ((shift % extent) + extent) % extent;
  if (by === 0) return x;
  return ops.concatenate(
    [part(x, axis, extent - by, extent), part(x, axis, 0, extent - by)],
    axis,
  );
}

/**
 * The elements moved along axes, from the end back to the start. Without axes,
 * in row-major order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.roll(np.arange(3), 1).js(), [2, 0, 1]);
 * ```
 */
export function roll(
  x: ArrayLike,
  shift: number | readonly number[],
  axis: number | readonly number[] | null = null,
): NDArray {
  return rolled(x, shapeOf(shift), axis === null ? null : shapeOf(axis));
}

const tiled = inlined("tile", 1, ([x], given: readonly number[]) => {
  const ndim = Math.max(given.length, x.ndim);
  const y = atLeast(x, ndim, 0);
  const counts = [...Array<number>(ndim - given.length).fill(1), ...given];
  // Each axis after one that counts its copies: [n0, e0, n1, e1, ...].
  const spread = reshape(y, y.shape.flatMap((e) => [1, e]));
  const copies = broadcastTo(
    spread,
    y.shape.flatMap((e, a) => [counts[a]!, e]),
  );
  return reshape(copies, y.shape.map((e, a) => e * counts[a]!));
});

/**
 * `x` laid beside itself so many times along each axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tile(np.arange(2), 2).js(), [0, 1, 0, 1]);
 * ```
 */
export function tile(
  x: ArrayLike,
  counts: number | readonly number[],
): NDArray {
  return tiled(x, shapeOf(counts));
}

const repetition = inlined(
  "repeat",
  1,
  ([x], count: number, axis: number | null) => {
    const y = axis === null ? reshape(x, [x.size]) : x;
    const at = axis === null ? 0 : axisOf("repeat()", axis, x.ndim);
    const [before, extent, after] = [
      y.shape.slice(0, at),
      y.shape[at]!,
      y.shape.slice(at + 1),
    ];
    const spread = reshape(y, [...before, extent, 1, ...after]);
    const copies = broadcastTo(spread, [...before, extent, count, ...after]);
    return reshape(copies, [...before, extent * count, ...after]);
  },
);

/**
 * Each element so many times in a row, along an axis or in row-major order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.repeat(np.arange(2), 2).js(), [0, 0, 1, 1]);
 * ```
 */
export function repeat(
  x: ArrayLike,
  count: number,
  axis: number | null = null,
): NDArray {
  return repetition(x, count, axis);
}
