/** Reading and replacing the elements that an index selects. */

import type { NDArray } from "../../core/array.ts";
import { arrayFromStorage, ConcreteArray } from "../../core/concrete_array.ts";
import { kindOf } from "../../core/dtype.ts";
import { ShapeError, TracerError } from "../../core/errors.ts";
import type { Indexer } from "../../core/methods.ts";
import { add } from "../../core/ops/addition.ts";
import { max, min, mul } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { dynamicUpdateSlice } from "../../core/ops/dynamic.ts";
import { and, or } from "../../core/ops/bits.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import {
  gather,
  type GatherMode,
  scatterAdd,
} from "../../core/ops/gather_scatter.ts";
import { reshape, rev } from "../../core/ops/layout.ts";
import {
  scatter,
  scatterMax,
  scatterMin,
  scatterMul,
} from "../../core/ops/scatter.ts";
import { pad, slice } from "../../core/ops/slice_pad.ts";
import { broadcastShapes, broadcastTo, promoteDtypes } from "../_promote.ts";
import {
  type IndexPlan,
  planOf,
  separated,
  type StaticIndexer,
} from "./_index.ts";

/** How `at()` combines new values with the old ones. */
export type Update = "set" | "add" | "multiply" | "min" | "max";

const COMBINE: Record<
  Update,
  {
    readonly direct: (x: NDArray, y: NDArray) => NDArray;
    readonly scattered: typeof scatter;
  }
> = {
  set: { direct: (_x, y) => y, scattered: scatter },
  add: { direct: sumOf, scattered: scatterAdd },
  multiply: { direct: productOf, scattered: scatterMul },
  min: { direct: min, scattered: scatterMin },
  max: { direct: max, scattered: scatterMax },
};

/** A sum of bools is true if one is, their product if all are. */
const OF_BOOLS: Record<Update, Update> = {
  set: "set",
  add: "max",
  multiply: "min",
  min: "min",
  max: "max",
};

function sumOf(x: NDArray, y: NDArray): NDArray {
  return x.dtype === "bool" ? or(x, y) : add(x, y);
}

function productOf(x: NDArray, y: NDArray): NDArray {
  return x.dtype === "bool" ? and(x, y) : mul(x, y);
}

/** An index whose masks have become arrays of positions. */
export interface Resolved {
  readonly statics: readonly StaticIndexer[];
  readonly arrays: readonly NDArray[];
}

/**
 * Separates an index for `x` into plain data and arrays of integers.
 *
 * @throws {TracerError} If a mask is not concrete: the shape would depend on values.
 */
export function resolved(x: NDArray, index: readonly Indexer[]): Resolved {
  const { statics, arrays } = separated(index);
  const given = arrays[Symbol.iterator]();
  const parts = statics.map((item) => ({
    item,
    array: item === "array" ? given.next().value! : null,
  }));
  const used = parts.reduce((count, part) => count + widthOf(part), 0);
  const positions: NDArray[] = [];
  let axis = 0;
  const items = parts.flatMap((part): StaticIndexer[] => {
    const first = axis;
    axis += part.item === "..." ? x.ndim - used : widthOf(part);
    if (!part.array) return [part.item];
    const found = part.array.dtype === "bool"
      ? positionsOf(part.array, x.shape.slice(first, axis))
      : [part.array];
    positions.push(...found);
    return found.map(() => "array");
  });
  return { statics: items, arrays: positions };
}

/** The number of axes of the indexed array that one item of an index stands for. */
function widthOf(
  { item, array }: {
    readonly item: StaticIndexer;
    readonly array: NDArray | null;
  },
): number {
  if (item === null || item === "...") return 0;
  return array?.dtype === "bool" ? array.ndim : 1;
}

/** Where a mask is true, as one array of positions for each of its axes. */
function positionsOf(
  mask: NDArray,
  shape: readonly number[],
): readonly NDArray[] {
  if (!(mask instanceof ConcreteArray)) {
    throw new TracerError(
      `Cannot index with the mask ${mask}: the shape of the result would ` +
        `depend on its values. Use where(mask, x, 0)`,
    );
  }
  if (String(mask.shape) !== String(shape) || mask.ndim === 0) {
    throw new ShapeError(
      `Cannot index axes of shape [${shape}] with a mask of shape ` +
        `[${mask.shape}]: shapes must be equal, with at least one axis`,
    );
  }
  const flat = Array.from(mask.dataSync(), (value, i) => value ? i : -1)
    .filter((i) => i >= 0);
  let stride = mask.size;
  return shape.map((extent) => {
    stride /= extent;
    const along = flat.map((i) => Math.floor(i / stride) % extent);
    return arrayFromStorage(Int32Array.from(along), [flat.length], "int32");
  });
}

/**
 * The elements of `x` that an index selects. Positions in arrays that are out
 * of bounds are clamped, or what they would read is filled.
 */
export function selected(
  x: NDArray,
  statics: readonly StaticIndexer[],
  arrays: readonly NDArray[],
  mode: GatherMode = "clip",
): NDArray {
  const plan = planOf(statics, x.shape);
  const block = blockOf(reshape(x, plan.expanded), plan);
  const kept = without(block, plan.dropped);
  if (arrays.length === 0) return kept;
  const axes = keptAxes(plan);
  const indices = indexVectors(arrays, axes, kept.shape);
  return gather(kept, indices, {
    offsetDims: windowsOf(plan, kept.ndim, indices.ndim - 1),
    collapsedSliceDims: axes,
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    startIndexMap: axes,
    sliceSizes: kept.shape.map((e, axis) => axes.includes(axis) ? 1 : e),
    mode,
  });
}

/**
 * `x` with the elements that an index selects combined with values, in the
 * dtype to which both promote; positions outside are dropped.
 */
export function updated(
  x: NDArray,
  values: NDArray,
  statics: readonly StaticIndexer[],
  arrays: readonly NDArray[],
  how: Update,
): NDArray {
  if (how === "set") return replaced(x, values, statics, arrays, how);
  const [wide, operands] = promoteDtypes([x, values]) as [NDArray, NDArray];
  const out = replaced(wide, operands, statics, arrays, how);
  return convertElementType(out, x.dtype, x.weakType);
}

function replaced(
  x: NDArray,
  values: NDArray,
  statics: readonly StaticIndexer[],
  arrays: readonly NDArray[],
  how: Update,
): NDArray {
  const plan = planOf(statics, x.shape);
  const whole = reshape(x, plan.expanded);
  const block = blockOf(whole, plan);
  const kept = without(block, plan.dropped);
  const inner = arrays.length > 0
    ? scattered(kept, values, arrays, plan, how)
    : COMBINE[how].direct(kept, fitted(values, kept.shape, kept));
  return reshape(putBlock(whole, reshape(inner, block.shape), plan), x.shape);
}

/** Values in the dtype of `x`, repeated to a shape. */
function fitted(
  values: NDArray,
  shape: readonly number[],
  x: NDArray,
): NDArray {
  const common = broadcastShapes("at()", [values.shape, shape]);
  if (String(common) !== String(shape)) {
    throw new ShapeError(
      `Cannot put values of shape [${values.shape}] into a selection of shape ` +
        `[${shape}]: aligned at the last axis, extents must be equal or 1`,
    );
  }
  return broadcastTo(convertElementType(values, x.dtype), shape);
}

function scattered(
  x: NDArray,
  values: NDArray,
  arrays: readonly NDArray[],
  plan: IndexPlan,
  how: Update,
): NDArray {
  const axes = keptAxes(plan);
  const indices = indexVectors(arrays, axes, x.shape);
  const windows = windowsOf(plan, x.ndim, indices.ndim - 1);
  const others = x.shape.filter((_, axis) => !axes.includes(axis));
  const shape = [...indices.shape.slice(0, -1)];
  windows.forEach((at, i) => shape.splice(at, 0, others[i]!));
  const combine = COMBINE[x.dtype === "bool" ? OF_BOOLS[how] : how];
  return combine.scattered(x, indices, fitted(values, shape, x), {
    updateWindowDims: windows,
    insertedWindowDims: axes,
    operandBatchingDims: [],
    scatterIndicesBatchingDims: [],
    scatterDimsToOperandDims: axes,
  });
}

function without(x: NDArray, dropped: readonly number[]): NDArray {
  return reshape(x, x.shape.filter((_, axis) => !dropped.includes(axis)));
}

/** Where axis `axis` is once single positions are dropped. */
function keptAxes({ byArray, dropped }: IndexPlan): readonly number[] {
  return byArray.map((axis) => axis - dropped.filter((d) => d < axis).length);
}

/** Axes of the result that come from axes without an array. */
function windowsOf(
  { arraysAt, byArray }: IndexPlan,
  ndim: number,
  batchNdim: number,
): readonly number[] {
  const count = ndim - byArray.length;
  return Array.from(
    { length: count },
    (_, i) => i < arraysAt ? i : i + batchNdim,
  );
}

/** Positions that negative numbers count from the end, as vectors along a new last axis. */
function indexVectors(
  arrays: readonly NDArray[],
  axes: readonly number[],
  shape: readonly number[],
): NDArray {
  const common = broadcastShapes("slice()", arrays.map((x) => x.shape));
  const components = arrays.map((given, i) => {
    const wrapped = wrap(given, shape[axes[i]!]!);
    return reshape(broadcastTo(wrapped, common), [...common, 1]);
  });
  return concatenate(components, common.length);
}

/** Negative positions count from the end. */
export function wrap(positions: NDArray, extent: number): NDArray {
  const x = convertElementType(positions, "int32");
  if (kindOf(positions.dtype) === "uint") return x;
  const isNegative = compare("lt", x, fullLike(x, 0));
  return select(isNegative, add(x, fullLike(x, extent)), x);
}

/** The ranges of a plan, as a block. */
function blockOf(x: NDArray, { ranges }: IndexPlan): NDArray {
  const block = slice(
    x,
    ranges.map((r) => r.start),
    ranges.map((r) =>
      r.count === 0 ? r.start : r.start + (r.count - 1) * r.step + 1
    ),
    ranges.map((r) => r.step),
  );
  return rev(block, reversedAxes(ranges));
}

function reversedAxes(ranges: IndexPlan["ranges"]): readonly number[] {
  return ranges.flatMap((r, axis) => r.isReversed ? [axis] : []);
}

/** `x` with its ranges replaced by a block. */
function putBlock(x: NDArray, block: NDArray, { ranges }: IndexPlan): NDArray {
  if (block.size === 0) return x;
  const ordered = rev(block, reversedAxes(ranges));
  if (String(ordered.shape) === String(x.shape)) return ordered;
  if (ranges.every((r) => r.step === 1 || r.count === 1)) {
    const starts = ranges.map((r) => scalar(r.start, "int32"));
    return dynamicUpdateSlice(x, ordered, starts);
  }
  const spread = (y: NDArray) =>
    pad(
      y,
      scalar(0, y.dtype),
      ranges.map((r, axis) => {
        const length = (r.count - 1) * r.step + 1;
        return [r.start, x.shape[axis]! - r.start - length, r.step - 1];
      }),
    );
  const isInside = spread(fullLike(compare("eq", ordered, ordered), 1));
  return select(isInside, spread(ordered), x);
}
