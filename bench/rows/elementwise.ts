/** How fast are fused elementwise functions? */

import { type AnyRow, type Goal, row } from "./row.ts";

function waves(n: number, goal: Goal = {}): AnyRow {
  const name = `tanh(x)·exp(−x²)+sin(x), ${
    n.toExponential(0).replace("e+", "e")
  }`;
  return row(name, "waves", { n }, { tolerance: 1e-5, goal, at: n });
}

export const ELEMENTWISE: readonly AnyRow[] = [
  waves(1e6, { most: 1.2 }),
  waves(1e7, { most: 15 }),
];

/** Sizes around the rows. */
export const AROUND_ELEMENTWISE: readonly AnyRow[] = [
  3,
  100,
  1009,
  10007,
  100003,
  300007,
  3000017,
  30000001,
].map((n) =>
  row(`tanh(x)·exp(−x²)+sin(x), ${n}`, "waves", { n }, {
    tolerance: 1e-5,
    at: n,
  })
);
