/**
 * Gradient transformations: small steps from gradients to updates that compose,
 * as in optax. Their states are trees of arrays, threaded like params.
 *
 * @module
 */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { leaves, map } from "../../core/tree.ts";
import { add, multiply, sqrt, square, sum } from "../../library/numpy/mod.ts";

/** What a transformation remembers between steps: a tree of arrays. */
export type OptState = unknown;

/** Turns gradients into updates. Params, gradients and updates are equal trees. */
export interface GradientTransformation {
  /** The state before the first step. */
  init(params: unknown): OptState;
  /** Updates and the next state. `params` may be left out where they are not used. */
  update<Params>(
    updates: Params,
    state: OptState,
    params?: Params,
  ): [updates: Params, state: OptState];
}

/** A number that depends on the count of steps so far (int32). */
export type Schedule = (count: NDArray) => ArrayLike;

/**
 * Params moved by updates. Each keeps its dtype.
 *
 * @throws {TreeError} If the trees differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const params = { w: np.array([1, 2]) };
 * const moved = optim.applyUpdates(params, { w: np.array([0.5, -1]) });
 * assertEquals(moved.w.js(), [1.5, 1]);
 * ```
 */
export function applyUpdates<Params>(params: Params, updates: Params): Params {
  const move = (p: NDArray, u: NDArray) =>
    convertElementType(add(p, u), p.dtype);
  return map<Params, NDArray, NDArray>(move, params, updates) as Params;
}

/**
 * Transformations one after the other; the state is the list of theirs.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.chain(optim.clip(1), optim.scale(-0.5));
 * const [updates] = optimizer.update(np.array([3, -1]), optimizer.init(0));
 * assertEquals(updates.js(), [-0.5, 0.5]);
 * ```
 */
export function chain(
  ...parts: readonly GradientTransformation[]
): GradientTransformation {
  return {
    init: (params) => parts.map((part) => part.init(params)),
    update: (updates, state, params) => {
      const states = state as readonly OptState[];
      let current = updates;
      const next = parts.map((part, i) => {
        const [changed, own] = part.update(current, states[i], params);
        current = changed;
        return own;
      });
      return [current, next];
    },
  };
}

/** A transformation without a state, from what it does to each leaf. */
export function stateless(
  f: (update: NDArray) => NDArray,
): GradientTransformation {
  return {
    init: () => ({}),
    update: (updates, state) => [mapLeaves(f, updates), state],
  };
}

/** `f` of the leaves of trees of one structure. */
export function mapLeaves<T>(
  f: (leaf: NDArray, ...rest: NDArray[]) => NDArray,
  tree: T,
  ...rest: unknown[]
): T {
  return map<T, NDArray, NDArray>(f, tree, ...rest) as T;
}

/** The number of steps so far, before the first. */
export function zeroCount(): NDArray {
  return scalar(0, "int32");
}

/**
 * Leaves updates as they are.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.identity();
 * assertEquals(update(np.array([3]), init(0))[0].js(), [3]);
 * ```
 */
export function identity(): GradientTransformation {
  return stateless((u) => u);
}

/**
 * Multiplies updates by a number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scale(-2);
 * assertEquals(update(np.array([3]), init(0))[0].js(), [-6]);
 * ```
 */
export function scale(factor: ArrayLike): GradientTransformation {
  return stateless((u) => scaled(u, factor));
}

/** `x` times a number, in the dtype of `x`. */
export function scaled(x: NDArray, factor: ArrayLike): NDArray {
  return convertElementType(multiply(x, factor), x.dtype);
}

/**
 * Multiplies updates by a number that depends on the count of steps, from 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleBySchedule((count) => np.add(count, 1));
 * const [first, state] = update(np.array([3]), init(0));
 * assertEquals(first.js(), [3]);
 * assertEquals(update(np.array([3]), state)[0].js(), [6]);
 * ```
 */
export function scaleBySchedule(schedule: Schedule): GradientTransformation {
  return {
    init: () => ({ count: zeroCount() }),
    update: (updates, state) => {
      const { count } = state as { readonly count: NDArray };
      const factor = schedule(count);
      return [
        mapLeaves((u) => scaled(u, factor), updates),
        { count: add(count, 1) },
      ];
    },
  };
}

/**
 * Multiplies updates by the negative learning rate, or by that of a schedule.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleByLearningRate(0.5);
 * assertEquals(update(np.array([3]), init(0))[0].js(), [-1.5]);
 * ```
 */
export function scaleByLearningRate(
  rate: ArrayLike | Schedule,
): GradientTransformation {
  return typeof rate === "function"
    ? scaleBySchedule((count) => multiply(rate(count), -1))
    : scale(multiply(rate, -1));
}

/**
 * The Euclidean norm of all leaves together: 0-d.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * assertEquals(optim.globalNorm([np.array([3]), np.array(4)]).item(), 5);
 * ```
 */
export function globalNorm(tree: unknown): NDArray {
  const squares = leaves<unknown, NDArray>(tree).map((x) => sum(square(x)));
  return sqrt(squares.reduce((x, y) => add(x, y), scalar(0, "float32", true)));
}
