/** Lists of axes. */

/** The axes below `ndim` that are not in `axes`. */
export function axesExcept(
  axes: readonly number[],
  ndim: number,
): readonly number[] {
  return Array.from({ length: ndim }, (_, axis) => axis).filter((a) =>
    !axes.includes(a)
  );
}

/** A shape without some of its axes. */
export function withoutAxes(
  shape: readonly number[],
  axes: readonly number[],
): readonly number[] {
  return shape.filter((_, axis) => !axes.includes(axis));
}
