/** Gathering of windows from places that an array of indices names. */

import type { Aval } from "../aval.ts";
import { castValue } from "../casting.ts";
import { type DType, isFloating } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import { iinfo } from "../limits.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import { axesExcept } from "./_axes.ts";
import { anyStart, clampedStart } from "./_starts.ts";

/**
 * Which axes of operand, indices and result belong together, as XLA defines
 * it (https://openxla.org/stablehlo/spec#gather). The last axis of the indices
 * holds the components of one index.
 */
export type GatherDimensions = {
  /** Axes of the result that lie within a window. */
  readonly offsetDims: readonly number[];
  /** Axes of the operand, of one element in a window, that the result lacks. */
  readonly collapsedSliceDims: readonly number[];
  /** Axes of the operand that go along with axes of the indices. */
  readonly operandBatchingDims: readonly number[];
  /** The axes of the indices that go along with `operandBatchingDims`. */
  readonly startIndicesBatchingDims: readonly number[];
  /** Axes of the operand that the components of an index refer to. */
  readonly startIndexMap: readonly number[];
  /** Extents of a window. */
  readonly sliceSizes: readonly number[];
};

/** What becomes of an index out of bounds: moved into them, or its window filled. */
export type GatherMode = "clip" | "fill" | "promiseInBounds";

/** Params of the primitive. */
export type GatherParams = GatherDimensions & {
  readonly mode: GatherMode;
  /** `null`: NaN, the least signed or the greatest unsigned integer, or true. */
  readonly fillValue: number | null;
};

/** Axes of the operand along which a window extends in the result. */
function windowAxes(
  { collapsedSliceDims, operandBatchingDims }: GatherDimensions,
  ndim: number,
): readonly number[] {
  return axesExcept([...collapsedSliceDims, ...operandBatchingDims], ndim);
}

/** Shape of the result of a gather. */
export function gatheredShape(
  x: Aval,
  indices: Aval,
  params: GatherParams,
): readonly number[] {
  checkGather(x, indices, params);
  const { offsetDims, sliceSizes } = params;
  const windows = windowAxes(params, x.ndim).map((d) => sliceSizes[d]!);
  const batch = indices.shape.slice(0, -1)[Symbol.iterator]();
  const ndim = indices.ndim - 1 + offsetDims.length;
  return Array.from({ length: ndim }, (_, axis) => {
    const at = offsetDims.indexOf(axis);
    return at >= 0 ? windows[at]! : batch.next().value!;
  });
}

function checkGather(x: Aval, indices: Aval, params: GatherParams): void {
  const { sliceSizes, startIndexMap, operandBatchingDims } = params;
  const { collapsedSliceDims, startIndicesBatchingDims } = params;
  const fits = !isFloating(indices.dtype) && indices.dtype !== "bool" &&
    indices.shape.at(-1) === startIndexMap.length &&
    sliceSizes.length === x.ndim &&
    sliceSizes.every((size, d) => 0 <= size && size <= x.shape[d]!) &&
    [...collapsedSliceDims, ...operandBatchingDims].every((d) =>
      sliceSizes[d]! === 1
    ) &&
    params.offsetDims.length === windowAxes(params, x.ndim).length &&
    operandBatchingDims.length === startIndicesBatchingDims.length &&
    operandBatchingDims.every((d, i) =>
      x.shape[d] === indices.shape[startIndicesBatchingDims[i]!]
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot gather windows of extents [${sliceSizes}] from ${x} at indices ` +
      `${indices}: needs integers whose last axis has ${startIndexMap.length} ` +
      `components, windows within the array, of extent 1 along collapsed and ` +
      `batching axes, and batching axes of equal extents`,
  );
}

/** Element of a gather: the operand at an index that the kernel loads. */
export function gatherSource(
  k: KernelBuilder,
  [x, indices]: readonly [Source, Source],
  params: GatherParams,
  { shape, dtype, ndim }: Aval,
): Source {
  const { startIndexMap, sliceSizes, offsetDims } = params;
  const windows = windowAxes(params, ndim);
  const zero = k.indices.constant(0);
  return (index) => {
    const batch = index.filter((_, axis) => !offsetDims.includes(axis));
    const starts = startIndexMap.map((_, q) =>
      indices([...batch, k.indices.constant(q)])
    );
    const limits = startIndexMap.map((d) => shape[d]! - sliceSizes[d]!);
    const place = shape.map((_, d) => {
      const batching = params.operandBatchingDims.indexOf(d);
      if (batching >= 0) {
        return batch[params.startIndicesBatchingDims[batching]!]!;
      }
      const q = startIndexMap.indexOf(d);
      const start = q < 0 ? zero : clampedStart(k, starts[q]!, limits[q]!);
      const w = windows.indexOf(d);
      return w < 0 ? start : k.indices.add(start, index[offsetDims[w]!]!);
    });
    if (params.mode !== "fill") return x(place);
    const isInside = k.inBounds(starts.map((start, q) => ({
      index: anyStart(k, start),
      extent: limits[q]! + 1,
    })));
    const value = castValue(params.fillValue ?? missing(dtype), dtype);
    const fill = k.constant(value, dtype);
    return k.apply("select", dtype, isInside, x(place), fill);
  };
}

/** What JAX puts where an index is out of bounds. */
function missing(dtype: DType): number {
  if (isFloating(dtype)) return NaN;
  if (dtype === "bool") return 1;
  const { min, max } = iinfo(dtype);
  return min < 0 ? min : max;
}

/** The same gather along a new leading axis of the mapped inputs. */
export function batchedGather<Params extends GatherDimensions>(
  params: Params,
  [xMapped, indicesMapped]: readonly [boolean, boolean],
  size: number,
): Params {
  const moved = (axes: readonly number[], by: boolean) =>
    axes.map((axis) => axis + Number(by));
  const isOffset = xMapped && !indicesMapped;
  const isBatching = xMapped && indicesMapped;
  const batching = isBatching ? [0] : [];
  return {
    ...params,
    offsetDims: [...(isOffset ? [0] : []), ...moved(params.offsetDims, true)],
    collapsedSliceDims: moved(params.collapsedSliceDims, xMapped),
    operandBatchingDims: [
      ...batching,
      ...moved(params.operandBatchingDims, xMapped),
    ],
    startIndicesBatchingDims: [
      ...batching,
      ...moved(params.startIndicesBatchingDims, indicesMapped),
    ],
    startIndexMap: moved(params.startIndexMap, xMapped),
    sliceSizes: [
      ...(xMapped ? [isBatching ? 1 : size] : []),
      ...params.sliceSizes,
    ],
  };
}
