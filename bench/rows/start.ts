/** How long until something has been computed? */

import { type AnyRow, row } from "./row.ts";
import { GPT_SIZES, LENET_SIZES, MLP_SIZES } from "./training.ts";

const first = (most: number) =>
  ({ manner: "first call", tolerance: 1e-3, goal: { most } }) as const;

export const START: readonly AnyRow[] = [
  row("cold start: import, add two arrays, end", "addRead", { n: 4 }, {
    manner: "whole process",
    goal: { most: 64 },
  }),
  row("cold start, dinograd from its sources", "addRead", { n: 4 }, {
    manner: "whole process from sources",
    goal: { most: 64 },
  }),
  row("first step of the MLP", "mlp", MLP_SIZES, first(60)),
  row("first step of LeNet", "lenet", LENET_SIZES, first(80)),
  row("first step of the tiny GPT", "gpt", GPT_SIZES, first(250)),
];
