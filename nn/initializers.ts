/**
 * First values of weights, as functions of key and shape.
 *
 * The last two axes of a shape are inputs and outputs unless said otherwise, as
 * in `jax.nn.initializers`; other axes are those of a window.
 *
 * @module
 */

import type { NDArray } from "../core/array.ts";
import type { FloatDType } from "../core/dtype.ts";
import * as np from "../library/numpy/mod.ts";
import * as random from "../library/random/mod.ts";

/** What an initializer may be told besides the shape. */
export type InitializerOptions = { readonly dtype?: FloatDType };

/** Makes an array of a shape. */
export type Initializer = (
  key: random.Key,
  shape: readonly number[],
  options?: InitializerOptions,
) => NDArray;

/** Which axes are those of inputs and outputs: the last but one, and the last. */
export type FanAxes = { readonly inAxis?: number; readonly outAxis?: number };

/** Zeros. */
export const zeros: Initializer = (
  _key,
  shape,
  { dtype = "float32" } = {},
): NDArray => np.zeros(shape, { dtype });

/** Ones. */
export const ones: Initializer = (
  _key,
  shape,
  { dtype = "float32" } = {},
): NDArray => np.ones(shape, { dtype });

/** One number everywhere. */
export function constant(value: number): Initializer {
  return (_key, shape, { dtype = "float32" } = {}) =>
    np.full(shape, value, { dtype });
}

/** Normal numbers of a standard deviation: 0.01. */
export function normal(stddev = 0.01): Initializer {
  return (key, shape, options) =>
    np.multiply(random.normal(key, shape, options), stddev);
}

/** Uniform numbers in [0, `scale`): 0.01. */
export function uniform(scale = 0.01): Initializer {
  return (key, shape, options) =>
    np.multiply(random.uniform(key, shape, options), scale);
}

/** Standard deviation of a standard normal number in (-2, 2). */
const TRUNCATED_STDDEV = 0.87962566103423978;

/** Normal numbers of a standard deviation (0.01), those beyond two of it left out. */
export function truncatedNormal(stddev = 0.01): Initializer {
  return (key, shape, options) => {
    const x = random.truncatedNormal(key, -2, 2, shape, options);
    return np.multiply(x, stddev / TRUNCATED_STDDEV);
  };
}

type Fan = "in" | "out" | "average";
type Family = "uniform" | "normal" | "truncatedNormal";

/** How `varianceScaling` draws. */
export type VarianceScalingOptions = FanAxes & {
  /** The variance is this, divided by the fan: 1. */
  readonly scale?: number;
  /** What it is divided by: the inputs of an output. */
  readonly fan?: Fan;
  readonly distribution?: Family;
};

/**
 * Numbers whose variance is `scale` divided by the number of inputs or outputs.
 *
 * @throws {RangeError} If a shape has fewer than two axes.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { nn, random } from "@dinograd/dinograd";
 *
 * const init = nn.initializers.varianceScaling({ distribution: "uniform" });
 * const x = init(random.key(0), [300, 10]);
 * assert(Math.max(...x.dataSync()) < 0.1);
 * ```
 */
export function varianceScaling(
  { scale = 1, fan = "in", distribution = "truncatedNormal", ...axes }:
    VarianceScalingOptions = {},
): Initializer {
  return (key, shape, options) => {
    const variance = scale / fanOf(shape, fan, axes);
    switch (distribution) {
      case "uniform": {
        const limit = Math.sqrt(3 * variance);
        const range = { minval: -limit, maxval: limit };
        return random.uniform(key, shape, { ...range, ...options });
      }
      case "normal":
        return normal(Math.sqrt(variance))(key, shape, options);
      case "truncatedNormal":
        return truncatedNormal(Math.sqrt(variance))(key, shape, options);
      default:
        return distribution satisfies never;
    }
  };
}

function fanOf(
  shape: readonly number[],
  fan: Fan,
  { inAxis = -2, outAxis = -1 }: FanAxes,
): number {
  const [inputs, outputs] = [shape.at(inAxis), shape.at(outAxis)];
  if (shape.length < 2 || !inputs || !outputs) {
    throw new RangeError(
      `Cannot draw weights of shape [${shape}] by their fan: needs axes of ` +
        `inputs and outputs`,
    );
  }
  const window = shape.reduce((a, b) => a * b, 1) / (inputs * outputs);
  const fans = {
    in: inputs * window,
    out: outputs * window,
    average: (inputs + outputs) * window / 2,
  };
  return fans[fan];
}

const scaling = (scale: number, fan: Fan, distribution: Family) =>
(
  axes: FanAxes = {},
): Initializer => varianceScaling({ scale, fan, distribution, ...axes });

/** Makes an initializer, given which axes are inputs and outputs. */
export type FanInitializer = (axes?: FanAxes) => Initializer;

/** Uniform, of variance `2 / (inputs + outputs)` (Glorot, Bengio 2010). */
export const glorotUniform: FanInitializer = scaling(1, "average", "uniform");

/** Normal, of variance `2 / (inputs + outputs)` (Glorot, Bengio 2010). */
export const glorotNormal: FanInitializer = scaling(
  1,
  "average",
  "truncatedNormal",
);

/** {@linkcode glorotUniform} under its other name. */
export const xavierUniform: FanInitializer = glorotUniform;

/** {@linkcode glorotNormal} under its other name. */
export const xavierNormal: FanInitializer = glorotNormal;

/** Uniform, of variance `2 / inputs`, for `relu` (He et al. 2015). */
export const heUniform: FanInitializer = scaling(2, "in", "uniform");

/** Normal, of variance `2 / inputs`, for `relu` (He et al. 2015). */
export const heNormal: FanInitializer = scaling(2, "in", "truncatedNormal");

/** Uniform, of variance `1 / inputs` (LeCun et al. 1998). */
export const lecunUniform: FanInitializer = scaling(1, "in", "uniform");

/** Normal, of variance `1 / inputs` (LeCun et al. 1998). */
export const lecunNormal: FanInitializer = scaling(1, "in", "truncatedNormal");
