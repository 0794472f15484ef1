/** Arrays taken apart, rolled, tiled and repeated. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { split as splitSizes } from "../../core/ops/split.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf, shapeOf } from "../_axes.ts";
import { broadcastTo } from "../_promote.ts";
import { atLeast } from "./join.ts";

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
    const limits = cutsOf(cuts, extent).map((l) => Math.min(l, extent));
    const sizes = limits.slice(1).map((limit, i) => limit - limits[i]!);
    if (sizes.every((size) => size >= 0)) return splitSizes(x, sizes, at);
    // Positions that go back: elements are in several parts.
    return sizes.map((size, i) =>
      part(x, at, limits[i]!, limits[i]! + Math.max(0, size))
    );
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
  return concatenate(
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
