/**
 * Inputs of the rows: numbers that every peer computes alike, in any language
 * (`peers/python/data.py` is the same in NumPy).
 */

/** A well mixed 32-bit word for each counter (Wellons, "lowbias32"). */
function word(counter: number): number {
  let x = counter;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Where the counters of a seed start: far from those of other seeds. */
function start(seed: number): number {
  return Math.imul(seed, 0x9e3779b9);
}

/** Multiples of 2^-23 in [-scale, scale), rounded to float32 after scaling. */
export function uniform(
  count: number,
  { seed, scale = 1 }: { readonly seed: number; readonly scale?: number },
): Float32Array<ArrayBuffer> {
  const [out, from] = [new Float32Array(count), start(seed)];
  const factor = Math.fround(scale);
  for (let i = 0; i < count; i++) {
    out[i] = ((word(from + i | 0) >>> 8) / 2 ** 23 - 1) * factor;
  }
  return out;
}

/** Whole numbers in [0, below). */
export function integers(
  count: number,
  { seed, below }: { readonly seed: number; readonly below: number },
): Int32Array<ArrayBuffer> {
  const from = start(seed);
  return Int32Array.from(
    { length: count },
    (_, i) => word(from + i | 0) % below,
  );
}

/** Numbers from a name, so that parameters of models need no order. */
export function seedOf(name: string): number {
  let hash = 0x811c9dc5; // FNV-1a
  for (const char of name) {
    hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  }
  return hash >>> 0;
}
