/** Attention. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { finfo } from "../core/limits.ts";
import * as np from "../library/numpy/mod.ts";
import { softmax } from "./softmax.ts";

/** How queries attend to keys. */
export type AttentionOptions = {
  /** Added to the scores; broadcasts to `[batch, heads, queries, keys]`. */
  readonly bias?: NDArray;
  /** Where it is false, a query does not see a key; broadcasts likewise. */
  readonly mask?: NDArray;
  /** What scores are multiplied by: `1 / sqrt(features)`. */
  readonly scale?: number;
  /** Whether a query sees only keys up to its own position: no. */
  readonly isCausal?: boolean;
};

/**
 * Means of values, weighted by the softmax of the products of queries and keys
 * (Vaswani et al. 2017): `[(batch,) queries, heads, features]`, with keys and
 * values `[(batch,) keys, heads, features]`. Heads of keys may be fewer, and are
 * then shared by as many heads of queries each (Ainslie et al. 2023).
 *
 * @throws {ShapeError} If the heads of queries are no multiple of those of keys.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const [query, key] = [np.ones([2, 1, 4]), np.ones([2, 1, 4])];
 * const value = np.array([[[0]], [[8]]]);
 * const y = nn.dotProductAttention(query, key, value, { isCausal: true });
 * assertEquals(y.js(), [[[0]], [[4]]]);
 * ```
 */
export function dotProductAttention(
  query: NDArray,
  key: NDArray,
  value: NDArray,
  { bias, mask, scale, isCausal = false }: AttentionOptions = {},
): NDArray {
  if (query.ndim === 3) {
    const [q, k, v] = [query, key, value].map((x) => np.expandDims(x, 0));
    const given = { ...bias && { bias }, ...mask && { mask } };
    const factor = scale === undefined ? {} : { scale };
    const options = { ...given, ...factor, isCausal };
    return np.squeeze(dotProductAttention(q!, k!, v!, options), 0);
  }
  const heads = query.shape[2]!;
  const [keys, values] = [key, value].map((x) => repeatedHeads(x, heads));
  const factor = scale ?? 1 / Math.sqrt(query.shape[3]!);
  const products = np.einsum("BTNH,BSNH->BNTS", query, keys!);
  let scores = np.multiply(products, factor);
  if (bias) scores = np.add(scores, bias);
  const least = -0.7 * finfo("float32").max;
  if (mask) scores = np.where(mask, scores, least);
  if (isCausal) {
    const [queries, positions] = scores.shape.slice(2);
    const past = np.greater(np.tri(queries!, positions!), 0);
    scores = np.where(past, scores, least);
  }
  const weights = softmax(scores).astype(value.dtype);
  return np.einsum("BNTS,BSNH->BTNH", weights, values!);
}

/** Each head as often as makes `heads` of them. */
function repeatedHeads(x: NDArray, heads: number): NDArray {
  const [batch, length, own, features] = x.shape as [
    number,
    number,
    number,
    number,
  ];
  if (heads === own) return x;
  if (heads % own !== 0) {
    throw new ShapeError(
      `Cannot share ${own} heads of keys among ${heads} heads of queries: ` +
        `needs a multiple`,
    );
  }
  const each = heads / own;
  const groups = [batch, length, own, each, features];
  const copies = np.broadcastTo(np.expandDims(x, 3), groups);
  return np.reshape(copies, [batch, length, heads, features]);
}
