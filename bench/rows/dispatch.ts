/** What does a call cost where there is nearly nothing to compute? */

import { type AnyRow, type Goal, row } from "./row.ts";

const us = (most: number): { unit: "µs"; goal: Goal } => ({
  unit: "µs",
  goal: { most },
});

export const DISPATCH: readonly AnyRow[] = [
  row("eager x + y, 4 elements, read", "addRead", { n: 4 }, us(3)),
  row("jitted 2x + 1, 4 elements", "jitAffine", { n: 4 }, us(3)),
  row("eager x.add(1), 4 elements", "addOne", { n: 4 }, us(5)),
  row("eager mean, 4 elements, read", "meanRead", { n: 4 }, us(5)),
  row("eager softmax, 4 elements", "smallSoftmax", { n: 4 }, us(5)),
  row("eager grad of sin(x)·x², read", "scalarGrad", {}, us(29)),
  row("jitted grad of sin(x)·x², read", "jitScalarGrad", {}, us(4)),
];
