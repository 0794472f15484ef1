/** Padding of arrays at the ends of their axes. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { rev } from "../../core/ops/layout.ts";
import { pad as padded, slice } from "../../core/ops/slice_pad.ts";
import { inlinedList } from "../../transforms/inlined.ts";
import { broadcastTo } from "../_promote.ts";

/** Elements to add before and after: for all axes alike, or for each. */
export type PadWidth =
  | number
  | readonly [before: number, after: number]
  | readonly (readonly [before: number, after: number])[];

/** What is added: one value, the last element repeated, or the mirrored array. */
export type PadMode = "constant" | "edge" | "reflect" | "symmetric" | "wrap";

type Widths = readonly (readonly [number, number])[];

function widthsOf(width: PadWidth, ndim: number): Widths {
  const pair = typeof width === "number" ? [width, width] : width;
  const widths: Widths = typeof pair[0] === "number"
    ? Array(ndim).fill(pair)
    : pair as Widths;
  const isRight = widths.length === ndim &&
    widths.flat().every((n) => Number.isSafeInteger(n) && n >= 0);
  if (isRight) return widths;
  throw new RangeError(
    `Cannot pad an array with ${ndim} axes by ${
      JSON.stringify(width)
    }: needs ` +
      `whole numbers from 0 on, two for all axes or two for each`,
  );
}

const paddings = inlinedList(
  "pad",
  ([x, value], width: PadWidth, mode: PadMode) => {
    const widths = widthsOf(width, x!.ndim);
    if (mode === "constant") {
      const filler = value
        ? convertElementType(value, x!.dtype)
        : scalar(0, x!.dtype);
      return padded(x!, filler, widths.map(([a, b]) => [a, b, 0]));
    }
    return widths.reduce(
      (y, [before, after], axis) => extended(y, axis, before, after, mode),
      x!,
    );
  },
);

function extended(
  x: NDArray,
  axis: number,
  before: number,
  after: number,
  mode: Exclude<PadMode, "constant">,
  period = x,
): NDArray {
  if (before === 0 && after === 0) return x;
  const source = mode === "wrap" ? period : x;
  const extent = source.shape[axis]!;
  if (extent === 0 || (mode === "reflect" && extent === 1)) {
    throw new RangeError(
      `Cannot pad axis ${axis} of an array of shape [${x.shape}] with mode ` +
        `"${mode}": it has too few elements`,
    );
  }
  // Longer padding than the array itself is made in several rounds.
  const most = mode === "edge"
    ? Infinity
    : mode === "reflect"
    ? extent - 1
    : extent;
  const [first, last] = [Math.min(before, most), Math.min(after, most)];
  const wider = concatenate([
    borderOf(source, axis, first, mode, true),
    x,
    borderOf(source, axis, last, mode, false),
  ], axis);
  return extended(wider, axis, before - first, after - last, mode, period);
}

function borderOf(
  x: NDArray,
  axis: number,
  count: number,
  mode: Exclude<PadMode, "constant">,
  isFirst: boolean,
): NDArray {
  const extent = x.shape[axis]!;
  const part = (start: number, length: number) =>
    slice(
      x,
      x.shape.map((_, a) => a === axis ? start : 0),
      x.shape.map((e, a) => a === axis ? start + length : e),
    );
  switch (mode) {
    case "edge":
      return broadcastTo(
        part(isFirst ? 0 : extent - 1, 1),
        x.shape.map((e, a) => a === axis ? count : e),
      );
    case "reflect":
      return rev(part(isFirst ? 1 : extent - 1 - count, count), [axis]);
    case "symmetric":
      return rev(part(isFirst ? 0 : extent - count, count), [axis]);
    case "wrap":
      return part(isFirst ? extent - count : 0, count);
    default:
      return mode satisfies never;
  }
}

/** How an array is padded. */
export interface PadOptions {
  /** What is added; a constant unless given. */
  readonly mode?: PadMode;
  /** The constant; 0 unless given. */
  readonly constantValues?: ArrayLike;
}

/**
 * `x` with elements added before and after, along each axis.
 *
 * @throws {RangeError} If a width is negative, or there is nothing to mirror.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.pad(np.array([1, 2]), [1, 2], { mode: "edge" }).js(), [1, 1, 2, 2, 2]);
 * ```
 */
export function pad(
  x: ArrayLike,
  width: PadWidth,
  { mode = "constant", constantValues }: PadOptions = {},
): NDArray {
  const arrays = constantValues === undefined ? [x] : [x, constantValues];
  return paddings(arrays, width, mode);
}
