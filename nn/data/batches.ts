/** Shuffled parts of data that do not fit into one step. */

import { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { flattenWithPath, formatPath, map } from "../../core/tree.ts";
import {
  type Key,
  key as keyOf,
  permutation,
} from "../../library/random/mod.ts";
import { array, take } from "../../library/numpy/mod.ts";

/** Numbers in row-major order with the shape of one example after the other. */
export type Columns = NDArray | NumbersView;

/** A typed array whose first axis, and only one, is that of the examples. */
type NumbersView =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** How data are cut into batches. */
export type BatchOptions = {
  readonly batchSize: number;
  /** Draws the order; without key or seed it is that of the data. */
  readonly key?: Key;
  /** In place of a key: the same as `random.key(seed)`. */
  readonly seed?: number;
  /** Whether a last batch that is smaller is left out: no. */
  readonly dropLast?: boolean;
};

/**
 * Batches of examples: trees like `data`, whose leaves have `batchSize` elements
 * along their first axis, in random order if there is a key.
 *
 * Leaves are arrays or typed arrays, and batches have the same kind.
 *
 * @throws {RangeError} If `batchSize` is no positive integer.
 * @throws {ShapeError} If leaves have different numbers of examples.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * const data = { x: np.array([[1], [2], [3]]), y: new Uint8Array([1, 2, 3]) };
 * const sizes: number[] = [];
 * for (const { x, y } of nn.data.batches(data, { batchSize: 2, seed: 1 })) {
 *   assertEquals(x.ravel().js(), [...y]);
 *   sizes.push(y.length);
 * }
 * assertEquals(sizes, [2, 1]);
 * ```
 */
export function* batches<T>(
  data: T,
  { batchSize, key, seed, dropLast = false }: BatchOptions,
): Generator<T, void, undefined> {
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot make batches of ${batchSize} examples: needs a positive integer`,
    );
  }
  const count = countOf(data);
  const shuffle = key ?? (seed === undefined ? null : keyOf(seed));
  const order = shuffle
    ? Int32Array.from(permutation(shuffle, count).dataSync())
    : Int32Array.from({ length: count }, (_, i) => i);
  const end = dropLast ? count - count % batchSize : count;
  for (let start = 0; start < end; start += batchSize) {
    const chosen = order.slice(start, start + batchSize);
    yield map<T, Columns, Columns>((x) => taken(x, chosen), data) as T;
  }
}

function taken(x: Columns, positions: Int32Array): Columns {
  if (x instanceof NDArray) return take(x, array(positions), 0);
  const Kind = x.constructor as { new (length: number): NumbersView };
  const out = new Kind(positions.length);
  positions.forEach((from, i) => out[i] = x[from]!);
  return out;
}

/** How many examples each leaf has. */
function countOf(data: unknown): number {
  const { leaves } = flattenWithPath<unknown, Columns>(data);
  const counts = leaves.map(([, x]) =>
    x instanceof NDArray ? x.shape[0] ?? 0 : x.length
  );
  const odd = counts.findIndex((count) => count !== counts[0]);
  if (odd < 0) return counts[0] ?? 0;
  const [first, other] = [0, odd].map((i) => formatPath(leaves[i]![0], "data"));
  throw new ShapeError(
    `Cannot make batches: ${first} has ${counts[0]} examples, and ${other} ` +
      `has ${counts[odd]}`,
  );
}
