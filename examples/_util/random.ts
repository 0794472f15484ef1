/**
 * Seeded random numbers for drawing, with no array in sight.
 *
 * @module
 */

/** A source of random numbers. */
export type Random = {
  /** Uniform in `[low, high)`. */
  readonly between: (low: number, high: number) => number;
  /** One of `items`. */
  readonly pick: <T>(items: readonly T[]) => T;
  /** `items` in a random order. */
  readonly shuffled: <T>(items: readonly T[]) => T[];
};

/**
 * The source of random numbers number `stream` of `seed`: the generator
 * "mulberry32" of T. Ettinger.
 */
export function seededRandom(seed: number, stream = 0): Random {
  let state = mix(mix(seed) ^ mix(stream + 0x9e3779b9));
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
  const below = (n: number) => Math.floor(next() * n);
  return {
    between: (low, high) => low + (high - low) * next(),
    pick: (items) => items[below(items.length)]!,
    shuffled: (items) => {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [out[i], out[j]] = [out[j]!, out[i]!];
      }
      return out;
    },
  };
}

function mix(state: number): number {
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return t ^ (t >>> 14);
}
