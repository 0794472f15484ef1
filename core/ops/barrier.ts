/** Identities that say something to a transform or a pass. */

import type { NDArray } from "../array.ts";
import { Linear, type Primitive } from "../primitive.ts";
import { bind, bind1 } from "../trace.ts";
import { zerosLike } from "./constants.ts";

const barrierP: Primitive = {
  name: "optimization_barrier",
  cost: 0,
  readsManyTimes: true,
  opaque: true,
  abstractEval: (avals) => avals,
  jvp: (primals, tangents) => {
    const along = tangents.map((t, i) => t ?? zerosLike(primals[i]!));
    return [barrier(primals), barrier(along)];
  },
  transpose: (cts, inputs) => {
    const passed = barrier(cts);
    return inputs.map((x, i) => x instanceof Linear ? passed[i]! : null);
  },
  batch: (inputs, mapped) => ({ outs: barrier(inputs), mapped }),
  lower: (_k, inputs) => inputs,
};

/**
 * The same arrays, behind a wall: equations after it are not merged with equal
 * ones before it, and start only when all inputs are there. As
 * `jax.lax.optimization_barrier`.
 */
export function barrier(xs: readonly NDArray[]): readonly NDArray[] {
  return bind(barrierP, xs, {});
}

const stopGradientP: Primitive<readonly [NDArray]> = {
  name: "stop_gradient",
  cost: 0,
  abstractEval: (avals) => avals,
  jvp: ([x]) => [[stopGradient(x)], [null]],
  batch: ([x]) => [stopGradient(x)],
  lower: (_k, [x]) => x,
};

/** The same array with derivative zero. */
export function stopGradient(x: NDArray): NDArray {
  return bind1(stopGradientP, [x], {});
}
