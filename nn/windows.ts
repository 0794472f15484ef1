/** Windows that move over the spatial axes of `[batch, channels, ...spatial]`. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { reduceWindowMax, reduceWindowSum } from "../core/ops/reduce_window.ts";
import { fullLike } from "../core/ops/constants.ts";
import * as np from "../library/numpy/mod.ts";
import { inlined } from "../transforms/inlined.ts";
import { Module } from "./module.ts";

/**
 * What is added around spatial axes: a number of elements on each side, a pair
 * for each axis, `"same"` (the result has `ceil(extent / stride)` elements) or
 * `"valid"` (nothing).
 */
export type WindowPadding =
  | number
  | "same"
  | "valid"
  | readonly (readonly [lo: number, hi: number])[];

/** One window size, stride and dilation for each spatial axis. */
export type Windows = {
  readonly sizes: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
};

/** The same number for each of `count` axes, unless there are several already. */
export function perAxis(
  value: number | readonly number[],
  count: number,
): readonly number[] {
  return typeof value === "number" ? Array(count).fill(value) : value;
}

/** Pairs of elements to add before and after each spatial axis. */
export function paddingPairs(
  padding: WindowPadding,
  extents: readonly number[],
  { sizes, strides, dilation }: Windows,
): readonly (readonly [number, number])[] {
  if (padding === "valid") return extents.map(() => [0, 0]);
  if (typeof padding === "number") return extents.map(() => [padding, padding]);
  if (padding !== "same") return padding;
  return extents.map((extent, axis) => {
    const reach = (sizes[axis]! - 1) * dilation[axis]! + 1;
    const last = (Math.ceil(extent / strides[axis]!) - 1) * strides[axis]!;
    const missing = Math.max(0, last + reach - extent);
    return [Math.floor(missing / 2), Math.ceil(missing / 2)];
  });
}

/** How `maxPool` and `avgPool` move. */
export type PoolOptions = {
  /** Extents of the window, or one for all spatial axes. */
  readonly window: number | readonly number[];
  /** How far it moves: by its own extents. */
  readonly strides?: number | readonly number[];
  /** What is added around: nothing. */
  readonly padding?: WindowPadding;
};

/** Options of a pool as one entry for each axis of the array. */
function windowsOver(
  x: NDArray,
  { window, strides = window, padding = "valid" }: PoolOptions,
) {
  const extents = x.shape.slice(2);
  const count = extents.length;
  const windows = {
    sizes: perAxis(window, count),
    strides: perAxis(strides, count),
    dilation: perAxis(1, count),
  };
  if (windows.sizes.length !== count || windows.strides.length !== count) {
    throw new ShapeError(
      `Cannot pool an array of shape [${x.shape}] with windows ` +
        `[${windows.sizes}] and strides [${windows.strides}]: needs one of ` +
        `each per axis after batch and channels`,
    );
  }
  return {
    windowDimensions: [1, 1, ...windows.sizes],
    windowStrides: [1, 1, ...windows.strides],
    padding: [
      [0, 0] as const,
      [0, 0] as const,
      ...paddingPairs(padding, extents, windows),
    ],
  };
}

const maxPoolOf = inlined(
  "maxPool",
  1,
  ([x], options: PoolOptions) => reduceWindowMax(x, windowsOver(x, options)),
);

/**
 * The largest element of each window of `[batch, channels, ...spatial]`.
 *
 * @throws {ShapeError} If the window has not one extent for each spatial axis.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const x = np.array([[[[1, 2], [3, 4]]]]);
 * assertEquals(nn.maxPool(x, { window: 2 }).js(), [[[[4]]]]);
 * ```
 */
export function maxPool(x: NDArray, options: PoolOptions): NDArray {
  return maxPoolOf(x, options);
}

/** How `avgPool` moves and counts. */
export type AvgPoolOptions = PoolOptions & {
  /** Whether what is added around counts as zeros: yes. */
  readonly countIncludePad?: boolean;
};

const avgPoolOf = inlined(
  "avgPool",
  1,
  ([x], { countIncludePad = true, ...options }: AvgPoolOptions) => {
    const windows = windowsOver(x, options);
    const sums = reduceWindowSum(x, windows);
    const size = windows.windowDimensions.reduce((a, b) => a * b, 1);
    return countIncludePad
      ? np.divide(sums, size)
      : np.divide(sums, reduceWindowSum(fullLike(x, 1), windows));
  },
);

/**
 * The mean of each window of `[batch, channels, ...spatial]`.
 *
 * @throws {ShapeError} If the window has not one extent for each spatial axis.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const x = np.array([[[[1, 2], [3, 4]]]]);
 * assertEquals(nn.avgPool(x, { window: 2 }).js(), [[[[2.5]]]]);
 * ```
 */
export function avgPool(x: NDArray, options: AvgPoolOptions): NDArray {
  return avgPoolOf(x, options);
}

/** `maxPool` as a layer. */
export class MaxPool extends Module {
  /** Has no parameters; `options` are those of `maxPool`. */
  constructor(readonly options: PoolOptions) {
    super();
  }

  /** The largest element of each window. */
  call(x: NDArray): NDArray {
    return maxPool(x, this.options);
  }
}

/** `avgPool` as a layer. */
export class AvgPool extends Module {
  /** Has no parameters; `options` are those of `avgPool`. */
  constructor(readonly options: AvgPoolOptions) {
    super();
  }

  /** The mean of each window. */
  call(x: NDArray): NDArray {
    return avgPool(x, this.options);
  }
}
