/** Transformations that remember moments of the gradients. */

import type { NDArray } from "../../core/array.ts";
import { zerosLike } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import {
  add,
  divide,
  fullLike,
  greater,
  multiply,
  power,
  sign,
  sqrt,
  square,
  subtract,
  where,
} from "../../library/numpy/mod.ts";
import {
  type GradientTransformation,
  mapLeaves,
  zeroCount,
} from "./transformation.ts";

/** How momentum is kept. */
export type TraceOptions = {
  /** Whether to look one step ahead (Nesterov 1983): no. */
  readonly nesterov?: boolean;
};

/**
 * Sums past updates with geometrically falling weights: momentum.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.trace(0.5);
 * const [, state] = update(np.array([4]), init(np.array([0])));
 * assertEquals(update(np.array([1]), state)[0].js(), [3]);
 * ```
 */
export function trace(
  decay: number,
  { nesterov = false }: TraceOptions = {},
): GradientTransformation {
  const follow = (u: NDArray, t: NDArray) => add(u, multiply(t, decay));
  return {
    init: (params) => ({ trace: mapLeaves(zerosLike, params) }),
    update: (updates, state) => {
      const before = (state as { readonly trace: unknown }).trace;
      const after = mapLeaves(follow, updates, before);
      const next = { trace: after };
      return [nesterov ? mapLeaves(follow, updates, after) : after, next];
    },
  };
}

/** The mean of `x` over time, weighted geometrically. */
function movingMean(decay: number): (x: NDArray, mean: NDArray) => NDArray {
  return (x, mean) => add(multiply(x, 1 - decay), multiply(mean, decay));
}

/** The mean of squares over time, weighted geometrically. */
function movingSquare(decay: number): (x: NDArray, mean: NDArray) => NDArray {
  const mean = movingMean(decay);
  return (x, before) => mean(square(x), before);
}

/** Constants of `scaleByAdam`. */
export type AdamMoments = {
  /** How slowly the mean forgets: 0.9. */
  readonly b1?: number;
  /** How slowly the mean of squares forgets: 0.999. */
  readonly b2?: number;
  /** Added to the root: 1e-8. */
  readonly eps?: number;
  /** Added under the root: 0. Above 0, derivatives through a step are finite. */
  readonly epsRoot?: number;
};

type AdamState = {
  readonly count: NDArray;
  readonly mu: unknown;
  readonly nu: unknown;
};

/**
 * Divides the mean of past gradients by the root of that of their squares, both
 * corrected for their start at 0 (Kingma, Ba 2015, algorithm 1).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleByAdam();
 * const [updates] = update(np.array([-7]), init(np.array([0])));
 * assertAlmostEquals(updates.sum().item(), -1, 1e-5);
 * ```
 */
export function scaleByAdam(
  { b1 = 0.9, b2 = 0.999, eps = 1e-8, epsRoot = 0 }: AdamMoments = {},
): GradientTransformation {
  return {
    init: (params): AdamState => ({
      count: zeroCount(),
      mu: mapLeaves(zerosLike, params),
      nu: mapLeaves(zerosLike, params),
    }),
    update: (updates, state) => {
      const before = state as AdamState;
      const count = add(before.count, 1);
      const mu = mapLeaves(movingMean(b1), updates, before.mu);
      const nu = mapLeaves(movingSquare(b2), updates, before.nu);
      const share1 = subtract(1, power(b1, count));
      const share2 = subtract(1, power(b2, count));
      // m / share1 / (sqrt(v / share2 + epsRoot) + eps), where what is the same
      // for all elements is computed once.
      const root = sqrt(share2);
      const factor = divide(root, share1);
      const [least, added] = [multiply(root, eps), multiply(share2, epsRoot)];
      const direction = (m: NDArray, v: NDArray) => {
        const under = epsRoot === 0 ? v : add(v, like(added, v));
        const below = add(sqrt(under), like(least, v));
        return divide(multiply(m, like(factor, m)), below);
      };
      return [mapLeaves(direction, mu, nu), { count, mu, nu }];
    },
  };
}

/** A number in the dtype of moments. */
function like(value: NDArray, moment: NDArray): NDArray {
  return convertElementType(value, moment.dtype);
}

/** Constants of `scaleByRms`. */
export type RmsOptions = {
  /** How slowly the mean of squares forgets: 0.9. */
  readonly decay?: number;
  /** Added under the root: 1e-8. */
  readonly eps?: number;
  /** The mean of squares before the first step: 0. */
  readonly initialScale?: number;
};

/**
 * Divides gradients by the root of the mean of past squares (Tieleman, Hinton
 * 2012).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleByRms({ decay: 0.75 });
 * const [updates] = update(np.array([3]), init(np.array([0])));
 * assertAlmostEquals(updates.sum().item(), 2, 1e-5);
 * ```
 */
export function scaleByRms(
  { decay = 0.9, eps = 1e-8, initialScale = 0 }: RmsOptions = {},
): GradientTransformation {
  return {
    init: (params) => ({
      nu: mapLeaves((p) => fullLike(p, initialScale), params),
    }),
    update: (updates, state) => {
      const before = (state as { readonly nu: unknown }).nu;
      const nu = mapLeaves(movingSquare(decay), updates, before);
      const direction = (u: NDArray, v: NDArray) =>
        divide(u, sqrt(add(v, eps)));
      return [mapLeaves(direction, updates, nu), { nu }];
    },
  };
}

/** Constants of `scaleByRss`. */
export type RssOptions = {
  /** The sum of squares before the first step: 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Added under the root: 1e-7. */
  readonly eps?: number;
};

/**
 * Divides gradients by the root of the sum of all past squares (Duchi, Hazan,
 * Singer 2011).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleByRss({ initialAccumulatorValue: 16 });
 * const [updates] = update(np.array([3]), init(np.array([0])));
 * assertAlmostEquals(updates.sum().item(), 0.6, 1e-5);
 * ```
 */
export function scaleByRss(
  { initialAccumulatorValue = 0.1, eps = 1e-7 }: RssOptions = {},
): GradientTransformation {
  return {
    init: (params) => ({
      sums: mapLeaves((p) => fullLike(p, initialAccumulatorValue), params),
    }),
    update: (updates, state) => {
      const before = (state as { readonly sums: unknown }).sums;
      const sums = mapLeaves((u, s) => add(s, square(u)), updates, before);
      const direction = (u: NDArray, s: NDArray) =>
        where(greater(s, 0), divide(u, sqrt(add(s, eps))), 0);
      return [mapLeaves(direction, updates, sums), { sums }];
    },
  };
}

/** Constants of `scaleByLion`. */
export type LionMoments = {
  /** Weight of the mean in the direction: 0.9. */
  readonly b1?: number;
  /** How slowly the mean forgets: 0.99. */
  readonly b2?: number;
};

/**
 * The sign of a mix of the gradient and the mean of past ones (Chen et al. 2023).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const { init, update } = optim.scaleByLion();
 * const [updates] = update(np.array([3, -2]), init(np.array([0, 0])));
 * assertEquals(updates.js(), [1, -1]);
 * ```
 */
export function scaleByLion(
  { b1 = 0.9, b2 = 0.99 }: LionMoments = {},
): GradientTransformation {
  return {
    init: (params) => ({ mu: mapLeaves(zerosLike, params) }),
    update: (updates, state) => {
      const before = (state as { readonly mu: unknown }).mu;
      const direction = mapLeaves(
        (u, m) => sign(movingMean(b1)(u, m)),
        updates,
        before,
      );
      return [direction, { mu: mapLeaves(movingMean(b2), updates, before) }];
    },
  };
}
