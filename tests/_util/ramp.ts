/** Distinct numbers for tests. */

import type { NDArray } from "../../core/array.ts";
import { arrayOf } from "./array.ts";

/** Distinct float64 numbers in (-2, 2), in no order. */
export function ramp(shape: readonly number[]): NDArray {
  const size = shape.reduce((n, extent) => n * extent, 1);
  // Multiples of the golden ratio modulo 1 never repeat and lie far apart.
  const values = Array.from({ length: size }, (_, i) => {
    const turn = (i + 1) * 0.6180339887498949;
    return 4 * (turn - Math.floor(turn)) - 2;
  });
  return arrayOf(shape, values, "float64");
}
