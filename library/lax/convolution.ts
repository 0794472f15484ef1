/** Convolutions with padding by name, and transposed ones. */

import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  convGeneralDilated as convolve,
  type ConvolutionOptions,
} from "../../core/ops/convolution.ts";
import { rev, transpose } from "../../core/ops/layout.ts";

/** Padding by name: none, so much that strides divide the axis, or a list of it. */
export type ConvolutionPadding =
  | "VALID"
  | "SAME"
  | "SAME_LOWER"
  | readonly (readonly [lo: number, hi: number])[];

/** Choices for `convGeneralDilated` after strides and padding. */
export type DilatedOptions = Omit<
  ConvolutionOptions,
  "windowStrides" | "padding"
>;

/**
 * Sums of products of windows of `lhs` with the kernel `rhs`, not flipped:
 * `[batch, features, ...spatial]` with `[outputs, features, ...spatial]`,
 * unless `dimensionNumbers` say otherwise.
 *
 * @throws {ShapeError} If ranks, dtypes, features or groups do not fit.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.convGeneralDilated(np.ones([1, 1, 4]), np.ones([1, 1, 2]), [2], "VALID").js(), [[[2, 2]]]);
 * ```
 */
export function convGeneralDilated(
  lhs: NDArray,
  rhs: NDArray,
  windowStrides: readonly number[],
  padding: ConvolutionPadding,
  options: DilatedOptions = {},
): NDArray {
  const spatial = spatialExtents(lhs, rhs, options);
  const settled = typeof padding !== "string"
    ? padding
    : spatial.map(([extent, size], axis) =>
      namedPadding(
        padding,
        (extent - 1) * (options.lhsDilation?.[axis] ?? 1) + 1,
        (size - 1) * (options.rhsDilation?.[axis] ?? 1) + 1,
        windowStrides[axis]!,
      )
    );
  return convolve(lhs, rhs, { windowStrides, padding: settled, ...options });
}

/** Extents of array and kernel along each spatial axis. */
function spatialExtents(
  lhs: NDArray,
  rhs: NDArray,
  { dimensionNumbers }: DilatedOptions,
): readonly (readonly [number, number])[] {
  if (lhs.ndim !== rhs.ndim || lhs.ndim < 2) {
    throw new ShapeError(
      `Cannot convolve ${lhs.aval} with ${rhs.aval}: needs as many axes in ` +
        `both, of which two are for batch and features`,
    );
  }
  const axes = lhs.shape.map((_, axis) => axis);
  const { lhsSpec = axes, rhsSpec = axes } = dimensionNumbers ?? {};
  return lhsSpec.slice(2).map((axis, i) => [
    lhs.shape[axis]!,
    rhs.shape[rhsSpec[i + 2]!]!,
  ]);
}

/** Padding of one axis; what is left of an odd amount goes behind, or before if `SAME_LOWER`. */
function namedPadding(
  padding: "VALID" | "SAME" | "SAME_LOWER",
  extent: number,
  size: number,
  stride: number,
): readonly [number, number] {
  if (padding === "VALID") return [0, 0];
  const count = Math.ceil(extent / stride);
  const total = Math.max(0, (count - 1) * stride + size - extent);
  const [less, more] = [Math.floor(total / 2), Math.ceil(total / 2)];
  return padding === "SAME" ? [less, more] : [more, less];
}

/**
 * `convGeneralDilated` without dilations and groups.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.conv(np.ones([1, 1, 3]), np.ones([1, 1, 3]), [1], "SAME").js(), [[[2, 3, 2]]]);
 * ```
 */
export function conv(
  lhs: NDArray,
  rhs: NDArray,
  windowStrides: readonly number[],
  padding: ConvolutionPadding,
): NDArray {
  return convGeneralDilated(lhs, rhs, windowStrides, padding);
}

/** Choices for `convTranspose`. */
export interface TransposeOptions
  extends Pick<DilatedOptions, "dimensionNumbers" | "rhsDilation"> {
  /** Flips the kernel and exchanges its features: the gradient of a convolution. */
  readonly transposeKernel?: boolean;
}

/**
 * A convolution over an array dilated by `strides`, so that the result is so
 * many times larger: the transpose of a convolution with these strides.
 *
 * @throws {ShapeError} If ranks, dtypes or features do not fit.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.convTranspose(np.ones([1, 1, 2]), np.ones([1, 1, 2]), [2], "SAME").js(), [[[1, 1, 1, 1]]]);
 * ```
 */
export function convTranspose(
  lhs: NDArray,
  rhs: NDArray,
  strides: readonly number[],
  padding: Exclude<ConvolutionPadding, "SAME_LOWER">,
  { transposeKernel = false, ...options }: TransposeOptions = {},
): NDArray {
  const spatial = spatialExtents(lhs, rhs, options);
  const settled = typeof padding !== "string"
    ? padding
    : spatial.map(([, size], axis) =>
      transposedPadding(
        padding,
        (size - 1) * (options.rhsDilation?.[axis] ?? 1) + 1,
        strides[axis]!,
      )
    );
  const rhsSpec = options.dimensionNumbers?.rhsSpec ??
    rhs.shape.map((_, axis) => axis);
  return convolve(
    lhs,
    transposeKernel ? flippedKernel(rhs, rhsSpec) : rhs,
    {
      windowStrides: strides.map(() => 1),
      padding: settled,
      lhsDilation: strides,
      ...options,
    },
  );
}

/** Padding after which the result has `extent * stride` elements (`SAME`), or all it can have. */
function transposedPadding(
  padding: "VALID" | "SAME",
  size: number,
  stride: number,
): readonly [number, number] {
  const total = padding === "SAME"
    ? size + stride - 2
    : size + stride - 2 + Math.max(size - stride, 0);
  const before = padding === "VALID"
    ? size - 1
    : stride > size - 1
    ? size - 1
    : Math.ceil(total / 2);
  return [before, total - before];
}

/** The kernel in reverse along spatial axes, with its two features exchanged. */
function flippedKernel(rhs: NDArray, spec: readonly number[]): NDArray {
  const [outputs, inputs, ...spatial] = spec;
  const order = rhs.shape.map((_, axis) =>
    axis === outputs ? inputs! : axis === inputs ? outputs! : axis
  );
  return transpose(rev(rhs, spatial), order);
}
