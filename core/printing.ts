/** Prints arrays as NumPy does. */

import type { DType, Storage } from "./dtype.ts";

/** Placeholder of the first slice: one line of values. */
export function formatArray(
  values: Storage,
  shape: readonly number[],
  dtype: DType,
): string {
  return `NDArray<${dtype}[${shape}]> ${Array.from(values).join(" ")}`;
}
