/** Words of 32 random bits, a pair for each index of a shape. */

import type { NDArray } from "../../core/array.ts";
import { xor } from "../../core/ops/bits.ts";
import { broadcastInDim } from "../../core/ops/broadcast_sum.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { iota, zerosLike } from "../../core/ops/constants.ts";
import { reshape } from "../../core/ops/layout.ts";
import { threefry2x32 } from "../../core/ops/random_bits.ts";
import { slice } from "../../core/ops/slice_pad.ts";

/** The high and the low half of 64 bits. */
export type Words = readonly [high: NDArray, low: NDArray];

/**
 * Hashes one pair of words for each index of `shape`: by default its row-major
 * position as 64 bits. So the bits of an element depend on its position only
 * (JAX's `jax_threefry_partitionable`, the default since version 0.5).
 */
export function hashed(
  key: NDArray,
  shape: readonly number[],
  counts: Words = paired(positions(shape)),
): Words {
  const word = (which: number) => {
    const scalar = reshape(slice(key, [which], [which + 1]), []);
    return broadcastInDim(scalar, shape, []);
  };
  return threefry2x32([word(0), word(1)], counts);
}

/** 32 random bits for each index of a shape, as uint32. */
export function randomWords(
  key: NDArray,
  shape: readonly number[],
): NDArray {
  const [high, low] = hashed(key, shape);
  return xor(high, low);
}

/** Words below 2**32 as pairs. */
export function paired(low: NDArray): Words {
  return [zerosLike(low), low];
}

/** Pairs of words along a new last axis. */
export function joined(high: NDArray, low: NDArray): NDArray {
  const column = (x: NDArray) => reshape(x, [...x.shape, 1]);
  return concatenate([column(high), column(low)], high.ndim);
}

function positions(shape: readonly number[]): NDArray {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return reshape(iota("uint32", [size], 0), shape);
}

/** The two keys into which `split` cuts a key, under a trace or inside of `inlined`. */
export function splitInTwo(key: NDArray): readonly [NDArray, NDArray] {
  const pairs = joined(...hashed(key, [2]));
  const row = (at: number) => reshape(slice(pairs, [at, 0], [at + 1, 2]), [2]);
  return [row(0), row(1)];
}
