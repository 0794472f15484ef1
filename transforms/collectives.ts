/** Collectives: functions of all values along a named axis. */

import type { NDArray } from "../core/array.ts";
import { Aval } from "../core/aval.ts";
import { arrayFromStorage } from "../core/concrete_array.ts";
import { isFloating } from "../core/dtype.ts";
import { leading } from "../core/ops/_define.ts";
import { div, mul } from "../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../core/ops/broadcast_sum.ts";
import { compare, select } from "../core/ops/compare.ts";
import { fullLike, iota, scalar, zerosLike } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { dynamicSlice } from "../core/ops/dynamic.ts";
import { reduceMax, reduceMin } from "../core/ops/extrema.ts";
import { reshape, transpose } from "../core/ops/layout.ts";
import type { Primitive } from "../core/primitive.ts";
import { bind1 } from "../core/trace.ts";
import { map } from "../core/tree.ts";
import { asArray } from "./_arguments.ts";
import { range } from "./_jaxprs.ts";
import { axisSizeOf } from "./axis_names.ts";

type Named = { readonly axisName: string };

const psumP: Primitive<readonly [NDArray], Named> = {
  name: "psum",
  axisNames: ({ axisName }) => [axisName],
  abstractEval: (avals) => avals,
  jvp: (
    [x],
    [dx],
    { axisName },
  ) => [[psum1(x, axisName)], [dx && psum1(dx, axisName)]],
  transpose: ([ct], _inputs, { axisName }) => [psum1(ct, axisName)],
  batch: ([x], [isMapped], { name, size }, { axisName }) => {
    if (name !== axisName) return [psum1(x, axisName)];
    const total = isMapped ? sum(x, [0]) : mul(x, fullLike(x, size));
    return { outs: [total], mapped: [false] };
  },
};

/** The primitive of `pmax` or `pmin`, which is `reduce` over the axis. */
function extremum(
  primitiveName: string,
  reduce: (x: NDArray, axes: readonly number[]) => NDArray,
): (x: NDArray, axisName: string) => NDArray {
  const extremumP: Primitive<readonly [NDArray], Named> = {
    name: primitiveName,
    axisNames: ({ axisName }) => [axisName],
    abstractEval: (avals) => avals,
    // Lanes that reach it share the derivative evenly.
    jvp: ([x], [dx], { axisName }) => {
      const out = apply(x, axisName);
      if (!dx) return [[out], [null]];
      const isIt = convertElementType(compare("eq", x, out), x.dtype);
      const share = div(psum1(mul(dx, isIt), axisName), psum1(isIt, axisName));
      return [[out], [share]];
    },
    batch: ([x], [isMapped], { name }, { axisName }) => {
      if (name !== axisName) return [apply(x, axisName)];
      return { outs: [isMapped ? reduce(x, [0]) : x], mapped: [false] };
    },
  };
  const apply = (x: NDArray, axisName: string) =>
    bind1(extremumP, [x], { axisName });
  return apply;
}

const pmax1 = extremum("pmax", reduceMax);
const pmin1 = extremum("pmin", reduceMin);

const allGatherP: Primitive<
  readonly [NDArray],
  Named & { readonly size: number }
> = {
  name: "all_gather",
  axisNames: ({ axisName }) => [axisName],
  abstractEval: ([x], { size }) => [x.with({ shape: [size, ...x.shape] })],
  jvp: ([x], [dx], { axisName }) => [
    [allGather1(x, axisName)],
    [dx && allGather1(dx, axisName)],
  ],
  transpose: ([ct], _inputs, { axisName }) => [
    laneOf(psum1(ct, axisName), axisIndex(axisName)),
  ],
  batch: ([x], [isMapped], { name, size }, { axisName }) => {
    if (name !== axisName) {
      const lanes = allGather1(x, axisName); // [lanes of axisName, batch, ...]
      return [transpose(lanes, [1, 0, ...range(2, lanes.ndim - 2)])];
    }
    return { outs: [leading(x, isMapped, size)], mapped: [false] };
  },
};

function allGather1(x: NDArray, axisName: string): NDArray {
  return bind1(allGatherP, [x], { axisName, size: axisSizeOf(axisName) });
}

/** Element `at` of the first axis. */
function laneOf(x: NDArray, at: NDArray): NDArray {
  const shape = x.shape.slice(1);
  const starts = [at, ...shape.map(() => scalar(0, "int32"))];
  return reshape(dynamicSlice(x, starts, [1, ...shape]), shape);
}

const axisIndexP: Primitive<readonly [], Named> = {
  name: "axis_index",
  axisNames: ({ axisName }) => [axisName],
  abstractEval: () => [Aval.of([], "int32")],
  batch: (_inputs, _mapped, { size }) => [iota("int32", [size], 0)],
};

function psum1(x: NDArray, axisName: string): NDArray {
  return bind1(psumP, [x], { axisName });
}

/** Applies `f` to each array of a tree, once the name is known to be in scope. */
function overTree<T>(tree: T, axisName: string, f: (x: NDArray) => NDArray): T {
  axisSizeOf(axisName);
  return map(
    (leaf: unknown) => f(asArray(leaf, "a collective")),
    tree as never,
  ) as T;
}

/**
 * The sum over a named axis, the same in every lane.
 *
 * A number that is the same in all lanes is multiplied by the size of the axis:
 * `psum(1, name)` is that size. As `jax.lax.psum`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, type NDArray, numpy as np, vmap } from "@dinograd/dinograd";
 *
 * const share = (x: NDArray) => np.divide(x, lax.psum(x, "i"));
 * const shares = vmap(share, 0, 0, { axisName: "i" })(np.array([1, 3]));
 * assertEquals(shares.js(), [0.25, 0.75]);
 * ```
 */
export function psum<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => psum1(summable(x), axisName));
}

/** Booleans are counted. */
function summable(x: NDArray): NDArray {
  return x.dtype === "bool" ? convertElementType(x, "int32") : x;
}

/**
 * The mean over a named axis; of integers in float32. As `jax.lax.pmean`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmean<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => {
    const isFloat = isFloating(x.dtype);
    const total = psum1(
      isFloat ? x : convertElementType(x, "float32"),
      axisName,
    );
    return div(total, fullLike(total, axisSizeOf(axisName)));
  });
}

/**
 * The maximum over a named axis. As `jax.lax.pmax`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmax<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => pmax1(x, axisName));
}

/**
 * The minimum over a named axis. As `jax.lax.pmin`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmin<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => pmin1(x, axisName));
}

/**
 * The values of all lanes along a named axis, stacked along a new first axis.
 * As `jax.lax.all_gather`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function allGather<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => allGather1(x, axisName));
}

/**
 * Sends values between lanes, by pairs of source and destination; lanes that
 * receive nothing get zeros. As `jax.lax.ppermute`.
 *
 * @throws {RangeError} If no axis of that name is in scope, a lane is outside
 * of it, or a lane sends or receives twice.
 */
export function ppermute<T>(
  tree: T,
  axisName: string,
  pairs: readonly (readonly [source: number, destination: number])[],
): T {
  const sources = sourcesOf(pairs, axisSizeOf(axisName));
  return overTree(tree, axisName, (x) => {
    const source = laneOf(sources, axisIndex(axisName));
    const sent = laneOf(allGather1(x, axisName), source);
    const isSent = compare("ge", source, zerosLike(source));
    return select(broadcastInDim(isSent, x.shape, []), sent, zerosLike(x));
  });
}

/** For each lane the one that it receives from, or -1. */
function sourcesOf(
  pairs: readonly (readonly [number, number])[],
  size: number,
): NDArray {
  const sources = new Int32Array(size).fill(-1);
  for (const side of [0, 1] as const) {
    const lanes = pairs.map((pair) => pair[side]);
    const isIn = (i: number) => Number.isInteger(i) && i >= 0 && i < size;
    if (new Set(lanes).size < lanes.length || !lanes.every(isIn)) {
      throw new RangeError(
        `Cannot send between lanes [${pairs.join("], [")}]: each of the ` +
          `${size} lanes may send once and receive once`,
      );
    }
  }
  for (const [from, to] of pairs) sources[to] = from;
  return arrayFromStorage(sources, [size], "int32");
}

/**
 * The lane's own position along a named axis, an int32. As `jax.lax.axis_index`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function axisIndex(axisName: string): NDArray {
  axisSizeOf(axisName);
  return bind1(axisIndexP, [], { axisName });
}

/**
 * The size of a named axis, an int32. As `jax.lax.axis_size`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function axisSize(axisName: string): NDArray {
  return scalar(axisSizeOf(axisName), "int32");
}
