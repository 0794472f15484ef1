/** Convolutional layers. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { convGeneralDilated } from "../core/ops/convolution.ts";
import * as np from "../library/numpy/mod.ts";
import { inlined } from "../transforms/inlined.ts";
import { fanInUniform, type LayerOptions, twoKeys } from "./linear.ts";
import { Module } from "./module.ts";
import {
  paddingPairs,
  perAxis,
  type WindowPadding,
  type Windows,
} from "./windows.ts";

/** How a convolution is made. */
export type ConvOptions = LayerOptions & {
  /** Extents of the window, one for each spatial axis. */
  readonly kernelSize: readonly number[];
  /** How far the window moves: 1. */
  readonly strides?: number | readonly number[];
  /** What is added around: nothing. */
  readonly padding?: WindowPadding;
  /** Distance between elements of the window: 1. */
  readonly dilation?: number | readonly number[];
  /** Groups of channels that do not meet: 1. */
  readonly groups?: number;
};

type Static = {
  readonly windows: Windows;
  readonly padding: WindowPadding;
  readonly groups: number;
};

const convolved = inlined(
  "conv",
  2,
  ([x, weight], { windows, padding, groups }: Static) =>
    convGeneralDilated(x, weight, {
      windowStrides: windows.strides,
      padding: paddingPairs(padding, x.shape.slice(2), windows),
      rhsDilation: windows.dilation,
      featureGroupCount: groups,
    }),
);

/**
 * Convolution over spatial axes, as many as `kernelSize` has:
 * `[batch, inChannels, ...spatial] -> [batch, outChannels, ...spatial]`.
 *
 * As in PyTorch, the kernel is not flipped, and weights and bias are drawn from
 * U(-1/sqrt(n), 1/sqrt(n)), `n` being the inputs of one output.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np, random } from "@dinograd/dinograd";
 *
 * const options = { kernelSize: [3, 3], padding: 1, key: random.key(0) };
 * const conv = new nn.Conv(1, 8, options);
 * assertEquals(conv.call(np.ones([2, 1, 5, 5])).shape, [2, 8, 5, 5]);
 * ```
 */
export class Conv extends Module {
  /** `[outChannels, inChannels / groups, ...kernelSize]`. */
  readonly weight: NDArray;
  /** `[outChannels]`. */
  readonly bias: NDArray | null;
  private readonly how: Static;

  constructor(
    inChannels: number,
    outChannels: number,
    {
      key,
      kernelSize,
      strides = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      bias = true,
    }: ConvOptions,
  ) {
    super();
    if (!Array.isArray(kernelSize)) {
      throw new TypeError(
        `Cannot make a Conv with kernelSize ${kernelSize}: needs a list of an ` +
          `extent for each spatial axis, as [3, 3]`,
      );
    }
    if (inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ShapeError(
        `Cannot make a Conv of ${inChannels} to ${outChannels} channels with ` +
          `${groups} groups: both must be multiples of the groups`,
      );
    }
    const rank = kernelSize.length;
    const windows = {
      sizes: kernelSize,
      strides: perAxis(strides, rank),
      dilation: perAxis(dilation, rank),
    };
    this.how = { windows, padding, groups };
    const shape = [outChannels, inChannels / groups, ...kernelSize];
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const [weightKey, biasKey] = twoKeys(key);
    this.weight = fanInUniform(weightKey, shape, fanIn);
    this.bias = bias ? fanInUniform(biasKey, [outChannels], fanIn) : null;
  }

  /**
   * The convolution of `x` with the weights, and the bias of each channel.
   *
   * @throws {ShapeError} If `x` has another number of axes or channels.
   */
  call(x: NDArray): NDArray {
    const rank = this.how.windows.sizes.length;
    const channels = this.weight.shape[1]! * this.how.groups;
    if (x.ndim !== rank + 2 || x.shape[1] !== channels) {
      throw new ShapeError(
        `Cannot apply Conv to an array of shape [${x.shape}]: needs a batch ` +
          `axis, ${channels} channels and ${rank} spatial axes`,
      );
    }
    const y = convolved(x, this.weight, this.how);
    if (!this.bias) return y;
    return np.add(y, np.reshape(this.bias, [-1, ...Array(rank).fill(1)]));
  }
}
