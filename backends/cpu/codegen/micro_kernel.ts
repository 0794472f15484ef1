/**
 * The innermost loop of contractions: a tile of at most 6 rows by 2 vectors of
 * columns is kept in registers while products are added to it.
 *
 *     for each k:  tile[r][v] += left[r][k] * right[k][v]
 *
 * 12 accumulators, 2 vectors of `right` and one element of `left` take 15 of the
 * 16 vector registers that engines use; larger tiles spill, smaller ones load
 * more per product.
 */

import type { DType } from "../../../core/dtype.ts";
import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { FunctionRef, ModuleBuilder } from "../wasm/module.ts";
import type { I32, Local, V128 } from "../wasm/value.ts";

/** Rows of a whole tile. */
export const TILE_ROWS = 6;
/** Vectors in each row of a whole tile. */
export const TILE_VECTORS = 2;
/** Products per accumulator in one turn of the loop. */
const UNROLL = 4;

/** Numbers that contractions add up. */
export type SumType = "float32" | "float64" | "int32";

/** Bytes of a vector. */
const VECTOR = 16;

/** A tile, and how many bytes apart the elements are that it reads and writes. */
export interface MicroTile {
  readonly type: SumType;
  readonly rows: number;
  readonly vectors: number;
  /** From row to row, and along the inner loops. */
  readonly left: { readonly outer: number; readonly inner: number };
  /** From vector to vector, and along the inner loops. */
  readonly right: { readonly outer: number; readonly inner: number };
  /** From row to row of the result. */
  readonly sums: number;
  /** Whether there are sums already, of an earlier part of the inner loops. */
  readonly adds: boolean;
}

/** Which type adds up the products of a dtype. */
export function sumTypeOf(dtype: DType): SumType {
  return dtype === "float32" || dtype === "float64" ? dtype : "int32";
}

/** The function `(left, right, sums, count)` that computes a tile; `count` is not 0. */
export function microKernel(
  module: ModuleBuilder,
  tile: MicroTile,
): FunctionRef<null> {
  return module.once(
    `tile ${JSON.stringify(tile)}`,
    { params: ["i32", "i32", "i32", "i32"], result: null },
    ({ body, params }) => writeTile(body, tile, params as Local<"i32">[]),
  );
}

function writeTile(
  code: Code,
  tile: MicroTile,
  [left, right, sums, count]: readonly Local<"i32">[],
): void {
  const at = (row: number, v: number) => row * tile.sums + v * VECTOR;
  const grid = range(tile.rows).map((row) =>
    range(tile.vectors).map((v) =>
      code.let(
        tile.adds
          ? v128.load(sums!, at(row, v))
          : code.fn.constant(v128.const([0, 0, 0, 0])),
      )
    )
  );
  // Addresses for each row and vector: engines decode short offsets faster.
  const addresses = (base: I32, count: number, apart: number) =>
    range(count).map((i) => code.let(i32.add(base, i32.const(i * apart))));
  const lefts = addresses(left!, tile.rows, tile.left.outer);
  const rights = addresses(right!, tile.vectors, tile.right.outer);
  const step = (steps: number) => (code: Code) => {
    for (const k of range(steps)) {
      addProducts(code, tile, grid, lefts, rights, k);
    }
    const advance = (address: Local<"i32">, by: number) =>
      code.set(address, i32.add(address, i32.const(steps * by)));
    for (const row of lefts) advance(row, tile.left.inner);
    for (const vector of rights) advance(vector, tile.right.inner);
    code.set(count!, i32.sub(count!, i32.const(steps)));
    return i32.ge_s(count!, i32.const(steps));
  };
  for (const steps of [UNROLL, 1]) {
    code.if(
      i32.ge_s(count!, i32.const(steps)),
      (then) => then.doWhile(step(steps)),
    );
  }
  grid.forEach((row, r) =>
    row.forEach((sum, v) => code.do(v128.store(sums!, sum, at(r, v))))
  );
}

/** The products of the `k`-th elements from `left` and `right` on. */
function addProducts(
  code: Code,
  { type, left, right }: MicroTile,
  grid: readonly (readonly Local<"v128">[])[],
  lefts: readonly I32[],
  rights: readonly I32[],
  k: number,
): void {
  const vectors = rights.map((address) =>
    code.let(v128.load(address, k * right.inner))
  );
  grid.forEach((row, r) => {
    const element = code.let(splatFrom(type, lefts[r]!, k * left.inner));
    row.forEach((sum, v) =>
      code.set(sum, multiplyAdd(type, element, vectors[v]!, sum))
    );
  });
}

function splatFrom(type: SumType, address: I32, offset: number): V128 {
  return type === "float64"
    ? v128.load64_splat(address, offset)
    : v128.load32_splat(address, offset);
}

/** `x * y + sum` in each lane. */
export function multiplyAdd(
  type: SumType,
  x: V128,
  y: V128,
  sum: V128,
): V128 {
  switch (type) {
    case "float32":
      return f32x4.relaxed_madd(x, y, sum);
    case "float64":
      return f64x2.relaxed_madd(x, y, sum);
    case "int32":
      return i32x4.add(sum, i32x4.mul(x, y));
  }
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}
