/** All rows: those of the table, and the sizes around them. */

import { ACCURACY } from "./accuracy.ts";
import { AROUND_CONVOLUTION, CONVOLUTION } from "./convolution.ts";
import { DISPATCH } from "./dispatch.ts";
import { AROUND_ELEMENTWISE, ELEMENTWISE } from "./elementwise.ts";
import { AROUND_INDEXING, INDEXING } from "./indexing.ts";
import { LIMITS } from "./limits.ts";
import { AROUND_MATMUL, MATMUL } from "./matmul.ts";
import { AROUND_NORMALIZATION, NORMALIZATION } from "./normalization.ts";
import { AROUND_ORDER, ORDER } from "./order.ts";
import { AROUND_REDUCTIONS, REDUCTIONS } from "./reductions.ts";
import type { AnyRow } from "./row.ts";
import { START } from "./start.ts";
import { AROUND_TRAINING, TRAINING } from "./training.ts";

/** Rows that ask one question. */
export interface Group {
  readonly title: string;
  readonly rows: readonly AnyRow[];
  /** The same question at odd, prime, tiny and huge sizes. */
  readonly around?: readonly AnyRow[];
}

/** All of them, in the order of the table. */
export const GROUPS: readonly Group[] = [
  { title: "Limits of this machine", rows: LIMITS },
  { title: "Products of matrices", rows: MATMUL, around: AROUND_MATMUL },
  {
    title: "Fused elementwise functions",
    rows: ELEMENTWISE,
    around: AROUND_ELEMENTWISE,
  },
  { title: "Sums", rows: REDUCTIONS, around: AROUND_REDUCTIONS },
  {
    title: "Softmax and layer norm",
    rows: NORMALIZATION,
    around: AROUND_NORMALIZATION,
  },
  { title: "Along an axis, in order", rows: ORDER, around: AROUND_ORDER },
  { title: "At positions", rows: INDEXING, around: AROUND_INDEXING },
  { title: "Convolutions", rows: CONVOLUTION, around: AROUND_CONVOLUTION },
  { title: "Training", rows: TRAINING, around: AROUND_TRAINING },
  { title: "Calls", rows: DISPATCH },
  { title: "Starting", rows: START },
  { title: "Accuracy", rows: ACCURACY },
];

/** The rows whose name, task or question contains `only`, or all. */
export function chosen(
  { only = "", around = false }: {
    readonly only?: string | undefined;
    readonly around?: boolean;
  },
): readonly Group[] {
  const wanted = only.toLowerCase();
  return GROUPS.map(({ title, rows, around: others = [] }) => ({
    title,
    rows: (around ? others : rows).filter(({ name, task }) =>
      [name, task, title].some((text) => text.toLowerCase().includes(wanted))
    ),
  })).filter(({ rows }) => rows.length > 0);
}
