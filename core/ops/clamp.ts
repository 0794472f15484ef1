/** Limits on the values of an array. */

import type { NDArray } from "../array.ts";
import type { Primitive, Tangent } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading, requireEqual } from "./_define.ts";
import { addTangents } from "./addition.ts";
import { and } from "./bits.ts";
import { broadcastInDim } from "./broadcast_sum.ts";
import { compare, select } from "./compare.ts";
import { zerosLike } from "./constants.ts";

const clampP: Primitive<readonly [NDArray, NDArray, NDArray]> = {
  name: "clamp",
  cost: 2,
  abstractEval: ([low, x, high]) => {
    requireEqual("clamp", [low, x, high]);
    return [x];
  },
  jvp: ([low, x, high], [dLow, dx, dHigh]) => {
    const where = (which: () => NDArray, d: Tangent) =>
      d && select(which(), d, zerosLike(d));
    const less = (a: NDArray, b: NDArray) => compare("lt", a, b);
    return [[clamp(low, x, high)], [
      [
        where(() => and(less(x, low), less(low, high)), dLow),
        where(() => and(less(low, x), less(x, high)), dx),
        where(() => less(high, x), dHigh),
      ].reduce(addTangents),
    ]];
  },
  batch: (inputs, mapped, { size }) => {
    const [low, x, high] = allLeading(inputs, mapped, size);
    return [clamp(low!, x!, high!)];
  },
  lower: (k, [low, x, high], _params, { outs: [out] }) => (index) => {
    const { dtype } = out!;
    const raised = k.apply("max", dtype, x(index), low(index));
    return k.apply("min", dtype, raised, high(index));
  },
};

/**
 * `x` raised to `low`, then lowered to `high`, of the shape of `x` or without
 * axes; a limit that is met has derivative 0.
 */
export function clamp(low: NDArray, x: NDArray, high: NDArray): NDArray {
  const limit = (bound: NDArray) =>
    bound.ndim === 0 ? broadcastInDim(bound, x.shape, []) : bound;
  return bind1(clampP, [limit(low), x, limit(high)], {});
}
