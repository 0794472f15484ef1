/** Lowering of reductions over axes. */

import { type DType, isFloating, itemSize } from "../dtype.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import type { Reducer } from "../ir/scalar.ts";
import { axesExcept } from "./_axes.ts";

/** Element of the reduction of `x` over `axes`, at an index of the other axes. */
export function reduction(
  k: KernelBuilder,
  reducer: Reducer,
  shape: readonly number[],
  axes: readonly number[],
  x: Source,
): Source {
  const kept = axesExcept(axes, shape.length);
  return (outer) =>
    k.reduce(
      reducer,
      axes.map((axis) => shape[axis]!),
      outer,
      (inner) =>
        x(shape.map((_, axis) => {
          const at = axes.indexOf(axis);
          return at >= 0 ? inner[at]! : outer[kept.indexOf(axis)]!;
        })),
    );
}

/** The dtype in which values of `dtype` are accumulated: 16-bit floats in float32. */
export function accumulatorOf(dtype: DType): DType {
  if (dtype === "bool") return "int32";
  return isFloating(dtype) && itemSize(dtype) === 2 ? "float32" : dtype;
}

/** A source computed in the accumulator's dtype and rounded once at the end. */
export function widened(
  k: KernelBuilder,
  dtype: DType,
  make: (wide: DType) => Source,
): Source {
  const source = make(accumulatorOf(dtype));
  return (index) => k.cast(source(index), dtype);
}
