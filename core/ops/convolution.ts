/** Convolution over any number of axes, with strides, dilations and groups. */

import type { NDArray } from "../array.ts";
import { REDUCTION_COST } from "../ir/chains.ts";
import { known, Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import {
  convolution,
  type ConvolutionParams,
  convolutionSteps,
  convolvedAval,
  windowsOf,
} from "./_convolution.ts";
import { dilatedExtent, transposedWindow } from "./_windows.ts";
import { addTangents } from "./addition.ts";
import { reshape, rev, transpose } from "./layout.ts";

const convGeneralDilatedP: Primitive<
  readonly [NDArray, NDArray],
  ConvolutionParams
> = {
  name: "conv_general_dilated",
  cost: REDUCTION_COST,
  readsManyTimes: true,
  isContraction: true,
  abstractEval: ([lhs, rhs], params) => [convolvedAval(lhs, rhs, params)],
  jvp: ([x, y], [dx, dy], params) => [
    [convolve(x, y, params)],
    [addTangents(
      dx && convolve(dx, y, params),
      dy && convolve(x, dy, params),
    )],
  ],
  transpose: ([ct], [x, y], params) => [
    x instanceof Linear
      ? cotangentOfLeft(ct, x.aval.shape, known(y), params)
      : null,
    y instanceof Linear
      ? cotangentOfRight(ct, known(x), y.aval.shape, params)
      : null,
  ],
  batch: ([x, y], [xMapped, yMapped], { size }, params) => {
    if (xMapped && yMapped) return [batchedBoth(x, y, size, params)];
    return [
      xMapped
        ? batchedLeft(x, y, size, params)
        : batchedRight(x, y, size, params),
    ];
  },
  lower: (k, operands, params, { ins: [lhs, rhs], outs: [out] }) =>
    convolution(k, operands, params, { lhs, rhs, out: out! }),
  // Between the elements of a dilated operand nothing is affine.
  needsSteps: ({ lhsDilation }) => lhsDilation.some((d) => d > 1),
  lowerStep: convolutionSteps,
};

/** A convolution of arrays in canonical layout. */
function convolve(
  x: NDArray,
  y: NDArray,
  params: ConvolutionParams,
): NDArray {
  return bind1(convGeneralDilatedP, [x, y], params);
}

/** For each array the axes that hold batch (or output) and feature (or input), then the spatial ones. */
export type ConvolutionDimensions = {
  readonly lhsSpec: readonly number[];
  readonly rhsSpec: readonly number[];
  readonly outSpec: readonly number[];
};

/** How a caller describes a convolution. */
export type ConvolutionOptions = {
  /** One stride for each spatial axis, as all of these. */
  readonly windowStrides: readonly number[];
  /** Zeros added before and after; negative ones remove elements. */
  readonly padding: readonly (readonly [lo: number, hi: number])[];
  /** Distances between elements of `lhs`; 1 unless given. */
  readonly lhsDilation?: readonly number[];
  /** Distances between elements of `rhs`; 1 unless given. */
  readonly rhsDilation?: readonly number[];
  /** Groups of input features, each with its own output features; 1 unless given. */
  readonly featureGroupCount?: number;
  /** Groups of the batch, each with its own output features; 1 unless given. */
  readonly batchGroupCount?: number;
  /** NC..., OI... and NC... unless given. */
  readonly dimensionNumbers?: ConvolutionDimensions;
};

/**
 * Sums of products of windows of `lhs` with the kernel `rhs` (not flipped), as
 * XLA defines it (https://openxla.org/stablehlo/spec#convolution). Padding may
 * be negative.
 *
 * @throws {ShapeError} If ranks, dtypes, features or groups do not fit.
 */
export function convGeneralDilated(
  lhs: NDArray,
  rhs: NDArray,
  { dimensionNumbers, ...options }: ConvolutionOptions,
): NDArray {
  const ones = options.windowStrides.map(() => 1);
  const params: ConvolutionParams = {
    lhsDilation: ones,
    rhsDilation: ones,
    featureGroupCount: 1,
    batchGroupCount: 1,
    ...options,
  };
  if (!dimensionNumbers) return convolve(lhs, rhs, params);
  const { lhsSpec, rhsSpec, outSpec } = dimensionNumbers;
  const out = convolve(
    transpose(lhs, lhsSpec),
    transpose(rhs, rhsSpec),
    params,
  );
  return transpose(out, outSpec.map((_, axis) => outSpec.indexOf(axis)));
}

// Cotangents: convolutions whose strides and dilations have changed places.
// Padding as in JAX (_conv_general_vjp_lhs_padding, _conv_general_vjp_rhs_padding).

function cotangentOfLeft(
  ct: NDArray,
  shape: readonly number[],
  y: NDArray,
  params: ConvolutionParams,
): NDArray {
  const { featureGroupCount, batchGroupCount, windowStrides } = params;
  const groups = featureGroupCount * batchGroupCount;
  const windows = windowsOf(y, params).map((window, axis) =>
    transposedWindow(window, shape[axis + 2]!, ct.shape[axis + 2]!)
  );
  const flipped = rev(y, params.padding.map((_, axis) => axis + 2));
  const out = convolve(ct, exchanged(flipped, groups), {
    windowStrides: params.lhsDilation,
    padding: windows.map(({ padding }) => padding),
    lhsDilation: windowStrides,
    rhsDilation: params.rhsDilation,
    featureGroupCount: groups,
    batchGroupCount: 1,
  });
  if (batchGroupCount === 1) return out;
  // The groups are now in the features; they belong into the batch.
  const [n, , ...spatial] = out.shape;
  const split = reshape(out, [n!, batchGroupCount, shape[1]!, ...spatial]);
  return reshape(swapped(split), shape);
}

/** Output and input features of a kernel exchanged, within each group. */
function exchanged(y: NDArray, groups: number): NDArray {
  const [outputs, inputs, ...spatial] = y.shape as [number, number];
  const split = reshape(y, [groups, outputs / groups, inputs, ...spatial]);
  const rest = spatial.map((_, axis) => axis + 3);
  return reshape(transpose(split, [0, 2, 1, ...rest]), [
    groups * inputs,
    outputs / groups,
    ...spatial,
  ]);
}

function cotangentOfRight(
  ct: NDArray,
  x: NDArray,
  shape: readonly number[],
  params: ConvolutionParams,
): NDArray {
  const padding = windowsOf({ shape }, params).map((window, axis) => {
    const [lo] = window.padding;
    const hi = dilatedExtent(ct.shape[axis + 2]!, window.stride) -
      dilatedExtent(x.shape[axis + 2]!, window.baseDilation) +
      dilatedExtent(window.size, window.windowDilation) - lo - 1;
    return [lo, hi] as const;
  });
  const out = convolve(swapped(x), swapped(ct), {
    windowStrides: params.rhsDilation,
    padding,
    lhsDilation: params.lhsDilation,
    rhsDilation: params.windowStrides,
    featureGroupCount: params.batchGroupCount,
    batchGroupCount: params.featureGroupCount,
  });
  return swapped(out);
}

/** With the first two axes exchanged. */
function swapped(x: NDArray): NDArray {
  return transpose(x, x.shape.map((_, axis) => axis < 2 ? 1 - axis : axis));
}

// Batching: the new axis becomes part of the batch, or of the output features.

/** Axis `from` just before `to`. */
function moved(x: NDArray, from: number, to: number): NDArray {
  const axes = x.shape.map((_, axis) => axis).filter((a) => a !== from);
  return transpose(x, [...axes.slice(0, to), from, ...axes.slice(to)]);
}

/** Axis `axis` split into two, of which the first has `count` elements. */
function split(x: NDArray, axis: number, count: number): NDArray {
  const { shape } = x;
  return reshape(x, [
    ...shape.slice(0, axis),
    count,
    shape[axis]! / count,
    ...shape.slice(axis + 1),
  ]);
}

/** Axes `axis` and the next `more` as one. */
function merged(x: NDArray, axis: number, more: number): NDArray {
  const { shape } = x;
  const end = axis + more + 1;
  const extent = shape.slice(axis, end).reduce((n, e) => n * e, 1);
  return reshape(x, [...shape.slice(0, axis), extent, ...shape.slice(end)]);
}

function batchedBoth(
  x: NDArray,
  y: NDArray,
  size: number,
  params: ConvolutionParams,
): NDArray {
  const inBatch = params.batchGroupCount > 1;
  const out = convolve(
    inBatch ? merged(x, 0, 1) : merged(moved(x, 0, 1), 1, 1),
    merged(y, 0, 1),
    inBatch
      ? { ...params, batchGroupCount: params.batchGroupCount * size }
      : { ...params, featureGroupCount: params.featureGroupCount * size },
  );
  return moved(split(out, 1, size), 1, 0);
}

function batchedLeft(
  x: NDArray,
  y: NDArray,
  size: number,
  params: ConvolutionParams,
): NDArray {
  // [size, groups, n, ...] to [groups * size * n, ...]
  const groups = split(x, 1, params.batchGroupCount);
  const out = convolve(merged(moved(groups, 0, 1), 0, 2), y, params);
  return split(out, 0, size);
}

function batchedRight(
  x: NDArray,
  y: NDArray,
  size: number,
  params: ConvolutionParams,
): NDArray {
  const groups = params.featureGroupCount * params.batchGroupCount;
  // [size, groups, o, ...] to [groups * size * o, ...]
  const kernels = merged(moved(split(y, 1, groups), 0, 1), 0, 2);
  const out = convolve(x, kernels, params);
  const apart = split(split(out, 1, groups), 2, size);
  return merged(moved(apart, 2, 0), 2, 1);
}
