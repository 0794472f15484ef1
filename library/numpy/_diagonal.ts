/** Diagonals as views: of the elements in row-major order, every (columns + 1)-th. */

import type { NDArray } from "../../core/array.ts";
import { reshape, transpose } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";

/** The diagonal of two axes, as the last axis of the result. */
export function diagonalOf(
  x: NDArray,
  offset: number,
  axis1: number,
  axis2: number,
): NDArray {
  const others = x.shape.map((_, a) => a).filter((a) =>
    a !== axis1 && a !== axis2
  );
  const [rows, columns] = [x.shape[axis1]!, x.shape[axis2]!];
  const kept = others.map((axis) => x.shape[axis]!);
  const flat = reshape(
    transpose(x, [...others, axis1, axis2]),
    [...kept, rows * columns],
  );
  const count = Math.max(
    0,
    Math.min(rows + Math.min(offset, 0), columns - Math.max(offset, 0)),
  );
  const first = offset >= 0 ? offset : -offset * columns;
  const start = count === 0 ? 0 : first;
  const limit = count === 0 ? 0 : first + (count - 1) * (columns + 1) + 1;
  return slice(
    flat,
    [...kept.map(() => 0), start],
    [...kept, limit],
    [...kept.map(() => 1), columns + 1],
  );
}
