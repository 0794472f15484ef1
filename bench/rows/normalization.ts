/** How fast are the passes over rows that networks are full of? */

import { type AnyRow, row } from "./row.ts";

const over =
  (task: "softmax" | "layerNorm", name: string) =>
  ([rows, columns]: readonly [number, number]): AnyRow =>
    row(`${name} ${rows}×${columns}`, task, { rows, columns }, {
      tolerance: 1e-4,
      goal: { peer: "torch" },
    });

const softmax = over("softmax", "softmax");
const layerNorm = over("layerNorm", "layer norm");

export const NORMALIZATION: readonly AnyRow[] = [
  softmax([4096, 1024]),
  layerNorm([4096, 1024]),
];

/** Sizes around the rows. */
export const AROUND_NORMALIZATION: readonly AnyRow[] = ([
  [3, 5],
  [127, 65],
  [100003, 7],
  [7, 100003],
  [4099, 1021],
] as const).flatMap((shape) => [softmax(shape), layerNorm(shape)]);
