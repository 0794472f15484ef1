/** Where training starts: parameters that follow from their name and shape. */

import { seedOf, uniform } from "./data.ts";

/**
 * Ones where the name ends with "scale", else uniform numbers that keep the
 * size of activations. `[in, out]` for matrices, `[out, in, ...]` for windows.
 */
export function initial(
  name: string,
  shape: readonly number[],
): Float32Array<ArrayBuffer> {
  const count = shape.reduce((a, b) => a * b, 1);
  if (name.endsWith("scale")) return new Float32Array(count).fill(1);
  return uniform(count, { seed: seedOf(name), scale: scaleOf(shape) });
}

function scaleOf(shape: readonly number[]): number {
  if (shape.length === 1) return 0.1;
  const [first, ...rest] = shape;
  const fanIn = shape.length === 2 ? first! : rest.reduce((a, b) => a * b, 1);
  return 1 / Math.sqrt(fanIn);
}

/** Steps whose losses are compared before timing begins. */
export const CHECKED_STEPS = 3;
