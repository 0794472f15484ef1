/** How fast are reads and additions at positions? */

import { type AnyRow, row } from "./row.ts";

function at([rows, columns, count]: readonly [number, number, number]) {
  const sizes = { rows, columns, count };
  const goal = { peer: "torch" };
  return [
    row(`take ${count} rows of ${rows}×${columns}`, "take", sizes, { goal }),
    row(
      `scatter-add ${count} rows to ${rows}×${columns}`,
      "scatterAdd",
      sizes,
      {
        goal,
      },
    ),
  ];
}

export const INDEXING: readonly AnyRow[] = at([1e5, 64, 1e5]);

/** Sizes around the rows. */
export const AROUND_INDEXING: readonly AnyRow[] = ([
  [5, 3, 2],
  [1009, 65, 10007],
  [65, 128, 1024],
  [300007, 1, 300007],
] as const).flatMap((sizes) => at(sizes));
