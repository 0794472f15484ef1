/** Scattering of windows to places that an array of indices names: what the family shares. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { isFloating } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import type { Scatter } from "../ir/kernel.ts";
import type { Bound } from "../ir/scalar.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { axesExcept } from "./_axes.ts";
import { allLeading, leading } from "./_define.ts";
import type { GatherDimensions, GatherParams } from "./_gather.ts";
import { anyStart, clampedStart } from "./_starts.ts";

/**
 * Which axes of operand, indices and updates belong together, as XLA defines
 * it (https://openxla.org/stablehlo/spec#scatter). The last axis of the indices
 * holds the components of one index.
 */
export type ScatterDimensions = {
  /** Axes of the updates that lie within a window. */
  readonly updateWindowDims: readonly number[];
  /** Axes of the operand, of one element in a window, that the updates lack. */
  readonly insertedWindowDims: readonly number[];
  /** Axes of the operand that go along with axes of the indices. */
  readonly operandBatchingDims: readonly number[];
  /** The axes of the indices that go along with `operandBatchingDims`. */
  readonly scatterIndicesBatchingDims: readonly number[];
  /** Axes of the operand that the components of an index refer to. */
  readonly scatterDimsToOperandDims: readonly number[];
};

/** What becomes of a window that is not within bounds: moved into them, or dropped. */
export type ScatterMode = "clip" | "drop" | "promiseInBounds";

/** Params of the primitives. */
export type ScatterParams = ScatterDimensions & {
  readonly mode: ScatterMode;
  /** The caller's promise that no two windows overlap. */
  readonly uniqueIndices: boolean;
};

/** Operand, indices and updates. */
export type ScatterInputs = readonly [NDArray, NDArray, NDArray];

/** How a caller describes a scatter. */
export type ScatterOptions = ScatterDimensions & {
  /** `drop` unless given. */
  readonly mode?: ScatterMode;
  /** A promise that no two windows overlap; false unless given. */
  readonly uniqueIndices?: boolean;
};

/** What distinguishes one scatter from another. */
interface ScatterRules {
  readonly name: string;
  readonly combine: Scatter["combine"];
  readonly jvp: NonNullable<Primitive<ScatterInputs, ScatterParams>["jvp"]>;
  readonly transpose?: NonNullable<
    Primitive<ScatterInputs, ScatterParams>["transpose"]
  >;
}

/** A function that combines updates into the windows of an array. */
export type ScatterFunction = (
  x: NDArray,
  indices: NDArray,
  updates: NDArray,
  options: ScatterOptions,
) => NDArray;

/** A scatter with its primitive. */
export function scatterFunction(
  { name, combine, ...rules }: ScatterRules,
): ScatterFunction {
  const primitive: Primitive<ScatterInputs, ScatterParams> = {
    name,
    readsManyTimes: true,
    abstractEval: ([x, indices, updates], params) => {
      checkScatter(name, [x, indices, updates], params);
      return [x.with({ weakType: x.weakType && updates.weakType })];
    },
    batch: (inputs, mapped, { size }, params) => {
      const [x, indices, updates] = inputs;
      if (mapped[1]) {
        const all = allLeading(inputs, mapped, size) as ScatterInputs;
        return [bind1(primitive, all, batchedIndices(params))];
      }
      return [bind1(primitive, [
        leading(x, mapped[0], size),
        indices,
        leading(updates, mapped[2], size),
      ], batchedWindows(params))];
    },
    overwrites: 0,
    lowerStep: (block, { inputs: [x, indices, updates] }, params) => {
      const out = block.output(0);
      for (const atom of [indices!, updates!]) block.storeBefore(atom, x!);
      block.copy(x!, out);
      block.kernel((k, source, target) => {
        const axes = k.innerAxes(updates!.aval.shape, []);
        const index = axes.map((axis) => axis.index);
        const { place, bounds } = placeOf(k, source(indices!), params, {
          index,
          shape: x!.aval.shape,
          sizes: windowSizes(params, x!.aval, updates!.aval),
        });
        return {
          kind: "scatter",
          buffers: k.buffers,
          loops: axes.flatMap((axis) => axis.loops),
          combine,
          bounds,
          store: {
            buffer: target(out),
            offset: k.flatten(place, x!.aval.shape),
            value: source(updates!)(index),
          },
        };
      });
    },
    ...rules,
  };
  return (x, indices, updates, options) =>
    bind1(primitive, [x, indices, updates], {
      mode: "drop",
      uniqueIndices: false,
      ...options,
    });
}

/** Where an element of the updates belongs, and the bounds that must hold. */
function placeOf(
  k: KernelBuilder,
  indices: Source,
  params: ScatterParams,
  { index, shape, sizes }: {
    readonly index: ReturnType<KernelBuilder["unflatten"]>;
    readonly shape: readonly number[];
    readonly sizes: readonly number[];
  },
): {
  readonly place: ReturnType<KernelBuilder["unflatten"]>;
  readonly bounds: readonly Bound[];
} {
  const { updateWindowDims, scatterDimsToOperandDims } = params;
  const batch = index.filter((_, axis) => !updateWindowDims.includes(axis));
  const windows = windowAxes(params, shape.length);
  const limits = shape.map((extent, d) => extent - sizes[d]!);
  const starts = scatterDimsToOperandDims.map((d, q) => {
    const node = indices([...batch, k.indices.constant(q)]);
    return params.mode === "clip"
      ? clampedStart(k, node, limits[d]!)
      : anyStart(k, node);
  });
  const place = shape.map((_, d) => {
    const batching = params.operandBatchingDims.indexOf(d);
    if (batching >= 0) {
      return batch[params.scatterIndicesBatchingDims[batching]!]!;
    }
    const start = starts[scatterDimsToOperandDims.indexOf(d)] ??
      k.indices.constant(0);
    const w = windows.indexOf(d);
    return w < 0 ? start : k.indices.add(start, index[updateWindowDims[w]!]!);
  });
  const bounds = scatterDimsToOperandDims.map((d, q) => ({
    index: starts[q]!,
    extent: limits[d]! + 1,
  }));
  return { place, bounds: params.mode === "clip" ? [] : bounds };
}

/** Axes of the operand along which a window extends in the updates. */
function windowAxes(
  { insertedWindowDims, operandBatchingDims }: ScatterDimensions,
  ndim: number,
): readonly number[] {
  return axesExcept([...insertedWindowDims, ...operandBatchingDims], ndim);
}

/** Extents of a window along the axes of the operand. */
function windowSizes(
  params: ScatterDimensions,
  x: Pick<Aval, "ndim" | "shape">,
  updates: Pick<Aval, "shape">,
): readonly number[] {
  const windows = windowAxes(params, x.ndim);
  return x.shape.map((_, d) => {
    const w = windows.indexOf(d);
    return w < 0 ? 1 : updates.shape[params.updateWindowDims[w]!]!;
  });
}

/** The gather that reads what a scatter writes, with zeros for dropped windows. */
export function gatherOf(
  params: ScatterParams,
  x: Pick<Aval, "ndim" | "shape">,
  updates: Pick<Aval, "shape">,
): GatherParams {
  return {
    offsetDims: params.updateWindowDims,
    collapsedSliceDims: params.insertedWindowDims,
    operandBatchingDims: params.operandBatchingDims,
    startIndicesBatchingDims: params.scatterIndicesBatchingDims,
    startIndexMap: params.scatterDimsToOperandDims,
    sliceSizes: windowSizes(params, x, updates),
    mode: params.mode === "clip" ? "clip" : "fill",
    fillValue: 0,
  };
}

/** The scatter that writes what a gather reads. */
export function scatterOf(
  params: GatherDimensions & Pick<GatherParams, "mode">,
): ScatterOptions {
  return {
    updateWindowDims: params.offsetDims,
    insertedWindowDims: params.collapsedSliceDims,
    operandBatchingDims: params.operandBatchingDims,
    scatterIndicesBatchingDims: params.startIndicesBatchingDims,
    scatterDimsToOperandDims: params.startIndexMap,
    mode: params.mode === "fill" ? "drop" : params.mode,
  };
}

const moved = (axes: readonly number[]) => axes.map((axis) => axis + 1);

/** With a leading axis of all three. */
function batchedIndices(params: ScatterParams): ScatterParams {
  return {
    ...params,
    updateWindowDims: moved(params.updateWindowDims),
    insertedWindowDims: moved(params.insertedWindowDims),
    operandBatchingDims: [0, ...moved(params.operandBatchingDims)],
    scatterIndicesBatchingDims: [
      0,
      ...moved(params.scatterIndicesBatchingDims),
    ],
    scatterDimsToOperandDims: moved(params.scatterDimsToOperandDims),
  };
}

/** With a leading axis of operand and updates, which every window covers. */
function batchedWindows(params: ScatterParams): ScatterParams {
  return {
    ...params,
    updateWindowDims: [0, ...moved(params.updateWindowDims)],
    insertedWindowDims: moved(params.insertedWindowDims),
    operandBatchingDims: moved(params.operandBatchingDims),
    scatterDimsToOperandDims: moved(params.scatterDimsToOperandDims),
  };
}

function checkScatter(
  name: string,
  [x, indices, updates]: readonly [Aval, Aval, Aval],
  params: ScatterParams,
): void {
  const { updateWindowDims, scatterDimsToOperandDims } = params;
  const batch = updates.shape.filter((_, a) => !updateWindowDims.includes(a));
  const sizes = windowSizes(params, x, updates);
  const fits = !isFloating(indices.dtype) && indices.dtype !== "bool" &&
    updates.dtype === x.dtype &&
    indices.shape.at(-1) === scatterDimsToOperandDims.length &&
    String(batch) === String(indices.shape.slice(0, -1)) &&
    updateWindowDims.length === windowAxes(params, x.ndim).length &&
    sizes.every((size, d) => size <= x.shape[d]!) &&
    params.operandBatchingDims.every((d, i) =>
      x.shape[d] === indices.shape[params.scatterIndicesBatchingDims[i]!]
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot apply ${name} of updates ${updates} to ${x} at indices ${indices}: ` +
      `needs updates of its dtype, integers whose last axis has ` +
      `${scatterDimsToOperandDims.length} components, updates with the other ` +
      `axes of the indices and windows within the array`,
  );
}
