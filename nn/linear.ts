/** Layers of matrices. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import * as np from "../library/numpy/mod.ts";
import { type Key, normal, split, uniform } from "../library/random/mod.ts";
import { Module } from "./module.ts";
import { checkClasses } from "./softmax.ts";

/** How a layer with weights and a bias is made. */
export type LayerOptions = {
  readonly key: Key;
  /** Whether a bias is added: yes. */
  readonly bias?: boolean;
};

/** Uniform numbers below `1 / sqrt(fanIn)` in magnitude, as PyTorch draws weights. */
export function fanInUniform(
  key: Key,
  shape: readonly number[],
  fanIn: number,
): NDArray {
  const limit = 1 / Math.sqrt(fanIn);
  return uniform(key, shape, { minval: -limit, maxval: limit });
}

/** Two keys from one. */
export function twoKeys(key: Key): readonly [Key, Key] {
  const [first, second] = split(key);
  return [first!, second!];
}

/**
 * Affine map over the last axis: `[..., inFeatures] -> [..., outFeatures]`.
 *
 * Weights and bias are drawn from U(-1/sqrt(in), 1/sqrt(in)), as PyTorch does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np, random } from "@dinograd/dinograd";
 *
 * const layer = new nn.Linear(3, 2, { key: random.key(0) });
 * assertEquals(layer.call(np.ones([5, 3])).shape, [5, 2]);
 * ```
 */
export class Linear extends Module {
  /** `[inFeatures, outFeatures]`. */
  readonly weight: NDArray;
  /** `[outFeatures]`. */
  readonly bias: NDArray | null;

  constructor(
    inFeatures: number,
    outFeatures: number,
    { key, bias = true }: LayerOptions,
  ) {
    super();
    const [weightKey, biasKey] = twoKeys(key);
    this.weight = fanInUniform(
      weightKey,
      [inFeatures, outFeatures],
      inFeatures,
    );
    this.bias = bias ? fanInUniform(biasKey, [outFeatures], inFeatures) : null;
  }

  /**
   * `x weight + bias`.
   *
   * @throws {ShapeError} If the last axis of `x` has not `inFeatures` elements.
   */
  call(x: NDArray): NDArray {
    const [inFeatures] = this.weight.shape;
    if (x.shape.at(-1) !== inFeatures) {
      throw new ShapeError(
        `Cannot apply Linear to an array of shape [${x.shape}]: its last axis ` +
          `must have ${inFeatures} elements`,
      );
    }
    const y = np.matmul(x, this.weight);
    return this.bias ? np.add(y, this.bias) : y;
  }
}

/**
 * A table of vectors: integers of any shape -> `[..., features]`.
 *
 * Drawn from the normal distribution, as PyTorch does. Numbers out of range are
 * clamped.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np, random } from "@dinograd/dinograd";
 *
 * const embedding = new nn.Embedding(10, 4, { key: random.key(0) });
 * const words = np.array([3, 1], { dtype: "int32" });
 * assertEquals(embedding.call(words).shape, [2, 4]);
 * ```
 */
export class Embedding extends Module {
  /** `[count, features]`. */
  readonly weight: NDArray;

  constructor(count: number, features: number, { key }: { readonly key: Key }) {
    super();
    this.weight = normal(key, [count, features]);
  }

  /**
   * The vectors of these numbers.
   *
   * @throws {ShapeError} If `x` is not of integers.
   */
  call(x: NDArray): NDArray {
    checkClasses(x, "embed");
    return np.take(this.weight, x, 0);
  }
}
