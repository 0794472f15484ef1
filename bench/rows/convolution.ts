/** How fast are convolutions and their derivatives? */

import { type AnyRow, type Goal, row } from "./row.ts";

type Sizes = readonly [
  batch: number,
  inputs: number,
  size: number,
  outputs: number,
  kernel: number,
];

function conv(
  [batch, inputs, size, outputs, kernel]: Sizes,
  goals: { readonly forward?: Goal; readonly both?: Goal } = {},
): readonly AnyRow[] {
  const sizes = { batch, inputs, outputs, size, kernel };
  const name =
    `conv ${batch}×${inputs}×${size}×${size}→${outputs}, ${kernel}×${kernel}`;
  return [
    row(`${name}: forward`, "conv", sizes, {
      tolerance: 1e-4,
      goal: goals.forward ?? {},
    }),
    row(`${name}: forward + backward`, "convGrad", sizes, {
      tolerance: 1e-3, // a mean of many squares, which not all add up well
      goal: goals.both ?? {},
    }),
  ];
}

export const CONVOLUTION: readonly AnyRow[] = [
  ...conv([32, 3, 32, 16, 3], { forward: { most: 0.5 }, both: { most: 1.6 } }),
  ...conv([32, 64, 16, 64, 3], { forward: { most: 5.6 }, both: { most: 17 } }),
];

/** Sizes around the rows. */
export const AROUND_CONVOLUTION: readonly AnyRow[] = ([
  [1, 1, 5, 1, 3],
  [2, 5, 17, 7, 5],
  [8, 32, 13, 31, 1],
  [64, 6, 14, 16, 5],
  [4, 128, 28, 128, 3],
] as const).flatMap((sizes) => conv(sizes));
