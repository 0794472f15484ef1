/** Parts of an array at places that are known only at run time. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { isFloating } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import type { Index } from "../ir/index.ts";
import { Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading, leading } from "./_define.ts";
import { clampedStart } from "./_starts.ts";
import { concatenate } from "./concatenate.ts";
import { scalar, zerosLike } from "./constants.ts";
import { gather } from "./gather_scatter.ts";
import { reshape } from "./layout.ts";
import { scatter } from "./scatter.ts";

type SliceParams = { readonly sizes: readonly number[] };

const dynamicSliceP: Primitive<
  readonly [NDArray, ...NDArray[]],
  SliceParams
> = {
  name: "dynamic_slice",
  cost: 0,
  abstractEval: ([x, ...starts], { sizes }) => {
    checkPart("take a part of", x, sizes, starts);
    return [x.with({ shape: sizes })];
  },
  jvp: ([x, ...starts], [dx], { sizes }) => [
    [dynamicSlice(x, starts, sizes)],
    [dx && dynamicSlice(dx, starts, sizes)],
  ],
  transpose: ([ct], [x, ...starts]) => [
    x instanceof Linear
      ? dynamicUpdateSlice(zerosLike(x), ct, starts as readonly NDArray[])
      : null,
    ...starts.map(() => null),
  ],
  batch: ([x, ...starts], [xMapped, ...mapped], { size }, { sizes }) => {
    if (!mapped.some((is) => is)) {
      return [dynamicSlice(x, [zeroFor(starts), ...starts], [size, ...sizes])];
    }
    const axes = sizes.map((_, axis) => axis);
    const batching = xMapped ? [0] : [];
    return [gather(x, stackedStarts(starts, mapped, size), {
      offsetDims: axes.map((axis) => axis + 1),
      collapsedSliceDims: [],
      operandBatchingDims: batching,
      startIndicesBatchingDims: batching,
      startIndexMap: axes.map((axis) => axis + batching.length),
      sliceSizes: [...batching.map(() => 1), ...sizes],
      mode: "clip",
    })];
  },
  lower: (k, [x, ...starts], { sizes }, { ins: [{ shape }] }) => (index) =>
    x(placed(k, index, startsWithin(k, starts, shape, sizes))),
};

/**
 * The part of extents `sizes` that begins at `starts`, 0-d integers, one per axis.
 * Starts are clamped so that the part lies within the array.
 *
 * @throws {ShapeError} If the part is larger than the array.
 */
export function dynamicSlice(
  x: NDArray,
  starts: readonly NDArray[],
  sizes: readonly number[],
): NDArray {
  return bind1(dynamicSliceP, [x, ...starts], { sizes });
}

const dynamicUpdateSliceP: Primitive<
  readonly [NDArray, NDArray, ...NDArray[]]
> = {
  name: "dynamic_update_slice",
  abstractEval: ([x, update, ...starts]) => {
    checkPart(`store ${update} in`, x, update.shape, starts);
    if (update.dtype !== x.dtype) {
      throw new ShapeError(
        `Cannot store ${update} in ${x}: dtypes must be equal. Convert the update`,
      );
    }
    return [x.with({ weakType: x.weakType && update.weakType })];
  },
  jvp: ([x, update, ...starts], [dx, dUpdate]) => [
    [dynamicUpdateSlice(x, update, starts)],
    [
      dx || dUpdate
        ? dynamicUpdateSlice(
          dx ?? zerosLike(x),
          dUpdate ?? zerosLike(update),
          starts,
        )
        : null,
    ],
  ],
  transpose: ([ct], [x, update, ...rest]) => {
    const starts = rest as readonly NDArray[];
    const { shape } = update.aval;
    return [
      x instanceof Linear
        ? dynamicUpdateSlice(ct, zerosLike(update), starts)
        : null,
      update instanceof Linear ? dynamicSlice(ct, starts, shape) : null,
      ...starts.map(() => null),
    ];
  },
  batch: ([x, update, ...starts], [xMapped, updateMapped, ...mapped], axis) => {
    const whole = leading(x, xMapped, axis.size);
    const updates = leading(update, updateMapped, axis.size);
    if (!mapped.some((is) => is)) {
      return [dynamicUpdateSlice(whole, updates, [zeroFor(starts), ...starts])];
    }
    const axes = starts.map((_, axis) => axis + 1);
    return [
      scatter(whole, stackedStarts(starts, mapped, axis.size), updates, {
        updateWindowDims: axes,
        insertedWindowDims: [],
        operandBatchingDims: [0],
        scatterIndicesBatchingDims: [0],
        scatterDimsToOperandDims: axes,
        mode: "clip",
        uniqueIndices: true,
      }),
    ];
  },
  overwrites: 0,
  lowerStep: (block, { inputs: [x, update, ...starts], outputs: [out] }) => {
    const { shape } = out!.aval;
    const extents = update!.aval.shape;
    const to = block.output(0);
    // What `x` is still needed for comes first: then its memory can be taken over.
    for (const atom of [update!, ...starts]) block.storeBefore(atom, x!);
    block.copy(x!, to);
    block.storeRegion(to, {
      extents,
      shape,
      at: (k, index, source) => {
        const begin = startsWithin(k, starts.map(source), shape, extents);
        return placed(k, index, begin);
      },
      value: (_k, source) => source(update!),
    });
  },
};

/**
 * `x` with `update` in the part that begins at `starts`, 0-d integers, one per
 * axis. Starts are clamped so that the part lies within the array. A compiled
 * program stores in place where `x` is not needed any more.
 *
 * @throws {ShapeError} If the update is larger than the array, or dtypes differ.
 */
export function dynamicUpdateSlice(
  x: NDArray,
  update: NDArray,
  starts: readonly NDArray[],
): NDArray {
  return bind1(dynamicUpdateSliceP, [x, update, ...starts], {});
}

function checkPart(
  action: string,
  x: Aval,
  sizes: readonly number[],
  starts: readonly Aval[],
): void {
  const fits = sizes.length === x.ndim && starts.length === x.ndim &&
    sizes.every((size, axis) => 0 <= size && size <= x.shape[axis]!) &&
    starts.every(({ ndim, dtype }) =>
      ndim === 0 && !isFloating(dtype) && dtype !== "bool" &&
      dtype === starts[0]!.dtype
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot ${action} ${x} with extents [${sizes}] at [${starts}]: needs a ` +
      `0-d integer start of one dtype for each axis, and extents within those ` +
      `of the array`,
  );
}

/** A start for the batch axis, of the dtype of the others. */
function zeroFor([start]: readonly NDArray[]): NDArray {
  return scalar(0, start?.dtype ?? "int32");
}

/** Starts of each element of the batch, as rows. */
function stackedStarts(
  starts: readonly NDArray[],
  mapped: readonly boolean[],
  size: number,
): NDArray {
  const columns = allLeading(starts, mapped, size);
  return concatenate(columns.map((start) => reshape(start, [size, 1])), 1);
}

/** Starts of a part of extents `sizes`, clamped. */
function startsWithin(
  k: KernelBuilder,
  starts: readonly Source[],
  shape: readonly number[],
  sizes: readonly number[],
): readonly Index[] {
  return starts.map((start, axis) =>
    clampedStart(k, start([]), shape[axis]! - sizes[axis]!)
  );
}

function placed(
  k: KernelBuilder,
  index: readonly Index[],
  starts: readonly Index[],
): readonly Index[] {
  return index.map((i, axis) => k.indices.add(i, starts[axis]!));
}
