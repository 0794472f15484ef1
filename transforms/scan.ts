/** `scan` and `map`: loops over the first axis of arrays. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { bind } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import { callTraced, flattenArrays, named, nameOf } from "./_arguments.ts";
import type { AnyFunction, Traced } from "./types.ts";
import { flattenCarry, stageBody } from "./_loop_body.ts";
import { scanP } from "./_scan.ts";

/** Options of `scan`. */
export interface ScanOptions {
  /** Number of steps, where `xs` has no arrays. */
  readonly length?: number;
  /** From the last element to the first; results are stacked in place. */
  readonly reverse?: boolean;
}

/**
 * Folds `f` over the first axis of `xs`, carrying a value: `[carry, ys]`.
 *
 * `f(carry, x)` returns `[carry, y]`; the carry keeps its structure, shapes and
 * dtypes, and the results `y` are stacked along a new first axis. Traced once
 * and run as a loop; differentiable in both modes. As `jax.lax.scan`.
 *
 * @throws {ShapeError} If arrays of `xs` differ in length, or a carry changes shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const [total, partial] = lax.scan((sum, x) => {
 *   const next = np.add(sum, x);
 *   return [next, next];
 * }, 0, np.array([1, 2, 3]));
 * assertEquals([total.js(), partial.js()], [6, [1, 3, 6]]);
 * ```
 */
export function scan<const Init, const Xs, Y>(
  f: (
    carry: Traced<Init>,
    x: Traced<Xs>,
  ) => readonly [carry: unknown, y: Y],
  init: Init,
  xs: Xs,
  options?: ScanOptions,
): [carry: Traced<Init>, ys: Traced<Y>];
export function scan(
  f: AnyFunction,
  init: unknown,
  xs: unknown,
  { length, reverse = false }: ScanOptions = {},
): [carry: unknown, ys: unknown] {
  const label = `scan of ${nameOf(f)}`;
  const carry = flattenCarry(init, `the carry of ${label}`);
  const stacked = flattenArrays(xs, `the xs of ${label}`);
  const steps = stepsOf(stacked.arrays, length, label);
  const slices = stacked.arrays.map(({ aval }) =>
    aval.with({ shape: aval.shape.slice(1) })
  );
  const body = stageBody(
    (state, ...items) => {
      const result = callTraced(f, [
        state,
        unflatten(stacked.structure, items),
      ]);
      if (Array.isArray(result) && result.length === 2) {
        return result as [
          unknown,
          unknown,
        ];
      }
      throw new TypeError(
        `Cannot run ${label}: the function must return [carry, y]`,
      );
    },
    carry,
    slices,
    label,
  );
  const outs = bind(
    scanP,
    [...body.consts, ...body.carries, ...stacked.arrays],
    {
      jaxpr: body.jaxpr,
      consts: body.consts.length,
      carries: body.carries.length,
      length: steps,
      reverse,
    },
  );
  const split = body.carries.length;
  return [
    unflatten(carry.structure, outs.slice(0, split)),
    unflatten(body.rest, outs.slice(split)),
  ];
}

function stepsOf(
  arrays: readonly NDArray[],
  length: number | undefined,
  label: string,
): number {
  const lengths = new Set(arrays.map((x) => x.shape[0]));
  if (length !== undefined) lengths.add(length);
  const [steps] = lengths;
  if (lengths.size === 1 && steps !== undefined) return steps;
  const shapes = arrays.map((x) => `[${x.shape}]`).join(", ");
  throw new ShapeError(
    lengths.size === 0
      ? `Cannot run ${label}: xs has no arrays, so the number of steps is unknown. Give { length }`
      : `Cannot run ${label}: the first axes of xs (${shapes}) and length ` +
        `${length ?? "(not given)"} must agree`,
  );
}

/**
 * Applies `f` to each element of the first axis, one after the other.
 *
 * As `jax.lax.map`: like `vmap`, but in constant memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.map((x) => np.square(x), np.array([1, 2, 3])).js(), [1, 4, 9]);
 * ```
 */
export function map<const Xs, Y>(
  f: (x: Traced<Xs>) => Y,
  xs: Xs,
): Traced<Y> {
  const each = (_: null, x: Traced<Xs>): [null, Y] => [
    null,
    callTraced(f, [x]) as Y,
  ];
  return scan(named(f, each), null, xs)[1];
}
