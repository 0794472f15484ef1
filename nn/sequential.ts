/** Layers one after the other, and dropout. */

import type { NDArray } from "../core/array.ts";
import * as np from "../library/numpy/mod.ts";
import { bernoulli, foldIn, type Key } from "../library/random/mod.ts";
import { Module } from "./module.ts";

/** What a layer may be told with its input. */
export type CallOptions = {
  /** Where randomness comes from while training; without it there is none. */
  readonly key?: Key | undefined;
};

/** A module from one array to one, or a plain function. */
export type Layer =
  | ((x: NDArray) => NDArray)
  | (Module & { call(x: NDArray, options?: CallOptions): NDArray });

/** A function in the place of a layer: static in a tree. */
class Lambda extends Module {
  constructor(readonly f: (x: NDArray) => NDArray) {
    super();
  }
  call(x: NDArray): NDArray {
    return this.f(x);
  }
}

/**
 * Layers, of which each takes the result of the one before.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np, random } from "@dinograd/dinograd";
 *
 * const [k1, k2] = random.split(random.key(0));
 * const net = new nn.Sequential([
 *   new nn.Linear(2, 8, { key: k1! }),
 *   nn.relu,
 *   new nn.Linear(8, 1, { key: k2! }),
 * ]);
 * assertEquals(net.call(np.ones([4, 2])).shape, [4, 1]);
 * ```
 */
export class Sequential extends Module {
  /** Functions are wrapped in modules. */
  readonly layers: readonly Exclude<Layer, (x: NDArray) => NDArray>[];

  constructor(layers: readonly Layer[]) {
    super();
    this.layers = layers.map((layer) =>
      typeof layer === "function" ? new Lambda(layer) : layer
    );
  }

  /** The result of the last layer. Each layer gets a key of its own. */
  call(x: NDArray, { key }: CallOptions = {}): NDArray {
    return this.layers.reduce(
      (y, layer, i) =>
        layer.call(y, { key: key === undefined ? key : foldIn(key, i) }),
      x,
    );
  }
}

/**
 * Zeros elements with probability `rate` and scales the others up, if it is
 * called with a key; without one it is the identity (Srivastava et al. 2014).
 *
 * @throws {RangeError} If `rate` is not in [0, 1).
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np, random } from "@dinograd/dinograd";
 *
 * const dropout = new nn.Dropout(0.5);
 * const x = np.ones([100]);
 * assertEquals(dropout.call(x), x);
 * const y = dropout.call(x, { key: random.key(0) });
 * assertEquals(new Set(y.js() as number[]), new Set([0, 2]));
 * ```
 */
export class Dropout extends Module {
  constructor(readonly rate: number) {
    super();
    if (rate >= 0 && rate < 1) return;
    throw new RangeError(
      `Cannot make a Dropout of rate ${rate}: it must be at least 0 and ` +
        `below 1`,
    );
  }

  /** `x`, or `x` with elements dropped. */
  call(x: NDArray, { key }: CallOptions = {}): NDArray {
    if (key === undefined || this.rate === 0) return x;
    const isKept = bernoulli(key, 1 - this.rate, x.shape);
    return np.where(isKept, np.divide(x, 1 - this.rate), 0);
  }
}
