/** How fast are products of matrices? */

import { type AnyRow, type Goal, row } from "./row.ts";

type Sizes = readonly [m: number, k: number, n: number];

function product(
  [m, k, n]: Sizes,
  { batch = 1, goal = {} }: { batch?: number; goal?: Goal } = {},
): AnyRow {
  const isSquare = m === k && k === n && batch === 1;
  const one = isSquare ? `${m}` : `${m}×${k} · ${k}×${n}`;
  const name = batch === 1 ? `matmul ${one}` : `matmul ${batch}×(${one})`;
  return row(name, "matmul", { batch, m, k, n }, {
    unit: "GFLOP/s",
    work: 2 * batch * m * k * n,
    goal,
    ...isSquare && { at: n },
  });
}

export const MATMUL: readonly AnyRow[] = [
  product([256, 256, 256], { goal: { share: 0.85, blas: 0.95 } }),
  product([512, 512, 512], { goal: { share: 0.9, blas: 0.95 } }),
  product([1024, 1024, 1024], { goal: { share: 0.9, blas: 0.95 } }),
  product([2048, 2048, 2048], { goal: { share: 0.9, blas: 0.95 } }),
  product([128, 784, 512], { goal: { share: 0.8 } }),
  product([128, 64, 128], { batch: 32, goal: { share: 0.8 } }),
];

/** Sizes around the rows: tiny, odd, prime, skinny, huge. */
export const AROUND_MATMUL: readonly AnyRow[] = [
  ...[4, 8, 16, 31, 64, 97, 128, 191, 255, 257, 384, 511, 769, 1021, 1536, 3001]
    .map((n) => product([n, n, n])),
  product([1, 1024, 1024]),
  product([1024, 1024, 1]),
  product([7, 4096, 9]),
  product([4096, 3, 4096]),
  product([17, 17, 17], { batch: 1000 }),
];
