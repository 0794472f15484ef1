/** Changes of layout: reshape, transpose, reverse. They cost nothing: only indices change. */

import type { NDArray } from "../array.ts";
import { ShapeError } from "../errors.ts";
import type { Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { requireAxes } from "./_axes.ts";

const reshapeP: Primitive<
  readonly [NDArray],
  { readonly shape: readonly number[] }
> = {
  name: "reshape",
  cost: 0,
  abstractEval: ([x], { shape }) => {
    const out = x.with({ shape });
    if (out.size !== x.size) {
      throw new ShapeError(
        `Cannot reshape an array of shape [${x.shape}] (${x.size} elements) ` +
          `to [${shape}] (${out.size} elements)`,
      );
    }
    return [out];
  },
  jvp: (
    [x],
    [dx],
    { shape },
  ) => [[reshape(x, shape)], [dx && reshape(dx, shape)]],
  transpose: ([ct], [{ aval }]) => [reshape(ct, aval.shape)],
  batch: ([x], _mapped, { size }, { shape }) => [reshape(x, [size, ...shape])],
  lower: (k, [x], { shape }, { ins: [aval] }) => (index) =>
    x(k.unflatten(k.flatten(index, shape), aval.shape)),
};

/** The same elements in row-major order, in another shape. */
export function reshape(x: NDArray, shape: readonly number[]): NDArray {
  if (
    shape.length === x.ndim && shape.every((e, axis) => e === x.shape[axis])
  ) return x;
  return bind1(reshapeP, [x], { shape });
}

type Permutation = { readonly permutation: readonly number[] };

const transposeP: Primitive<readonly [NDArray], Permutation> = {
  name: "transpose",
  cost: 0,
  abstractEval: ([x], { permutation }) => {
    requireAxes("transpose", x, permutation);
    if (permutation.length !== x.ndim) {
      throw new RangeError(
        `Cannot transpose ${x} to the order [${permutation}] of axes: needs ` +
          `all ${x.ndim} of them`,
      );
    }
    return [x.with({ shape: permutation.map((axis) => x.shape[axis]!) })];
  },
  jvp: ([x], [dx], { permutation }) => [
    [transpose(x, permutation)],
    [dx && transpose(dx, permutation)],
  ],
  transpose: (
    [ct],
    _inputs,
    { permutation },
  ) => [transpose(ct, inverse(permutation))],
  batch: ([x], _mapped, _axis, { permutation }) => [
    transpose(x, [0, ...permutation.map((axis) => axis + 1)]),
  ],
  lower: (_k, [x], { permutation }) => (index) =>
    x(inverse(permutation).map((axis) => index[axis]!)),
};

/** Axis `i` of the result is axis `permutation[i]` of `x`. */
export function transpose(x: NDArray, permutation: readonly number[]): NDArray {
  const isSame = permutation.length === x.ndim &&
    permutation.every((axis, i) => axis === i);
  if (isSame) return x;
  return bind1(transposeP, [x], { permutation });
}

function inverse(permutation: readonly number[]): readonly number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

const revP: Primitive<
  readonly [NDArray],
  { readonly dimensions: readonly number[] }
> = {
  name: "rev",
  cost: 0,
  abstractEval: ([x], { dimensions }) => {
    requireAxes("rev", x, dimensions);
    return [x];
  },
  jvp: (
    [x],
    [dx],
    { dimensions },
  ) => [[rev(x, dimensions)], [dx && rev(dx, dimensions)]],
  transpose: ([ct], _inputs, { dimensions }) => [rev(ct, dimensions)],
  batch: (
    [x],
    _mapped,
    _axis,
    { dimensions },
  ) => [rev(x, dimensions.map((axis) => axis + 1))],
  lower: (k, [x], { dimensions }, { ins: [{ shape }] }) => (index) =>
    x(index.map((i, axis) =>
      dimensions.includes(axis)
        ? k.shift(k.indices.scale(i, -1), shape[axis]! - 1)
        : i
    )),
};

/** The elements in reverse order along some axes. */
export function rev(x: NDArray, dimensions: readonly number[]): NDArray {
  return dimensions.length === 0 ? x : bind1(revP, [x], { dimensions });
}
