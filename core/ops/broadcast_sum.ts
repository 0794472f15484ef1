/** Broadcasting and summation: each of the two is the transpose of the other. */

import type { NDArray } from "../array.ts";
import { sameShape } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import { REDUCTION_COST } from "../ir/chains.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { axesExcept, reducedAval } from "./_axes.ts";
import { requireFamily } from "./_families.ts";
import { reduction, widened } from "./_reduce.ts";
import { reshape } from "./layout.ts";

type BroadcastParams = {
  readonly shape: readonly number[];
  /** Where each axis of the input goes. */
  readonly dims: readonly number[];
};

const broadcastInDimP: Primitive<readonly [NDArray], BroadcastParams> = {
  name: "broadcast_in_dim",
  cost: 0,
  abstractEval: ([x], { shape, dims }) => {
    const fits = dims.length === x.ndim &&
      dims.every((axis, i) =>
        (i === 0 || axis > dims[i - 1]!) &&
        (x.shape[i] === 1 || x.shape[i] === shape[axis])
      );
    if (!fits) {
      throw new ShapeError(
        `Cannot broadcast shape [${x.shape}] along axes [${dims}] to ` +
          `[${shape}]: axes must increase and extents be 1 or equal`,
      );
    }
    return [x.with({ shape })];
  },
  jvp: ([x], [dx], { shape, dims }) => [
    [broadcastInDim(x, shape, dims)],
    [dx && broadcastInDim(dx, shape, dims)],
  ],
  transpose: ([ct], [{ aval }], { shape, dims }) => {
    // An axis of one element that was stretched keeps its place.
    const kept = dims.filter((axis, i) => aval.shape[i] === shape[axis]);
    return [reshape(sum(ct, axesExcept(kept, shape.length)), aval.shape)];
  },
  batch: ([x], _mapped, { size }, { shape, dims }) => [
    broadcastInDim(x, [size, ...shape], [0, ...dims.map((axis) => axis + 1)]),
  ],
  lower: (k, [x], { dims }, { ins: [{ shape }] }) => (index) =>
    x(dims.map((axis, i) =>
      shape[i] === 1 ? k.indices.constant(0) : index[axis]!
    )),
};

/** Puts axis `i` of `x` at `dims[i]` of the result and repeats along the others. */
export function broadcastInDim(
  x: NDArray,
  shape: readonly number[],
  dims: readonly number[],
): NDArray {
  if (sameShape(shape, x.shape)) return x;
  return bind1(broadcastInDimP, [x], { shape, dims });
}

type Axes = { readonly axes: readonly number[] };

const sumP: Primitive<readonly [NDArray], Axes> = {
  name: "reduce_sum",
  cost: REDUCTION_COST,
  abstractEval: ([x], { axes }) => {
    requireFamily("reduce_sum", x, "numbers");
    return [reducedAval("reduce_sum", x, axes)];
  },
  jvp: ([x], [dx], { axes }) => [[sum(x, axes)], [dx && sum(dx, axes)]],
  transpose: ([ct], [{ aval: { shape } }], { axes }) => [
    broadcastInDim(ct, shape, axesExcept(axes, shape.length)),
  ],
  // The batch axis always leads, so every axis moves right by one.
  batch: (
    [x],
    _mapped,
    _axis,
    { axes },
  ) => [sum(x, axes.map((axis) => axis + 1))],
  lower: (k, [x], { axes }, { ins: [{ shape, dtype }] }) =>
    widened(
      k,
      dtype,
      (wide) => reduction(k, "add", shape, axes, (i) => k.cast(x(i), wide)),
    ),
};

/** The sum over axes; 16-bit floats are added in float32. */
export function sum(x: NDArray, axes: readonly number[]): NDArray {
  return axes.length === 0 ? x : bind1(sumP, [x], { axes });
}
