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
  /**
   * From vector to vector, and along the inner loops; or `null`: then each
   * vector is given an address, and there is a list of distances from there.
   */
  readonly right: { readonly outer: number; readonly inner: number } | null;
  /** From row to row of the result. */
  readonly sums: number;
  /** Whether there are sums already, of an earlier part of the inner loops. */
  readonly adds: boolean;
}

/** Which type adds up the products of a dtype. */
export function sumTypeOf(dtype: DType): SumType {
  return dtype === "float32" || dtype === "float64" ? dtype : "int32";
}

/**
 * The function that computes a tile, of the addresses of what is left, of the
 * sums, how many products there are (not 0), and the address of what is right;
 * or those of the distances and of each vector.
 */
export function microKernel(
  module: ModuleBuilder,
  tile: MicroTile,
): FunctionRef<null> {
  const rights = tile.right ? 1 : 1 + tile.vectors;
  const params = range(3 + rights).map(() => "i32" as const);
  return module.once(
    `tile ${JSON.stringify(tile)}`,
    { params, result: null },
    ({ body, params }) => {
      const [left, sums, count, ...rights] = params as Local<"i32">[];
      writeTile(body, tile, {
        left: left!,
        sums: sums!,
        count: count!,
        rights,
      });
    },
  );
}

interface Arguments {
  readonly left: I32;
  readonly sums: I32;
  readonly count: Local<"i32">;
  readonly rights: readonly Local<"i32">[];
}

function writeTile(
  code: Code,
  tile: MicroTile,
  { left, sums, count, rights }: Arguments,
): void {
  const at = (row: number, v: number) => row * tile.sums + v * VECTOR;
  const grid = range(tile.rows).map((row) =>
    range(tile.vectors).map((v) =>
      code.let(
        tile.adds
          ? v128.load(sums, at(row, v))
          : code.fn.constant(v128.const([0, 0, 0, 0])),
      )
    )
  );
  // Addresses for each row and vector: engines decode short offsets faster.
  const rows = addresses(code, left, tile.rows, tile.left.outer);
  const columns = tile.right
    ? new Even(code, rights[0]!, tile.vectors, tile.right)
    : new Gathered(rights);
  const step = (steps: number) => (code: Code) => {
    for (const k of range(steps)) {
      addProducts(code, tile, grid, rows, columns.load(code, k), k);
    }
    for (const row of rows) advance(code, row, steps * tile.left.inner);
    columns.advance(code, steps);
    advance(code, count, -steps);
    return i32.ge_s(count, i32.const(steps));
  };
  for (const steps of [UNROLL, 1]) {
    code.if(
      i32.ge_s(count, i32.const(steps)),
      (then) => then.doWhile(step(steps)),
    );
  }
  grid.forEach((row, r) =>
    row.forEach((sum, v) => code.do(v128.store(sums, sum, at(r, v))))
  );
}

function addresses(
  code: Code,
  base: I32,
  count: number,
  apart: number,
): readonly Local<"i32">[] {
  return range(count).map((i) => code.let(i32.add(base, i32.const(i * apart))));
}

function advance(code: Code, address: Local<"i32">, by: number): void {
  code.set(address, i32.add(address, i32.const(by)));
}

/** Vectors of columns at even distances. */
class Even {
  private readonly vectors: readonly Local<"i32">[];
  private readonly inner: number;

  constructor(
    code: Code,
    first: I32,
    count: number,
    { outer, inner }: { readonly outer: number; readonly inner: number },
  ) {
    this.vectors = addresses(code, first, count, outer);
    this.inner = inner;
  }

  load(code: Code, k: number): readonly V128[] {
    return this.vectors.map((x) => code.let(v128.load(x, k * this.inner)));
  }

  advance(code: Code, steps: number): void {
    for (const x of this.vectors) advance(code, x, steps * this.inner);
  }
}

/** Vectors of columns at distances that are listed. */
class Gathered {
  private readonly distances: Local<"i32">;
  private readonly vectors: readonly I32[];

  constructor([distances, ...vectors]: readonly Local<"i32">[]) {
    [this.distances, this.vectors] = [distances!, vectors];
  }

  load(code: Code, k: number): readonly V128[] {
    const distance = code.let(i32.load(this.distances, 4 * k));
    return this.vectors.map((x) => code.let(v128.load(i32.add(x, distance))));
  }

  advance(code: Code, steps: number): void {
    advance(code, this.distances, 4 * steps);
  }
}

/** The products of the `k`-th elements of all rows and vectors. */
function addProducts(
  code: Code,
  { type, left }: MicroTile,
  grid: readonly (readonly Local<"v128">[])[],
  rows: readonly I32[],
  vectors: readonly V128[],
  k: number,
): void {
  grid.forEach((row, r) => {
    const element = code.let(splatFrom(type, rows[r]!, k * left.inner));
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
