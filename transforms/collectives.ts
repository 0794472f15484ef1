/** Collectives: functions of all values along a named axis. */

import type { NDArray } from "../core/array.ts";
import { Aval } from "../core/aval.ts";
import { sum } from "../core/ops/broadcast_sum.ts";
import { div, mul, neg } from "../core/ops/arithmetic.ts";
import { compare } from "../core/ops/compare.ts";
import { fullLike, iota, scalar } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { reduceMax } from "../core/ops/extrema.ts";
import type { Primitive } from "../core/primitive.ts";
import { bind1 } from "../core/trace.ts";
import { map } from "../core/tree.ts";
import { asArray } from "./_arguments.ts";
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

const pmaxP: Primitive<readonly [NDArray], Named> = {
  name: "pmax",
  axisNames: ({ axisName }) => [axisName],
  abstractEval: (avals) => avals,
  // Lanes that reach the maximum share the derivative evenly.
  jvp: ([x], [dx], { axisName }) => {
    const out = bind1(pmaxP, [x], { axisName });
    if (!dx) return [[out], [null]];
    const isMax = convertElementType(compare("eq", x, out), x.dtype);
    const share = div(psum1(mul(dx, isMax), axisName), psum1(isMax, axisName));
    return [[out], [share]];
  },
  batch: ([x], [isMapped], { name }, { axisName }) => {
    if (name !== axisName) return [bind1(pmaxP, [x], { axisName })];
    return { outs: [isMapped ? reduceMax(x, [0]) : x], mapped: [false] };
  },
};

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
 * import { lax, numpy as np, vmap } from "@dinograd/dinograd";
 *
 * const share = (x) => np.divide(x, lax.psum(x, "i"));
 * const shares = vmap(share, 0, 0, { axisName: "i" })(np.array([1, 3]));
 * assertEquals(shares.js(), [0.25, 0.75]);
 * ```
 */
export function psum<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => psum1(x, axisName));
}

/**
 * The mean over a named axis. As `jax.lax.pmean`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmean<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => {
    const total = psum1(x, axisName);
    return div(total, fullLike(total, axisSizeOf(axisName)));
  });
}

/**
 * The maximum over a named axis. As `jax.lax.pmax`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmax<T>(tree: T, axisName: string): T {
  return overTree(tree, axisName, (x) => bind1(pmaxP, [x], { axisName }));
}

/**
 * The minimum over a named axis. As `jax.lax.pmin`.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function pmin<T>(tree: T, axisName: string): T {
  return overTree(
    tree,
    axisName,
    (x) => neg(bind1(pmaxP, [neg(x)], { axisName })),
  );
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
