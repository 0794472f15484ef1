/** Sorting along an axis. */

import type { NDArray } from "../array.ts";
import { type Aval, sameShape } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import { isFloating } from "../dtype.ts";
import type { BlockLowering, StepEquation } from "../ir/block.ts";
import type { Primitive, Tangent } from "../primitive.ts";
import { bind } from "../trace.ts";
import { axesExcept } from "./_axes.ts";
import { allLeading } from "./_define.ts";
import { neg } from "./arithmetic.ts";
import { not } from "./bits.ts";
import { iota } from "./constants.ts";
import { gather } from "./gather_scatter.ts";
import { reshape } from "./layout.ts";
import { isNan } from "./rounding.ts";
import { slice } from "./slice_pad.ts";

/** Along which axis to sort, and by how many of the operands, the first ones. */
export type SortOptions = {
  readonly dimension: number;
  readonly numKeys: number;
};

const sortP: Primitive<readonly NDArray[], SortOptions> = {
  name: "sort",
  readsManyTimes: true, // inputs may not hold reductions
  abstractEval: (avals, params) => {
    checkOperands(avals, params);
    return avals;
  },
  jvp: (operands, tangents, params) => {
    const { shape } = operands[0]!;
    const position = iota("int32", shape, params.dimension);
    const outs = sort([...operands, position], params);
    const order = outs.at(-1)!;
    const follow = (dx: Tangent) =>
      dx && dx.size > 0 ? takeAlong(dx, order, params.dimension) : dx;
    return [outs.slice(0, -1), tangents.map(follow)];
  },
  batch: (operands, mapped, { size }, { dimension, numKeys }) =>
    sort(allLeading(operands, mapped, size), {
      dimension: dimension + 1,
      numKeys,
    }),
  lowerStep: emitSort,
};

function checkOperands(
  avals: readonly Aval[],
  { dimension, numKeys }: SortOptions,
): void {
  const [first] = avals;
  const fits = avals.every((a) => sameShape(a.shape, first!.shape)) &&
    first?.shape[dimension] !== undefined &&
    Number.isInteger(numKeys) && numKeys >= 1 && numKeys <= avals.length;
  if (fits) return;
  throw new ShapeError(
    `Cannot sort ${avals.join(", ")} along axis ${dimension} by ${numKeys} ` +
      `keys: needs operands of one shape that has this axis, and 1 to ` +
      `${avals.length} keys`,
  );
}

function emitSort(
  block: BlockLowering,
  { inputs }: StepEquation,
  { dimension, numKeys }: SortOptions,
): void {
  const { shape } = inputs[0]!.aval;
  block.kernel((k, source, target) => {
    const loops = shape.map((extent) => k.indices.newLoop(extent));
    const index = loops.map((loop) => k.indices.of(loop));
    return {
      kind: "sort",
      buffers: k.buffers,
      loops: loops.filter((_, axis) => axis !== dimension),
      axis: loops[dimension]!,
      keys: numKeys,
      stores: inputs.map((x, i) => ({
        value: source(x)(index),
        buffer: target(block.output(i)),
        offset: k.flatten(index, shape),
      })),
    };
  });
}

/** Elements of `x` at positions along an axis, given for each element of the result. */
function takeAlong(x: NDArray, positions: NDArray, axis: number): NDArray {
  const others = axesExcept([axis], x.ndim);
  return gather(x, reshape(positions, [...x.shape, 1]), {
    offsetDims: [],
    collapsedSliceDims: [axis],
    operandBatchingDims: others,
    startIndicesBatchingDims: others,
    startIndexMap: [axis],
    sliceSizes: x.shape.map(() => 1),
    mode: "promiseInBounds",
  });
}

/**
 * Sorts operands of one shape together, in ascending order of the first
 * `numKeys` of them. Stable; NaN comes last, and -0 and 0 are equal.
 *
 * @throws {ShapeError} If shapes differ, or the axis or the count of keys does not fit.
 */
export function sort(
  operands: readonly NDArray[],
  { dimension, numKeys }: SortOptions,
): readonly NDArray[] {
  return bind(sortP, operands, { dimension, numKeys });
}

/**
 * The `k` largest elements along the last axis in descending order, and where
 * they are (int32). Of equal ones the first comes first; NaN is the largest.
 *
 * @throws {RangeError} If the last axis has fewer than `k` elements.
 */
export function topK(
  x: NDArray,
  k: number,
): readonly [values: NDArray, indices: NDArray] {
  const dimension = x.ndim - 1;
  const extent = x.shape[dimension];
  if (extent === undefined || !Number.isInteger(k) || k < 0 || k > extent) {
    throw new RangeError(
      `Cannot take the ${k} largest elements of ${x.aval}: needs a last axis ` +
        `of at least as many`,
    );
  }
  const keys = descendingKeys(x);
  const position = iota("int32", x.shape, dimension);
  const sorted = sort([...keys, x, position], {
    dimension,
    numKeys: keys.length,
  });
  const limit = x.shape.with(dimension, k);
  const first = (y: NDArray) => slice(y, limit.map(() => 0), limit);
  return [first(sorted.at(-2)!), first(sorted.at(-1)!)];
}

/** Keys whose ascending order is the descending one of `x`, NaN first. */
function descendingKeys(x: NDArray): readonly NDArray[] {
  // The complement of an integer does not overflow, unlike its negative.
  return isFloating(x.dtype) ? [not(isNan(x)), neg(x)] : [not(x)];
}
