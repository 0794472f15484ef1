/** Lists of axes. */

import type { Aval } from "../aval.ts";

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

/**
 * What an operation makes of `x` that leaves some axes out.
 *
 * @throws {RangeError} If they are not axes of `x`; the message has `name`.
 */
export function reducedAval(
  name: string,
  x: Aval,
  axes: readonly number[],
): Aval {
  requireAxes(name, x, axes);
  return x.with({ shape: withoutAxes(x.shape, axes) });
}

/** Throws unless `axes` are axes of `x`, none of them twice. */
export function requireAxes(
  name: string,
  x: Aval,
  axes: readonly number[],
): void {
  const isAxis = (axis: number, i: number) =>
    Number.isInteger(axis) && axis >= 0 && axis < x.ndim &&
    axes.indexOf(axis) === i;
  if (axes.every(isAxis)) return;
  throw new RangeError(
    `Cannot apply ${name} to ${x} along axes [${axes}]: needs different axes ` +
      `from 0 to below ${x.ndim}`,
  );
}
