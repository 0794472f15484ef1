/** Running sums, products and extrema along an axis. */

import type { NDArray } from "../array.ts";
import type { BlockLowering, StepEquation } from "../ir/block.ts";
import type { Reducer } from "../ir/scalar.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { requireAxes } from "./_axes.ts";
import { type Family, requireFamily } from "./_families.ts";
import { type Direction, linearRecurrence, previous } from "./_recurrence.ts";
import { mul, shareOf } from "./arithmetic.ts";
import { compare, select } from "./compare.ts";
import { full, iota } from "./constants.ts";
import { slopeOfLogAddExp } from "./exponential.ts";

/** A running combination along `axis`, from its end if `reverse`. */
export type Cumulative = (
  x: NDArray,
  axis: number,
  reverse?: boolean,
) => NDArray;

/** The derivatives of a combination of two values along each of them. */
type Slopes = (
  before: NDArray,
  x: NDArray,
) => readonly [alongBefore: NDArray, alongX: NDArray];

/** What distinguishes a running combination from others. */
interface CumulativeOptions {
  readonly reducer: Reducer;
  readonly accepts: Family;
  /** Absent where the combination is linear. */
  readonly slopes?: Slopes;
}

function cumulative(
  name: string,
  { reducer, accepts, slopes }: CumulativeOptions,
): Cumulative {
  const apply: Cumulative = (x, axis, reverse = false) =>
    bind1(primitive, [x], { axis, reverse });
  const primitive: Primitive<readonly [NDArray], Direction> = {
    name,
    readsManyTimes: true, // an input may not hold reductions
    abstractEval: ([x], { axis }) => {
      requireFamily(name, x, accepts);
      requireAxes(name, x, [axis]);
      return [x];
    },
    jvp: ([x], [dx], params) => {
      const { axis, reverse } = params;
      const out = apply(x, axis, reverse);
      if (!dx) return [[out], [null]];
      return [[out], [
        slopes
          ? runningTangent(dx, x, out, { slopes, ...params })
          : apply(dx, axis, reverse),
      ]];
    },
    ...(slopes ? {} : {
      transpose: ([ct], _inputs, { axis, reverse }) => [
        apply(ct, axis, !reverse),
      ],
    }),
    batch: (
      [x],
      _mapped,
      _axis,
      { axis, reverse },
    ) => [apply(x, axis + 1, reverse)],
    lowerStep: (block, equation, params) =>
      emitCumulative(block, equation, { reducer, ...params }),
  };
  return apply;
}

/** Each result depends on the one before it and on one element. */
function runningTangent(
  dx: NDArray,
  x: NDArray,
  out: NDArray,
  { slopes, axis, reverse }: Direction & { readonly slopes: Slopes },
): NDArray {
  const [alongBefore, alongX] = slopes(previous(out, { axis, reverse }), x);
  const first = reverse ? x.shape[axis]! - 1 : 0;
  const isFirst = compare(
    "eq",
    iota("int32", x.shape, axis),
    full(x.shape, first, "int32"),
  );
  const term = select(isFirst, dx, mul(dx, alongX));
  return linearRecurrence(alongBefore, term, { axis, reverse });
}

function emitCumulative(
  block: BlockLowering,
  { inputs: [x] }: StepEquation,
  { axis, reverse, reducer }: Direction & { readonly reducer: Reducer },
): void {
  const { shape } = x!.aval;
  block.kernel((k, source, target) => {
    const loops = shape.map((extent) => k.indices.newLoop(extent));
    const index = loops.map((loop) => k.indices.of(loop));
    return {
      kind: "cumulative",
      buffers: k.buffers,
      loops: loops.filter((_, a) => a !== axis),
      axis: loops[axis]!,
      reducer,
      reverse,
      store: {
        value: source(x!)(index),
        buffer: target(block.output(0)),
        offset: k.flatten(index, shape),
      },
    };
  });
}

/** The running sum. */
export const cumsum: Cumulative = cumulative("cumsum", {
  reducer: "add",
  accepts: "numbers",
});

/** The running product. Its derivatives are right at zeros too. */
export const cumprod: Cumulative = cumulative("cumprod", {
  reducer: "mul",
  accepts: "numbers",
  slopes: (x, y) => [y, x],
});

/** The largest element so far; NaN from the first one on. */
export const cummax: Cumulative = cumulative("cummax", {
  reducer: "max",
  accepts: "numbers",
  slopes: (x, y) => [shareOf("gt", x, y), shareOf("gt", y, x)],
});

/** The smallest element so far; NaN from the first one on. */
export const cummin: Cumulative = cumulative("cummin", {
  reducer: "min",
  accepts: "numbers",
  slopes: (x, y) => [shareOf("lt", x, y), shareOf("lt", y, x)],
});

/** The logarithm of the running sum of exponentials, without overflow. */
export const cumlogsumexp: Cumulative = cumulative("cumlogsumexp", {
  reducer: "logAddExp",
  accepts: "floats",
  slopes: (x, y) => [slopeOfLogAddExp(x, y), slopeOfLogAddExp(y, x)],
});
