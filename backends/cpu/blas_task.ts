/** Products cut into tiles that threads make side by side, each by one call or a few. */

import { itemSize } from "../../core/dtype.ts";
import type { Matrix, Product, Repetition } from "./blas_product.ts";

/** What a thread must know to make the tiles of a product: plain data. */
export interface ProductTask {
  /** The library. */
  readonly file: string;
  readonly symbol: "cblas_sgemm" | "cblas_dgemm";
  readonly k: number;
  readonly left: TaskMatrix;
  readonly right: TaskMatrix;
  readonly out: TaskMatrix;
  /** Calls that add up in one tile. */
  readonly callsPerItem: number;
  /**
   * Six numbers for each call: rows and columns, bytes from the beginnings of
   * the buffers to its part of each matrix, and what to scale `out` by before.
   */
  readonly calls: Float64Array;
}

/** A matrix in the terms of CBLAS. */
export interface TaskMatrix {
  /** Which argument of the kernel has its address. */
  readonly argument: number;
  readonly isTransposed: boolean;
  readonly leading: number;
}

/** A task, and what the pool is told of it. */
export interface CutProduct {
  readonly task: ProductTask;
  readonly items: number;
  /** Rough nanoseconds of one item. */
  readonly cost: number;
}

/** Sides of the largest tiles: beyond them, a library is no faster. */
const LARGEST = 512;

/**
 * Tiles are halved as long as there are fewer than so many and each has more
 * than so many multiplications: small ones pack their operands too often, but
 * few leave threads without work. 2^20 multiplications take some 17 µs.
 */
const HALVED = [
  { tiles: 4, size: 2 ** 20 },
  { tiles: 16, size: 2 ** 24 },
];

/** A product in tiles, by shape alone: results do not depend on threads. */
export function cutProduct(product: Product, file: string): CutProduct {
  const { dtype, m, n, k, left, right, out, repetitions } = product;
  const isSum = (r: Repetition) => r.out === 0;
  const [sums, others] = [
    placesOf(repetitions.filter(isSum)),
    placesOf(repetitions.filter((r) => !isSum(r))),
  ];
  const [rows, columns] = tileOf(product, sums.length, others.length);
  const bytes = itemSize(dtype);
  const tiles = partsOf(m, rows).flatMap((row) =>
    partsOf(n, columns).map((column) => ({ row, column }))
  );
  const calls = others.flatMap((place) =>
    tiles.flatMap(({ row, column }) =>
      sums.flatMap((sum, i) => [
        row.size,
        column.size,
        bytes * (left.offset + place.left + sum.left + row.at * down(left)),
        bytes *
        (right.offset + place.right + sum.right + column.at * across(right)),
        bytes * (out.offset + place.out + row.at * out.leading + column.at),
        i === 0 ? 0 : 1,
      ])
    )
  );
  return {
    task: {
      file,
      symbol: dtype === "float32" ? "cblas_sgemm" : "cblas_dgemm",
      k,
      left: taskMatrix(left),
      right: taskMatrix(right),
      out: taskMatrix(out),
      callsPerItem: sums.length,
      calls: Float64Array.from(calls),
    },
    items: others.length * tiles.length,
    cost: rows * columns * k * sums.length / MULTIPLICATIONS[dtype],
  };
}

/** Rough multiplications in a nanosecond on one core. */
const MULTIPLICATIONS = { float32: 60, float64: 30 };

function tileOf(
  { m, n, k }: Product,
  sums: number,
  others: number,
): readonly [rows: number, columns: number] {
  let [rows, columns] = [Math.min(m, LARGEST), Math.min(n, LARGEST)];
  const isHalved = () => {
    const count = Math.ceil(m / rows) * Math.ceil(n / columns) * others;
    const work = rows * columns * k * sums;
    return HALVED.some(({ tiles, size }) => count < tiles && work > size);
  };
  // Libraries prefer wide tiles to tall ones.
  while (isHalved()) {
    if (rows >= columns) rows = Math.ceil(rows / 2);
    else columns = Math.ceil(columns / 2);
  }
  return [rows, columns];
}

/** A range in parts of nearly equal sizes, of whole vectors but for the last. */
function partsOf(extent: number, most: number) {
  const size = 16 * Math.ceil(extent / Math.ceil(extent / most) / 16);
  return Array.from({ length: Math.ceil(extent / size) }, (_, i) => ({
    at: i * size,
    size: Math.min(size, extent - i * size),
  }));
}

interface Place {
  readonly left: number;
  readonly right: number;
  readonly out: number;
}

function placesOf(repetitions: readonly Repetition[]): readonly Place[] {
  return repetitions.reduce<readonly Place[]>(
    (places, by) =>
      places.flatMap(({ left, right, out }) =>
        Array.from({ length: by.extent }, (_, i) => ({
          left: left + i * by.left,
          right: right + i * by.right,
          out: out + i * by.out,
        }))
      ),
    [{ left: 0, right: 0, out: 0 }],
  );
}

/** From one row of a matrix to the next. */
function down({ isTransposed, leading }: Matrix): number {
  return isTransposed ? 1 : leading;
}

/** From one column of a matrix to the next. */
function across({ isTransposed, leading }: Matrix): number {
  return isTransposed ? leading : 1;
}

function taskMatrix({ buffer, isTransposed, leading }: Matrix): TaskMatrix {
  return { argument: buffer, isTransposed, leading };
}
