/**
 * The innermost loop of contractions: a tile of 6 rows by 2 vectors of columns,
 * or of fewer rows, is kept in registers while products are added to it.
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
/** Vectors in each row of a tile. */
const TILE_VECTORS = 2;

/**
 * Vectors in each row of a tile, where there are so many rows in all: if they
 * are few, more vectors keep the machine busy while sums wait for each other.
 */
export function tileVectors(rows: number): number {
  return { 1: 6, 2: 4, 3: 3 }[rows] ?? TILE_VECTORS;
}

/** Products per accumulator in one turn of the loop. */
const UNROLL = 4;

/** Numbers that contractions add up. */
export type SumType = "float32" | "float64" | "int32";

/** Bytes of a vector. */
export const VECTOR = 16;
/** Bytes of an address or a distance. */
export const LIST_ENTRY = 4;

/** Bytes from row to row, or from vector to vector, and along the inner loops. */
export interface Spacing {
  readonly outer: number;
  readonly inner: number;
}

/**
 * A tile, and how elements lie. An operand without even spacing is given as two
 * lists: addresses of its rows or vectors, and distances along the inner loops.
 */
export interface MicroTile {
  readonly type: SumType;
  readonly rows: number;
  readonly vectors: number;
  readonly left: Spacing | null;
  readonly right: Spacing | null;
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
 * The function that computes a tile. Its arguments are the addresses of what is
 * left, of what is right and of the sums, and how many products there are (not
 * 0); then those of the lists of distances, first that of the left operand.
 */
export function microKernel(
  module: ModuleBuilder,
  tile: MicroTile,
): FunctionRef<null> {
  const lists = [tile.left, tile.right].filter((spacing) => !spacing).length;
  return module.once(
    `tile ${JSON.stringify(tile)}`,
    { params: range(4 + lists).map(() => "i32" as const), result: null },
    ({ body, params }) => writeTile(body, tile, params as Local<"i32">[]),
  );
}

function writeTile(
  code: Code,
  tile: MicroTile,
  [left, right, sums, count, ...lists]: readonly Local<"i32">[],
): void {
  const at = (row: number, v: number) => row * tile.sums + v * VECTOR;
  const grid = range(tile.rows).map(() =>
    range(tile.vectors).map(() =>
      code.let(code.fn.constant(v128.const([0, 0, 0, 0])))
    )
  );
  const walk = (first: I32, count: number, spacing: Spacing | null) =>
    spacing
      ? new EvenWalk(code, first, count, spacing)
      : new ListedWalk(code, first, count, lists.shift()!);
  const rows = walk(left!, tile.rows, tile.left);
  const columns = walk(right!, tile.vectors, tile.right);
  const step = (steps: number) => (code: Code) => {
    for (const k of range(steps)) {
      addProducts(
        code,
        tile.type,
        grid,
        rows.places(code, k),
        columns.places(code, k),
      );
    }
    rows.advance(code, steps);
    columns.advance(code, steps);
    advance(code, count!, -steps);
    return i32.ge_s(count!, i32.const(steps));
  };
  for (const steps of [UNROLL, 1]) {
    code.if(
      i32.ge_s(count!, i32.const(steps)),
      (then) => then.doWhile(step(steps)),
    );
  }
  // Parts of long sums are added up on their own: that rounds less.
  grid.forEach((row, r) =>
    row.forEach((sum, v) => {
      const place = at(r, v);
      const total = tile.adds
        ? add(tile.type, v128.load(sums!, place), sum)
        : sum;
      code.do(v128.store(sums!, total, place));
    })
  );
}

/** The products of one position of the inner loops. */
function addProducts(
  code: Code,
  type: SumType,
  grid: readonly (readonly Local<"v128">[])[],
  rows: readonly Place[],
  columns: readonly Place[],
): void {
  const vectors = columns.map(({ address, offset }) =>
    code.let(v128.load(address, offset))
  );
  grid.forEach((row, r) => {
    const element = code.let(splatFrom(type, rows[r]!));
    row.forEach((sum, v) =>
      code.set(sum, multiplyAdd(type, element, vectors[v]!, sum))
    );
  });
}

/** Where something is loaded. */
interface Place {
  readonly address: I32;
  readonly offset: number;
}

function advance(code: Code, address: Local<"i32">, by: number): void {
  code.set(address, i32.add(address, i32.const(by)));
}

/** Rows or vectors at even distances. */
class EvenWalk {
  /** One each, rather than offsets from one: engines decode short offsets faster. */
  private readonly addresses: readonly Local<"i32">[];
  private readonly inner: number;

  constructor(
    code: Code,
    first: I32,
    count: number,
    { outer, inner }: Spacing,
  ) {
    this.addresses = range(count).map((i) =>
      code.let(i32.add(first, i32.const(i * outer)))
    );
    this.inner = inner;
  }

  /** Places of the `k`-th elements from here. */
  places(_code: Code, k: number): readonly Place[] {
    const offset = k * this.inner;
    return this.addresses.map((address) => ({ address, offset }));
  }

  advance(code: Code, steps: number): void {
    for (const x of this.addresses) advance(code, x, steps * this.inner);
  }
}

/** Rows or vectors whose addresses and distances are listed. */
class ListedWalk {
  private readonly addresses: readonly I32[];

  constructor(
    code: Code,
    list: I32,
    count: number,
    private readonly distances: Local<"i32">,
  ) {
    this.addresses = range(count).map((i) =>
      code.let(i32.load(list, i * LIST_ENTRY))
    );
  }

  places(code: Code, k: number): readonly Place[] {
    const distance = code.let(i32.load(this.distances, k * LIST_ENTRY));
    return this.addresses.map((address) => ({
      address: i32.add(address, distance),
      offset: 0,
    }));
  }

  advance(code: Code, steps: number): void {
    advance(code, this.distances, steps * LIST_ENTRY);
  }
}

function splatFrom(type: SumType, { address, offset }: Place): V128 {
  return type === "float64"
    ? v128.load64_splat(address, offset)
    : v128.load32_splat(address, offset);
}

/** `x + y` in each lane. */
export function add(type: SumType, x: V128, y: V128): V128 {
  return { float32: f32x4, float64: f64x2, int32: i32x4 }[type].add(x, y);
}

/** `x * y + sum` in each lane. */
function multiplyAdd(
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
