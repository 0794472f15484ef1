/** Sums and extrema over windows that move over an array: pooling. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { isFloating } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import { REDUCTION_COST } from "../ir/chains.ts";
import type { Node, Reducer } from "../ir/scalar.ts";
import { identityOf } from "../ir/semantics.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading } from "./_define.ts";
import { widened } from "./_reduce.ts";
import { type AxisWindow, transposedWindow, windowCount } from "./_windows.ts";
import { zerosLike } from "./constants.ts";
import { gather } from "./gather_scatter.ts";
import { reshape } from "./layout.ts";

type Params = { readonly windows: readonly AxisWindow[] };

/** How windows move over each axis of an array. */
export type WindowOptions = {
  readonly windowDimensions: readonly number[];
  readonly windowStrides: readonly number[];
  /** Elements added before and after, which change no result; negative ones are removed. */
  readonly padding: readonly (readonly [lo: number, hi: number])[];
  /** Distance between elements of the array; 1 unless given. */
  readonly baseDilation?: readonly number[];
  /** Distance between elements of a window; 1 unless given. */
  readonly windowDilation?: readonly number[];
};

function windowsOf(options: WindowOptions): readonly AxisWindow[] {
  return options.windowDimensions.map((size, axis) => ({
    size,
    stride: options.windowStrides[axis]!,
    padding: options.padding[axis]!,
    baseDilation: options.baseDilation?.[axis] ?? 1,
    windowDilation: options.windowDilation?.[axis] ?? 1,
  }));
}

/** A window of one element, for the batch axis. */
const SINGLE: AxisWindow = {
  size: 1,
  stride: 1,
  padding: [0, 0],
  baseDilation: 1,
  windowDilation: 1,
};

/** Shape, batching and cost, which do not depend on what is computed in a window. */
function windowAval(x: Aval, { windows }: Params): Aval {
  const fits = windows.length === x.ndim &&
    windows.every((w) =>
      w.size >= 1 && w.stride >= 1 && w.baseDilation >= 1 &&
      w.windowDilation >= 1 && w.padding?.length === 2
    );
  if (!fits) {
    throw new ShapeError(
      `Cannot reduce windows [${windows.map((w) => w.size)}] of ${x} by ` +
        `strides [${
          windows.map((w) => w.stride)
        }]: needs a positive size and ` +
        `stride, padding [lo, hi] and positive dilations for each axis`,
    );
  }
  return x.with({
    shape: windows.map((window, axis) => windowCount(x.shape[axis]!, window)),
  });
}

/** Combines what `body` makes of each place of the array that a window covers. */
function windowReduction(
  k: KernelBuilder,
  reducer: Reducer,
  { shape }: Aval,
  windows: readonly AxisWindow[],
  body: Source,
): Source {
  return (outer) =>
    k.reduce(reducer, windows.map((w) => w.size), outer, (taps) => {
      const places = windows.map((w, axis) => {
        const dilated = k.shift(
          k.indices.add(
            k.indices.scale(outer[axis]!, w.stride),
            k.indices.scale(taps[axis]!, w.windowDilation),
          ),
          -w.padding[0],
        );
        return {
          at: k.indices.quotient(dilated, w.baseDilation),
          between: k.indices.remainder(dilated, w.baseDilation),
        };
      });
      const bounds = places.flatMap(({ at, between }, axis) => [
        { index: at, extent: shape[axis]! },
        { index: between, extent: 1 },
      ]);
      const value = k.within(bounds, () => body(places.map(({ at }) => at)));
      const { dtype } = value;
      const nothing = k.constant(identityOf(reducer, dtype), dtype);
      return k.apply("select", dtype, k.inBounds(bounds), value, nothing);
    });
}

const sumP: Primitive<readonly [NDArray], Params> = {
  name: "reduce_window_sum",
  cost: REDUCTION_COST,
  readsManyTimes: true,
  abstractEval: ([x], params) => [windowAval(x, params)],
  jvp: ([x], [dx], params) => [
    [bind1(sumP, [x], params)],
    [dx && bind1(sumP, [dx], params)],
  ],
  transpose: ([ct], [{ aval: { shape } }], { windows }) => [
    bind1(sumP, [ct], {
      windows: windows.map((window, axis) =>
        transposedWindow(window, shape[axis]!, ct.shape[axis]!)
      ),
    }),
  ],
  batch: ([x], _mapped, _axis, { windows }) => [
    bind1(sumP, [x], { windows: [SINGLE, ...windows] }),
  ],
  lower: (k, [x], { windows }, { ins: [aval] }) =>
    widened(
      k,
      aval.dtype,
      (wide) =>
        windowReduction(k, "add", aval, windows, (i) => k.cast(x(i), wide)),
    ),
};

/**
 * The sum of each window.
 *
 * @throws {ShapeError} If an axis lacks a window.
 */
export function reduceWindowSum(x: NDArray, options: WindowOptions): NDArray {
  return bind1(sumP, [x], { windows: windowsOf(options) });
}

function extremum(
  which: "max" | "min",
): (x: NDArray, options: WindowOptions) => NDArray {
  const primitive: Primitive<readonly [NDArray], Params> = {
    name: `reduce_window_${which}`,
    cost: REDUCTION_COST,
    readsManyTimes: true,
    abstractEval: ([x], params) => [windowAval(x, params)],
    jvp: ([x], [dx], params) => {
      const out = bind1(primitive, [x], params);
      return [[out], [dx && chosen(dx, firstEqual(x, out, params))]];
    },
    batch: ([x], _mapped, _axis, { windows }) => [
      bind1(primitive, [x], { windows: [SINGLE, ...windows] }),
    ],
    lower: (k, [x], { windows }, { ins: [aval] }) =>
      windowReduction(k, which, aval, windows, x),
  };
  return (x, options) => bind1(primitive, [x], { windows: windowsOf(options) });
}

/**
 * The largest element of each window; NaN if there is one. Of equal ones the
 * first has the derivative.
 *
 * @throws {ShapeError} If an axis lacks a window.
 */
export const reduceWindowMax: (x: NDArray, options: WindowOptions) => NDArray =
  extremum("max");

/**
 * The smallest element of each window; NaN if there is one. Of equal ones the
 * first has the derivative.
 *
 * @throws {ShapeError} If an axis lacks a window.
 */
export const reduceWindowMin: (x: NDArray, options: WindowOptions) => NDArray =
  extremum("min");

type FirstEqualParams = Params & {
  /** How many leading axes a position does not count. */
  readonly batchDims: number;
};

/** Where in each window an element first equals a value: the row-major position in the array. */
const firstEqualP: Primitive<readonly [NDArray, NDArray], FirstEqualParams> = {
  name: "reduce_window_first_equal",
  cost: REDUCTION_COST,
  readsManyTimes: true,
  abstractEval: ([x], params) => [
    windowAval(x, params).with({ dtype: "int32", weakType: false }),
  ],
  jvp: ([x, value], _tangents, params) => [
    [bind1(firstEqualP, [x, value], params)],
    [null],
  ],
  batch: (inputs, mapped, { size }, { windows, batchDims }) => {
    const [x, value] = allLeading(inputs, mapped, size);
    return [bind1(firstEqualP, [x!, value!], {
      windows: [SINGLE, ...windows],
      batchDims: batchDims + 1,
    })];
  },
  lower:
    (k, [x, value], { windows, batchDims }, { ins: [aval] }) => (outer) => {
      const wanted = value(outer);
      const nowhere = k.constant(identityOf("min", "int32"), "int32");
      return windowReduction(k, "min", aval, windows, (place) => {
        const position = k.flatten(
          place.slice(batchDims),
          aval.shape.slice(batchDims),
        );
        return k.apply(
          "select",
          "int32",
          isSame(k, x(place), wanted),
          k.value(position, "int32"),
          nowhere,
        );
      })(outer);
    },
};

/** Whether an element is the extremum of its window. NaN is, wherever it is. */
function isSame(k: KernelBuilder, x: Node, extremum: Node): Node {
  const isEqual = k.apply("eq", "bool", x, extremum);
  return isFloating(x.dtype)
    ? k.apply("or", "bool", isEqual, k.apply("isNan", "bool", x))
    : isEqual;
}

function firstEqual(x: NDArray, value: NDArray, params: Params): NDArray {
  return bind1(firstEqualP, [x, value], { ...params, batchDims: 0 });
}

/** Elements of `dx` at row-major positions; zero for windows that cover nothing. */
function chosen(dx: NDArray, positions: NDArray): NDArray {
  if (dx.size === 0) {
    return zerosLike({ aval: dx.aval.with({ shape: positions.shape }) });
  }
  return gather(
    reshape(dx, [dx.size]),
    reshape(positions, [...positions.shape, 1]),
    {
      offsetDims: [],
      collapsedSliceDims: [0],
      operandBatchingDims: [],
      startIndicesBatchingDims: [],
      startIndexMap: [0],
      sliceSizes: [1],
      mode: "fill",
      fillValue: 0,
    },
  );
}
