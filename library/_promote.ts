/** Broadcasting and promotion: settled here, once, for the whole library. */

import type { NDArray } from "../core/array.ts";
import { sameShape } from "../core/aval.ts";
import { type DType, isFloating } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { promote, type Typed } from "../core/promotion.ts";
import { broadcastInDim } from "../core/ops/broadcast_sum.ts";
import { compare } from "../core/ops/compare.ts";
import { fullLike } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";

/**
 * What a function computes with: its operands as they promote, or at least
 * numbers (bools become int32), floats (integers become float32), or bools.
 */
export type Domain = "any" | "numbers" | "floats" | "bools";

/** The type in which operands are computed. */
export function promotedType(
  xs: readonly Typed[],
  domain: Domain = "any",
): Typed {
  const { dtype, weakType } = xs.reduce(promote);
  switch (domain) {
    case "any":
      return { dtype, weakType };
    case "numbers":
      return dtype === "bool"
        ? { dtype: "int32", weakType: false }
        : { dtype, weakType };
    case "floats":
      return isFloating(dtype)
        ? { dtype, weakType }
        : { dtype: "float32", weakType };
    case "bools":
      return { dtype: "bool", weakType: false };
    default:
      return domain satisfies never;
  }
}

/** `x` with another dtype; whether it is weak changes only along with the dtype. */
export function converted(x: NDArray, { dtype, weakType }: Typed): NDArray {
  return x.dtype === dtype ? x : convertElementType(x, dtype, weakType);
}

/** `x` with a dtype that no longer yields to that of a partner. */
export function strong(x: NDArray): NDArray {
  return convertElementType(x, x.dtype);
}

/** Operands with one dtype, each in its own shape. */
export function promoteDtypes(
  xs: readonly NDArray[],
  domain: Domain = "any",
): readonly NDArray[] {
  const type = promotedType(xs, domain);
  return xs.map((x) => converted(x, type));
}

/**
 * Operands with one dtype and one shape, as primitives take them.
 *
 * @throws {ShapeError} If the shapes do not broadcast; the message has `what`.
 */
export function promoteOperands(
  what: string,
  xs: readonly NDArray[],
  domain: Domain = "any",
): readonly NDArray[] {
  const shape = broadcastShapes(what, xs.map((x) => x.shape));
  return promoteDtypes(xs, domain).map((x) => broadcastTo(x, shape));
}

/**
 * The shape to which all shapes broadcast: aligned at the last axis, extents
 * are equal or 1.
 *
 * @throws {ShapeError} If they do not; the message has `what`.
 */
export function broadcastShapes(
  what: string,
  shapes: readonly (readonly number[])[],
): readonly number[] {
  const [first] = shapes;
  if (first && shapes.every((shape) => sameShape(shape, first))) return first;
  const ndim = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: ndim }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - ndim + shape.length]);
    const others = extents.filter((e) => e !== undefined && e !== 1);
    if (others.some((e) => e !== others[0])) {
      throw new ShapeError(
        `Cannot broadcast shapes ${
          shapes.map((shape) => `[${shape}]`).join(" and ")
        } in ${what}: aligned at the last axis, extents must be equal or 1. ` +
          `Insert axes with expandDims() or reshape()`,
      );
    }
    return others[0] ?? 1;
  });
}

/** `x` repeated to `shape`, to which it is known to broadcast. */
export function broadcastTo(x: NDArray, shape: readonly number[]): NDArray {
  const offset = shape.length - x.ndim;
  return broadcastInDim(x, shape, x.shape.map((_, axis) => axis + offset));
}

/** Whether elements differ from 0. */
export function truth(x: NDArray): NDArray {
  return x.dtype === "bool" ? x : compare("ne", x, fullLike(x, 0));
}

/** The dtype that sums, products and means of `dtype` have unless one is asked for. */
export function accumulatedType({ dtype, weakType }: Typed): Typed {
  const SUMS: Partial<Record<DType, DType>> = {
    bool: "int32",
    int8: "int32",
    int16: "int32",
    uint8: "uint32",
    uint16: "uint32",
  };
  return { dtype: SUMS[dtype] ?? dtype, weakType };
}
