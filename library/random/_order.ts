/** Random orders and draws by position, under a trace or inside of `inlined`. */

import type { NDArray } from "../../core/array.ts";
import { gather } from "../../core/ops/gather_scatter.ts";
import { reshape } from "../../core/ops/layout.ts";
import { sort } from "../../core/ops/sort.ts";
import { randomWords, splitInTwo } from "./_words.ts";

const LOG_OF_WORDS = Math.log(2 ** 32 - 1);

/** Puts the elements along `axis` into random order, each column by itself. */
export function shuffled(key: NDArray, x: NDArray, axis: number): NDArray {
  // So often that equal keys in every round are unlikely: as JAX and XLA do.
  const rounds = Math.ceil(3 * Math.log(Math.max(1, x.size)) / LOG_OF_WORDS);
  let [rest, result] = [key, x];
  for (let round = 0; round < rounds; round++) {
    const [next, own] = splitInTwo(rest);
    const keys = randomWords(own, x.shape);
    [, result] = sort([keys, result], { dimension: axis, numKeys: 1 }) as [
      NDArray,
      NDArray,
    ];
    rest = next;
  }
  return result;
}

/** The elements at `indices` along `axis`. */
export function taken(x: NDArray, indices: NDArray, axis: number): NDArray {
  const others = x.shape.map((_, a) => a).filter((a) => a !== axis);
  return gather(x, reshape(indices, [...indices.shape, 1]), {
    offsetDims: others.map((a) => a < axis ? a : a - 1 + indices.ndim),
    collapsedSliceDims: [axis],
    operandBatchingDims: [],
    startIndicesBatchingDims: [],
    startIndexMap: [axis],
    sliceSizes: x.shape.map((extent, a) => a === axis ? 1 : extent),
  });
}

/** Throws unless `count` is a number of elements. */
export function checkCount(count: number, doing: string): void {
  if (Number.isSafeInteger(count) && count >= 0) return;
  throw new RangeError(
    `Cannot ${doing} the integers below ${count}: needs a count, or an array`,
  );
}
