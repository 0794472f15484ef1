/** Layers that give activations a mean and a variance. */

import type { NDArray } from "../core/array.ts";
import { stopGradient } from "../core/ops/barrier.ts";
import { rsqrt } from "../core/ops/power.ts";
import * as np from "../library/numpy/mod.ts";
import { Module } from "./module.ts";
import {
  type EpsilonOptions,
  standardize,
  toUnitSquare,
} from "./standardize.ts";

/**
 * Mean 0 and variance 1 over the last axis, then a scale and a bias for each
 * feature (Ba, Kiros, Hinton 2016).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const norm = new nn.LayerNorm(2, { epsilon: 0 });
 * assertEquals(norm.call(np.array([[1, 3], [9, 5]])).js(), [[-1, 1], [1, -1]]);
 * ```
 */
export class LayerNorm extends Module {
  /** `[features]`. */
  readonly scale: NDArray;
  /** `[features]`. */
  readonly bias: NDArray;
  /** Added to the variance. */
  readonly epsilon: number;

  constructor(features: number, { epsilon = 1e-5 }: EpsilonOptions = {}) {
    super();
    this.scale = np.ones(features);
    this.bias = np.zeros(features);
    this.epsilon = epsilon;
  }

  /** `x` normalized over its last axis. */
  call(x: NDArray): NDArray {
    const y = standardize(x, -1, { epsilon: this.epsilon });
    return np.add(np.multiply(y, this.scale), this.bias);
  }
}

/**
 * Mean square 1 over the last axis, then a scale for each feature (Zhang,
 * Sennrich 2019).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const norm = new nn.RMSNorm(2, { epsilon: 0 });
 * assertEquals(norm.call(np.array([3, 3])).js(), [1, 1]);
 * ```
 */
export class RMSNorm extends Module {
  /** `[features]`. */
  readonly scale: NDArray;
  /** Added to the mean square. */
  readonly epsilon: number;

  constructor(features: number, { epsilon = 1e-6 }: EpsilonOptions = {}) {
    super();
    this.scale = np.ones(features);
    this.epsilon = epsilon;
  }

  /** `x` normalized over its last axis. */
  call(x: NDArray): NDArray {
    return np.multiply(toUnitSquare(x, -1, this.epsilon), this.scale);
  }
}

/** Running statistics of a `BatchNorm`, each `[features]`. */
export type BatchNormState = {
  readonly mean: NDArray;
  readonly variance: NDArray;
};

/** How a `BatchNorm` is made. */
export type BatchNormOptions = EpsilonOptions & {
  /** Share of a batch in the running statistics: 0.1. */
  readonly momentum?: number;
};

/**
 * Mean 0 and variance 1 of each channel of `[batch, channels, ...spatial]`, then
 * a scale and a bias (Ioffe, Szegedy 2015).
 *
 * While training it uses the statistics of the batch and returns new running
 * ones (with the unbiased variance, as PyTorch); else it uses those.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const norm = new nn.BatchNorm(1, { epsilon: 0 });
 * const x = np.array([[1], [3]]);
 * const [y, state] = norm.call(x, norm.initialState());
 * assertEquals(y.js(), [[-1], [1]]);
 * const [same] = norm.call(x, state, { training: false });
 * assertEquals(same.shape, [2, 1]);
 * ```
 */
export class BatchNorm extends Module {
  /** `[channels]`. */
  readonly scale: NDArray;
  /** `[channels]`. */
  readonly bias: NDArray;
  /** Added to the variance. */
  readonly epsilon: number;
  /** Share of a batch in the running statistics. */
  readonly momentum: number;

  constructor(
    channels: number,
    { epsilon = 1e-5, momentum = 0.1 }: BatchNormOptions = {},
  ) {
    super();
    this.scale = np.ones(channels);
    this.bias = np.zeros(channels);
    this.epsilon = epsilon;
    this.momentum = momentum;
  }

  /** Running statistics before the first batch: mean 0, variance 1. */
  initialState(): BatchNormState {
    return {
      mean: np.zeros(this.scale.shape),
      variance: np.ones(this.scale.shape),
    };
  }

  /** `x` normalized for each channel, and the running statistics after it. */
  call(
    x: NDArray,
    state: BatchNormState,
    { training = true }: { readonly training?: boolean } = {},
  ): [y: NDArray, state: BatchNormState] {
    if (!training) return [this.normalized(x, state), state];
    const axes = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    const [scale, bias] = perChannel(x, [this.scale, this.bias]);
    const { epsilon } = this;
    const y = np.multiply(standardize(x, axes, { epsilon }), scale!);
    return [np.add(y, bias!), this.moved(state, statistics(x, axes))];
  }

  /** By given statistics: one factor for each channel. */
  private normalized(
    x: NDArray,
    { mean, variance }: BatchNormState,
  ): NDArray {
    const factor = np.multiply(
      rsqrt(np.add(variance, this.epsilon)),
      this.scale,
    );
    const [center, slope, bias] = perChannel(x, [mean, factor, this.bias]);
    return np.add(np.multiply(np.subtract(x, center!), slope!), bias!);
  }

  /** The running statistics after those of one more batch. */
  private moved(state: BatchNormState, batch: BatchNormState): BatchNormState {
    const towards = (old: NDArray, now: NDArray) =>
      np.add(
        np.multiply(old, 1 - this.momentum),
        np.multiply(now, this.momentum),
      );
    return {
      mean: towards(state.mean, batch.mean),
      variance: towards(state.variance, batch.variance),
    };
  }
}

/** Mean and unbiased variance over axes, which are not differentiated. */
function statistics(x: NDArray, axes: readonly number[]): BatchNormState {
  const count = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  const fixed = stopGradient(x);
  return {
    mean: np.mean(fixed, axes),
    variance: np.multiply(np.var(fixed, axes), count / Math.max(1, count - 1)),
  };
}

/** Values of channels, with axes of 1 for the others. */
function perChannel(
  x: NDArray,
  values: readonly NDArray[],
): readonly NDArray[] {
  const shape = x.shape.map((_, axis) => axis === 1 ? -1 : 1);
  return values.map((v) => np.reshape(v, shape));
}
