/** `whileLoop` and `foriLoop`: loops over a value. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { add } from "../core/ops/addition.ts";
import { compare } from "../core/ops/compare.ts";
import { scalar } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import { asArray, callTraced, named, nameOf } from "./_arguments.ts";
import type { Traced } from "./types.ts";
import { flattenCarry, stageBody } from "./_loop_body.ts";
import { whileP } from "./_while.ts";
import { scan } from "./scan.ts";

/**
 * Runs `body` as long as `condition` holds: the last value.
 *
 * The value keeps its structure, shapes and dtypes. Forward mode only; under
 * `vmap`, lanes that are done keep their values. As `jax.lax.while_loop`.
 *
 * @throws {ShapeError} If the condition is not one bool, or the value changes shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const y = lax.whileLoop((x) => np.less(x, 100), (x) => np.multiply(x, 2), 3);
 * assertEquals(y.item(), 192);
 * ```
 */
export function whileLoop<const Init>(
  condition: (value: Traced<Init>) => unknown,
  body: (value: Traced<Init>) => unknown,
  init: Init,
): Traced<Init> {
  const label = `whileLoop of ${nameOf(body)}`;
  const carry = flattenCarry(init, `the value of ${label}`);
  const staged = stageBody(
    (value) => [callTraced(body, [value]), null],
    carry,
    [],
    label,
  );
  const cond = stage(
    (...args) => {
      const result = callTraced(condition, [unflatten(carry.structure, args)]);
      return [requireBool(asArray(result, `the condition of ${label}`), label)];
    },
    staged.carries.map((x) => x.aval),
    `the condition of ${label}`,
  );
  const outs = bind(whileP, [
    ...cond.consts,
    ...staged.consts,
    ...staged.carries,
  ], {
    cond: cond.jaxpr,
    condConsts: cond.consts.length,
    body: staged.jaxpr,
    bodyConsts: staged.consts.length,
  });
  return unflatten(carry.structure, outs);
}

function requireBool(x: NDArray, label: string): NDArray {
  if (x.ndim === 0 && x.dtype === "bool") return x;
  throw new ShapeError(
    `Cannot run ${label}: the condition is ${x.aval}, and must be one bool. ` +
      `Compare, or reduce with all() or any()`,
  );
}

/**
 * Runs `body(i, value)` for `i` from `lower` to `upper - 1`: the last value.
 *
 * With bounds that are JavaScript numbers it is differentiable in both modes;
 * with arrays as bounds, in forward mode. As `jax.lax.fori_loop`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, lax, type NDArray, numpy as np } from "@dinograd/dinograd";
 *
 * const cube = (x: NDArray) => lax.foriLoop(0, 3, (_, y) => np.multiply(y, x), 1);
 * assertEquals(cube(np.array(2)).item(), 8);
 * assertEquals(grad(cube)(2).item(), 12);
 * ```
 */
export function foriLoop<const Init>(
  lower: number | NDArray,
  upper: number | NDArray,
  body: (i: NDArray, value: Traced<Init>) => unknown,
  init: Init,
): Traced<Init> {
  const one = scalar(1, "int32");
  if (typeof lower === "number" && typeof upper === "number") {
    const step = ([i, value]: Counted<Init>): [unknown, null] => [
      [add(i, one), callTraced(body, [i, value])],
      null,
    ];
    const length = Math.max(0, Math.trunc(upper) - Math.trunc(lower));
    const start = scalar(Math.trunc(lower), "int32");
    return scan(named(body, step), [start, init], null, { length })[0][1];
  }
  const [start, end] = [lower, upper].map((x) =>
    convertElementType(asArray(x, "the bounds of foriLoop"), "int32")
  );
  return whileLoop(
    ([i]: Counted<Init>) => compare("lt", i, end!),
    named(body, ([i, value]: Counted<Init>) => [
      add(i, one),
      callTraced(body, [i, value]),
    ]),
    [start!, init],
  )[1];
}

/** A value beside the number of the iteration. */
type Counted<Init> = readonly [i: NDArray, value: Traced<Init>];
