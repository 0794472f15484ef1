/** Elements by position: `take` and its kin, and diagonals. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Indexer, IndexUpdater } from "../../core/methods.ts";
import { add } from "../../core/ops/addition.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, iota, scalar, zerosLike } from "../../core/ops/constants.ts";
import { gather } from "../../core/ops/gather_scatter.ts";
import { reshape } from "../../core/ops/layout.ts";
import { pad } from "../../core/ops/slice_pad.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { accumulatedType, broadcastTo, converted } from "../_promote.ts";
import { diagonalOf } from "./_diagonal.ts";
import type { StaticIndexer } from "./_index.ts";
import { resolved, selected, type Update, updated, wrap } from "./_select.ts";

const selection = inlinedList(
  "slice",
  ([x, ...arrays], statics: readonly StaticIndexer[]) =>
    selected(x!, statics, arrays),
);

const replacement = inlinedList(
  "at",
  ([x, values, ...arrays], statics: readonly StaticIndexer[], how: Update) =>
    updated(x!, values!, statics, arrays, how),
);

/**
 * Part of `x`, as NumPy's `x[...]`: per axis a number, `[]` (all), `[start]`,
 * `[start, stop]`, `[start, stop, step]`, `null` (a new axis), `"..."`, or an
 * array of integers or bools. Positions in arrays are clamped.
 *
 * @throws {RangeError} If a number is outside of its axis.
 * @throws {TracerError} If an array of bools is traced.
 */
export function slice(x: NDArray, index: readonly Indexer[]): NDArray {
  const { statics, arrays } = resolved(x, index);
  return selection([x, ...arrays], statics);
}

/**
 * Updates of the elements that an index selects, each of which returns a new
 * array. Positions in arrays that are out of bounds are dropped.
 *
 * @throws {RangeError} If a number is outside of its axis.
 */
export function at(x: NDArray, index: readonly Indexer[]): IndexUpdater {
  const { statics, arrays } = resolved(x, index);
  const update = (how: Update) => (values: ArrayLike) =>
    replacement([x, values, ...arrays], statics, how);
  return {
    get: () => selection([x, ...arrays], statics),
    set: update("set"),
    add: update("add"),
    mul: update("multiply"),
    multiply: update("multiply"),
    min: update("min"),
    max: update("max"),
  };
}

const taken = inlined(
  "take",
  2,
  ([x, positions], axis: number | null) => {
    const whole = axis === null ? reshape(x, [x.size]) : x;
    const along = axis === null ? 0 : axisOf("take()", axis, x.ndim);
    const before = Array.from({ length: along }, () => [] as const);
    return selected(whole, [...before, "array"], [positions], "fill");
  },
);

/**
 * Elements at positions along an axis, or of all in row-major order. Outside of
 * the axis are NaN, the least signed or the greatest unsigned integer, or true.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.take(np.array([5, 6, 7]), np.array([2, 0], { dtype: "int32" })).js(), [7, 5]);
 * ```
 */
export function take(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null = null,
): NDArray {
  const positions = typeof indices === "number"
    ? scalar(indices, "int32")
    : indices;
  return taken(x, positions, axis);
}

const takenAlong = inlined(
  "takeAlongAxis",
  2,
  ([given, positions], axis: number | null) => {
    const x = axis === null ? reshape(given, [given.size]) : given;
    if (x.ndim !== positions.ndim) {
      throw new ShapeError(
        `Cannot take ${positions.aval} along an axis of ${x.aval}: needs as ` +
          `many axes in both`,
      );
    }
    const along = axisOf("takeAlongAxis()", axis ?? 0, x.ndim);
    const others = x.shape.map((_, a) => a).filter((a) => a !== along);
    const common = x.shape.map((e, a) =>
      a === along ? positions.shape[a]! : Math.max(e, positions.shape[a]!)
    );
    const extents = common.map((e, a) => a === along ? x.shape[a]! : e);
    const indices = broadcastTo(wrap(positions, x.shape[along]!), common);
    return gather(
      broadcastTo(x, extents),
      reshape(indices, [...common, 1]),
      {
        offsetDims: [],
        collapsedSliceDims: [along],
        operandBatchingDims: others,
        startIndicesBatchingDims: others,
        startIndexMap: [along],
        sliceSizes: extents.map(() => 1),
        mode: "fill",
      },
    );
  },
);

/**
 * Along an axis, the elements at positions that are given for each place of
 * the other axes, which broadcast. Without an axis, `x` is flat. Positions outside
 * of the axis are filled as in `take`.
 *
 * @throws {ShapeError} If the numbers of axes differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.takeAlongAxis(np.array([3, 1]), np.argsort(np.array([3, 1])), 0).js(), [1, 3]);
 * ```
 */
export function takeAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null,
): NDArray {
  return takenAlong(x, indices, axis);
}

const diagonals = inlined(
  "diagonal",
  1,
  ([x], offset: number, axis1: number, axis2: number) =>
    diagonalOf(x, offset, ...planeOf("diagonal()", x, axis1, axis2)),
);

function planeOf(
  what: string,
  x: NDArray,
  axis1: number,
  axis2: number,
): readonly [number, number] {
  const plane = [axisOf(what, axis1, x.ndim), axisOf(what, axis2, x.ndim)];
  if (plane[0] !== plane[1]) return [plane[0]!, plane[1]!];
  throw new RangeError(
    `Cannot use axis ${axis1} twice in ${what}: needs two different axes`,
  );
}

/**
 * The diagonal of two axes, as the last axis of the result; `offset` moves it
 * to the right.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.diagonal(np.arange(4).reshape([2, 2])).js(), [0, 3]);
 * ```
 */
export function diagonal(
  x: ArrayLike,
  offset = 0,
  axis1 = 0,
  axis2 = 1,
): NDArray {
  return diagonals(x, offset, axis1, axis2);
}

const traces = inlined(
  "trace",
  1,
  ([x], offset: number, axis1: number, axis2: number) => {
    const plane = planeOf("trace()", x, axis1, axis2);
    const line = diagonalOf(x, offset, ...plane);
    return sum(converted(line, accumulatedType(line)), [line.ndim - 1]);
  },
);

/**
 * The sum of a diagonal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.trace(np.arange(4).reshape([2, 2])).item(), 3);
 * ```
 */
export function trace(
  x: ArrayLike,
  offset = 0,
  axis1 = 0,
  axis2 = 1,
): NDArray {
  return traces(x, offset, axis1, axis2);
}

const diagonalMatrix = inlined("diag", 1, ([x], offset: number) => {
  if (x.ndim === 2) return diagonalOf(x, offset, 0, 1);
  if (x.ndim !== 1) {
    throw new ShapeError(
      `Cannot make or take a diagonal of ${x.aval}: needs one axis or two`,
    );
  }
  const before = Math.max(-offset, 0);
  const extent = x.size + Math.abs(offset);
  const shape = [extent, extent];
  const column = pad(x, scalar(0, x.dtype), [[
    before,
    extent - x.size - before,
    0,
  ]]);
  const spread = broadcastTo(reshape(column, [extent, 1]), shape);
  const row = iota("int32", shape, 0);
  const isOn = compare(
    "eq",
    add(row, fullLike(row, offset)),
    iota("int32", shape, 1),
  );
  return select(isOn, spread, zerosLike(spread));
});

/**
 * The matrix with a vector on its diagonal, or the diagonal of a matrix.
 *
 * @throws {ShapeError} If there are neither one nor two axes.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.diag(np.array([1, 2])).js(), [[1, 0], [0, 2]]);
 * ```
 */
export function diag(x: ArrayLike, offset = 0): NDArray {
  return diagonalMatrix(x, offset);
}
