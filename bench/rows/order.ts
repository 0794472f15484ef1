/** How fast are operations along an axis in its order? */

import { type AnyRow, type Goal, row } from "./row.ts";

const along =
  (task: "cumsum" | "sort" | "argsort") => (n: number, goal: Goal = {}) =>
    row(`${task} ${n === 1e6 ? "1e6" : n}`, task, { n }, {
      tolerance: 1e-4,
      goal,
      at: n,
    });

export const ORDER: readonly AnyRow[] = [
  along("cumsum")(1e6, { most: 0.8 }),
  along("sort")(1e6, { most: 15 }),
  along("argsort")(1e6, { most: 25 }),
];

/** Sizes around the rows. */
export const AROUND_ORDER: readonly AnyRow[] = [7, 1009, 65537, 300007, 4000037]
  .flatMap((n) => [
    along("cumsum")(n),
    along("sort")(n),
    along("argsort")(n),
  ]);
