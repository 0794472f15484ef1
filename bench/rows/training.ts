/** How fast do networks learn? Steps with the loss read each time. */

import { type AnyRow, row } from "./row.ts";

export const MLP_SIZES = { batch: 128 };
export const LENET_SIZES = { batch: 64 };
export const GPT_SIZES = {
  batch: 16,
  layers: 4,
  width: 128,
  heads: 4,
  tokens: 64,
  vocabulary: 65,
};

const step = { tolerance: 1e-3 };

export const TRAINING: readonly AnyRow[] = [
  row("MLP 784-512-256-10, Adam, batch 128: step", "mlp", MLP_SIZES, {
    ...step,
    goal: { most: 4, blas: 1 },
  }),
  row("LeNet, momentum, batch 64: step", "lenet", LENET_SIZES, {
    ...step,
    goal: { most: 3.3 },
  }),
  row("tiny GPT, Adam, 16×64 tokens: step", "gpt", GPT_SIZES, {
    ...step,
    goal: { most: 55, blas: 1 },
  }),
  row(
    "vmap(grad) of a 32-64-1 MLP, batch 256",
    "perExample",
    { batch: 256, inputs: 32, hidden: 64 },
    { goal: { most: 0.47 } },
  ),
];

/** Sizes around the rows. */
export const AROUND_TRAINING: readonly AnyRow[] = [
  ...[1, 17, 512].map((batch) =>
    row(`MLP, batch ${batch}: step`, "mlp", { batch }, step)
  ),
  ...[1, 17, 256].map((batch) =>
    row(`LeNet, batch ${batch}: step`, "lenet", { batch }, step)
  ),
  row(
    "GPT, 2 layers of 96, 5×33 tokens: step",
    "gpt",
    { batch: 5, layers: 2, width: 96, heads: 3, tokens: 33, vocabulary: 50 },
    step,
  ),
];
