/**
 * Contractions that are products of matrices as a BLAS knows them: operands
 * read where they lie, their rows or columns contiguous, in one call or a few.
 */

import type { DType } from "../../core/dtype.ts";
import { type Index, Loop } from "../../core/ir/index.ts";
import type { Contract, KernelBuffer } from "../../core/ir/kernel.ts";
import type { LoadNode, Node } from "../../core/ir/scalar.ts";
import { type Axis, mergedAxes, strideOf } from "./codegen/axes.ts";

/** A matrix in a buffer; distances count elements. */
export interface Matrix {
  /** Which of the kernel's buffers. */
  readonly buffer: number;
  /** Where it begins. */
  readonly offset: number;
  /** Whether its columns are contiguous instead of its rows. */
  readonly isTransposed: boolean;
  /** From one row to the next, or from one column to the next. */
  readonly leading: number;
}

/** Makes the same product again, so much further on in each matrix. */
export interface Repetition {
  readonly extent: number;
  readonly left: number;
  readonly right: number;
  /** 0 where products are added up. */
  readonly out: number;
}

/** `out[m, n] = sum of left[m, k] right[k, n]`, repeated. */
export interface Product {
  readonly dtype: "float32" | "float64";
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly left: Matrix;
  readonly right: Matrix;
  /** Never transposed. */
  readonly out: Matrix;
  readonly repetitions: readonly Repetition[];
}

/** Elements of a buffer as a function of the loops. */
export type Elements = Pick<LoadNode, "buffer" | "offset">;

interface Operands {
  readonly left: Elements;
  readonly right: Elements;
  readonly out: Elements;
}

/** Axes along which matrices extend. */
interface Extents {
  readonly rows: Axis;
  readonly columns: Axis;
  readonly inner: Axis;
}

/** The largest products of which a contraction can consist, stored in `out`. */
export function productOf(kernel: Contract, out: Elements): Product | null {
  const { node: { dtype, left, right, inner }, buffers } = kernel;
  if (dtype !== "float32" && dtype !== "float64") return null;
  if (!isPlain(left, buffers, dtype) || !isPlain(right, buffers, dtype)) {
    return null;
  }
  if (!isAffine(out.offset)) return null;
  const operands = { left, right, out };
  const [batch, rows, columns, sums] = [
    kernel.batch,
    kernel.rows,
    kernel.columns,
    inner,
  ].map((loops) => axesOf(loops, operands));
  const all = [...batch!, ...rows!, ...columns!, ...sums!];
  const products = rows!.flatMap((row) =>
    columns!.flatMap((column) =>
      sums!.map((sum) => {
        const extents = { rows: row, columns: column, inner: sum };
        return productAlong(operands, extents, all, dtype);
      })
    )
  );
  return products.reduce((x, y) => sizeOf(y) > sizeOf(x) ? y : x, null);
}

function sizeOf(product: Product | null): number {
  return product === null ? 0 : product.m * product.n * product.k;
}

function isPlain(
  node: Node,
  buffers: readonly KernelBuffer[],
  dtype: DType,
): node is LoadNode {
  return node.op === "load" && node.bounds.length === 0 &&
    buffers[node.buffer]!.dtype === dtype && isAffine(node.offset);
}

function isAffine({ terms }: Index): boolean {
  return terms.every(({ atom }) => atom instanceof Loop);
}

/** Neighbours in memory become neighbours here, so that they may be joined. */
function axesOf(
  loops: readonly Loop[],
  { left, right, out }: Operands,
): readonly Axis[] {
  const indices = [left.offset, right.offset, out.offset];
  const distance = (loop: Loop) =>
    indices.reduce((sum, index) => sum + strideOf(index, axisOf(loop)), 0);
  const ordered = loops.toSorted((x, y) => distance(y) - distance(x));
  return mergedAxes(ordered, indices);
}

function axisOf(loop: Loop): Axis {
  return { loops: [loop], extent: loop.extent };
}

/** The product along three of all axes; the others repeat it. */
function productAlong(
  operands: Operands,
  extents: Extents,
  all: readonly Axis[],
  dtype: Product["dtype"],
): Product | null {
  const { left, right, out } = operands;
  const { rows, columns, inner } = extents;
  const target = matrixOf(out, rows, columns);
  if (target?.isTransposed) {
    return productAlong(
      { left: right, right: left, out },
      { rows: columns, columns: rows, inner },
      all,
      dtype,
    );
  }
  const [first, second] = [
    matrixOf(left, rows, inner),
    matrixOf(right, inner, columns),
  ];
  if (!first || !second || !target) return null;
  const others = all.filter((a) => a !== rows && a !== columns && a !== inner);
  return {
    dtype,
    m: rows.extent,
    n: columns.extent,
    k: inner.extent,
    left: first,
    right: second,
    out: target,
    repetitions: others.map((axis) => ({
      extent: axis.extent,
      left: strideOf(left.offset, axis),
      right: strideOf(right.offset, axis),
      out: strideOf(out.offset, axis),
    })),
  };
}

/** Elements as a matrix that a BLAS can read or write, if they are one. */
function matrixOf(
  { buffer, offset }: Elements,
  rows: Axis,
  columns: Axis,
): Matrix | null {
  const down = strideOf(offset, rows);
  const right = strideOf(offset, columns);
  const isTransposed = down === 1;
  const leading = isTransposed ? right : down;
  const contiguous = isTransposed ? rows : columns;
  if ((!isTransposed && right !== 1) || leading < contiguous.extent) {
    return null;
  }
  return { buffer, offset: offset.constant, isTransposed, leading };
}
