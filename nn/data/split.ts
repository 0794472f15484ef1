/**
 * Holding out a part of labelled data, to judge by.
 *
 * @module
 */

/** Which examples are kept for learning, and which are held out. Ascending. */
export type Split = {
  /** Indices of the examples to learn from. */
  readonly kept: Uint32Array;
  /** Indices of the examples to judge by. */
  readonly held: Uint32Array;
};

/**
 * Holds out `held` examples, equally many of each class, drawn with `seed`.
 *
 * Where `held` is not a multiple of the number of classes, the larger classes give
 * one more; a class that has too few gives all, and the others make up for it. Depends on `labels`, `held` and `seed` alone.
 *
 * @throws {RangeError} If `held` is no count up to `labels.length`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const labels = [0, 0, 0, 1, 1, 1, 1, 1];
 * const { kept, held } = stratifiedSplit(labels, { held: 4, seed: 1 });
 * assertEquals(kept.length, 4);
 * assertEquals([...held].map((i) => labels[i]), [0, 0, 1, 1]);
 * ```
 */
export function stratifiedSplit(
  labels: ArrayLike<number>,
  { held, seed }: { readonly held: number; readonly seed: number },
): Split {
  if (!Number.isInteger(held) || held < 0 || held > labels.length) {
    throw new RangeError(
      `Cannot hold out ${held} of ${labels.length} examples: it must be an ` +
        `integer between 0 and ${labels.length}`,
    );
  }
  const random = generator(seed);
  const isHeld = new Uint8Array(labels.length);
  const classes = byLabel(labels);
  const quotas = equalQuotas(classes.map((members) => members.length), held);
  classes.forEach((members, c) => {
    for (const i of sample(members, quotas[c]!, random)) isHeld[i] = 1;
  });
  const where = (flag: number) =>
    Uint32Array.from(isHeld.keys().filter((i) => isHeld[i] === flag));
  return { kept: where(0), held: where(1) };
}

/** Indices of the examples of each class, in the order of the labels. */
function byLabel(labels: ArrayLike<number>): number[][] {
  const groups = Map.groupBy(
    Array.from({ length: labels.length }, (_, i) => i),
    (i) => labels[i]!,
  );
  return [...groups].sort(([a], [b]) => a - b).map(([, members]) => members);
}

/** How many each class gives: `total` in all, as equal as `sizes` allow. */
function equalQuotas(sizes: readonly number[], total: number): number[] {
  const quotas = sizes.map(() => 0);
  // The smallest classes first: what they lack falls to all that are left.
  const order = [...sizes.keys()].sort((a, b) => sizes[a]! - sizes[b]!);
  let left = total;
  order.forEach((c, i) => {
    const share = Math.floor(left / (order.length - i));
    quotas[c] = Math.min(sizes[c]!, share);
    left -= quotas[c]!;
  });
  return quotas;
}

/** The first `count` of a random permutation (Fisher and Yates). */
function sample(
  members: readonly number[],
  count: number,
  random: () => number,
): number[] {
  const pool = [...members];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random() * (pool.length - i));
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, count);
}

/** Uniform numbers in [0, 1): the generator "mulberry32" of T. Ettinger. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
