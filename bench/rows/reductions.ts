/** How fast are sums over axes? */

import { type AnyRow, type Goal, row } from "./row.ts";

const AXES = { "0": "axis 0", "1": "axis 1", "-1": "all" } as const;

function sum(
  [rows, columns]: readonly [number, number],
  axis: 0 | 1 | -1,
  goal: Goal = {},
): AnyRow {
  const name = `sum ${rows}×${columns}, ${AXES[axis]}`;
  return row(name, "sum", { rows, columns, axis }, { tolerance: 1e-4, goal });
}

export const REDUCTIONS: readonly AnyRow[] = [
  sum([4096, 4096], 0, { most: 2 }),
  sum([4096, 4096], 1, { most: 1 }),
  sum([4096, 4096], -1, { most: 1 }),
];

/** Sizes around the rows. */
export const AROUND_REDUCTIONS: readonly AnyRow[] = ([
  [5, 3],
  [101, 103],
  [1021, 1019],
  [1000003, 3],
  [3, 1000003],
  [4099, 4093],
] as const).flatMap((shape) => [sum(shape, 0), sum(shape, 1), sum(shape, -1)]);
