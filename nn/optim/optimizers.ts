/** Optimizers: chains of gradient transformations that end with a learning rate. */

import type { ArrayLike } from "../../core/array.ts";
import { addDecayedWeights, type Mask } from "./decay_and_clip.ts";
import {
  type AdamMoments,
  type LionMoments,
  type RmsOptions,
  type RssOptions,
  scaleByAdam,
  scaleByLion,
  scaleByRms,
  scaleByRss,
  trace,
} from "./moments.ts";
import {
  chain,
  type GradientTransformation,
  scaleByLearningRate,
  type Schedule,
} from "./transformation.ts";

/** A learning rate, or how it depends on the count of steps. */
export type LearningRate = ArrayLike | Schedule;

/** Momentum, of optimizers that have it as an option. */
export type MomentumOptions = {
  /** How slowly momentum fades: none. */
  readonly momentum?: number;
  /** Whether momentum looks one step ahead: no. */
  readonly nesterov?: boolean;
};

/** Weight decay, of optimizers that have it built in. */
export type WeightDecayOptions = {
  readonly weightDecay?: number;
  /** Which leaves decay: all. */
  readonly mask?: Mask;
};

/**
 * Gradient descent, with momentum if given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.sgd(0.25);
 * let x = np.array([4, -2]);
 * let state = optimizer.init(x);
 * const gradient = grad((x) => np.sum(np.square(x)))(x);
 * const [updates, next] = optimizer.update(gradient, state, x);
 * [x, state] = [optim.applyUpdates(x, updates), next];
 * assertEquals(x.js(), [2, -1]);
 * ```
 */
export function sgd(
  learningRate: LearningRate,
  { momentum, nesterov = false }: MomentumOptions = {},
): GradientTransformation {
  const rate = scaleByLearningRate(learningRate);
  return momentum === undefined
    ? chain(rate)
    : chain(trace(momentum, { nesterov }), rate);
}

/**
 * Adam (Kingma, Ba 2015).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.adam(0.1);
 * const params = np.array([1]);
 * const [updates] = optimizer.update(np.array([5]), optimizer.init(params));
 * assertAlmostEquals(updates.sum().item(), -0.1, 1e-6);
 * ```
 */
export function adam(
  learningRate: LearningRate,
  options: AdamMoments = {},
): GradientTransformation {
  return chain(scaleByAdam(options), scaleByLearningRate(learningRate));
}

/**
 * Adam with decoupled weight decay (Loshchilov, Hutter 2019); 1e-4 unless given.
 * update() needs the params.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.adamw(0.1, { weightDecay: 0.5 });
 * const params = np.array([2]);
 * const state = optimizer.init(params);
 * const [updates] = optimizer.update(np.array([5]), state, params);
 * assertAlmostEquals(updates.sum().item(), -0.1 * (1 + 0.5 * 2), 1e-6);
 * ```
 */
export function adamw(
  learningRate: LearningRate,
  { weightDecay = 1e-4, mask, ...moments }: AdamMoments & WeightDecayOptions =
    {},
): GradientTransformation {
  return chain(
    scaleByAdam(moments),
    addDecayedWeights(weightDecay, { mask }),
    scaleByLearningRate(learningRate),
  );
}

/**
 * RMSProp (Tieleman, Hinton 2012), with momentum if given.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.rmsprop(0.1, { decay: 0.75 });
 * const params = np.array([1]);
 * const [updates] = optimizer.update(np.array([5]), optimizer.init(params));
 * assertAlmostEquals(updates.sum().item(), -0.2, 1e-6);
 * ```
 */
export function rmsprop(
  learningRate: LearningRate,
  { momentum, nesterov = false, ...rms }: RmsOptions & MomentumOptions = {},
): GradientTransformation {
  const parts = [scaleByRms(rms), scaleByLearningRate(learningRate)];
  return momentum === undefined
    ? chain(...parts)
    : chain(...parts, trace(momentum, { nesterov }));
}

/**
 * Adagrad (Duchi, Hazan, Singer 2011).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.adagrad(1, { initialAccumulatorValue: 9 });
 * const params = np.array([1]);
 * const [updates] = optimizer.update(np.array([4]), optimizer.init(params));
 * assertAlmostEquals(updates.sum().item(), -0.8, 1e-6);
 * ```
 */
export function adagrad(
  learningRate: LearningRate,
  options: RssOptions = {},
): GradientTransformation {
  return chain(scaleByRss(options), scaleByLearningRate(learningRate));
}

/**
 * Lion (Chen et al. 2023), with weight decay 1e-3 unless given. update() needs
 * the params.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const optimizer = optim.lion(0.1, { weightDecay: 0 });
 * const params = np.array([1]);
 * const state = optimizer.init(params);
 * const [updates] = optimizer.update(np.array([4]), state, params);
 * assertAlmostEquals(updates.sum().item(), -0.1, 1e-6);
 * ```
 */
export function lion(
  learningRate: LearningRate,
  { weightDecay = 1e-3, mask, ...moments }: LionMoments & WeightDecayOptions =
    {},
): GradientTransformation {
  return chain(
    scaleByLion(moments),
    addDecayedWeights(weightDecay, { mask }),
    scaleByLearningRate(learningRate),
  );
}
