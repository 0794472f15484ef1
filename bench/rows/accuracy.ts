/** Are the numbers right where float32 makes it hard? */

import { type AnyRow, row } from "./row.ts";

export const ACCURACY: readonly AnyRow[] = [
  row(
    "accuracy",
    "accuracy",
    { sum: 1e8, mean: 2 ** 25 },
    { manner: "values" },
  ),
];

/** What is computed, and what is right. */
export const EXACT = (sizes: { readonly sum: number }) =>
  [
    [`sum of ${sizes.sum.toExponential(0).replace("e+", "e")} ones`, sizes.sum],
    ["mean of ones", 1],
    ["sin(1e6)", Math.sin(1e6)],
    ["tanh(1e-6)", Math.tanh(Math.fround(1e-6))],
  ] as const;
