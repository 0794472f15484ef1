/** The same rows with sizes that take no time, to see that everything works. */

import { type AnyRow, isRate } from "./row.ts";

/** Sizes above this are cut down; small ones are structure (heads, axes, windows). */
const LARGEST = 24;

/** Sizes that must stay what they are, or nothing fits together. */
const FIXED = new Set(["width", "threads", "axis", "inputs"]);

/** The row with small sizes. Its numbers mean nothing, so nothing is asked of them. */
export function quick(row: AnyRow): AnyRow {
  const sizes = Object.fromEntries(
    Object.entries(row.sizes).map(([name, size]) => [
      name,
      FIXED.has(name) ? size : Math.min(size, LARGEST),
    ]),
  );
  const unit = isRate(row) ? "ms" : row.unit;
  return { ...row, sizes, unit, goal: {} } as AnyRow;
}
