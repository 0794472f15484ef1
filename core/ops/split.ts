/** Parts of an array one after the other along an axis: the transpose of `concatenate`. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import type { Primitive } from "../primitive.ts";
import { bind } from "../trace.ts";
import { concatenate } from "./concatenate.ts";

type Params = { readonly sizes: readonly number[]; readonly axis: number };

const splitP: Primitive<readonly [NDArray], Params> = {
  name: "split",
  cost: 0,
  abstractEval: ([x], params) => {
    checkSizes(x, params);
    return params.sizes.map((size) =>
      x.with({ shape: x.shape.with(params.axis, size) })
    );
  },
  jvp: ([x], [dx], { sizes, axis }) => [
    split(x, sizes, axis),
    dx ? split(dx, sizes, axis) : sizes.map(() => null),
  ],
  transpose: (cts, _inputs, { axis }) => [concatenate(cts, axis)],
  batch: ([x], _mapped, _axis, { sizes, axis }) => split(x, sizes, axis + 1),
  lower: (k, [x], { sizes, axis }) => {
    let end = 0;
    return sizes.map((size) => {
      const start = end;
      end += size;
      return (index) =>
        x(index.map((i, a) => a === axis ? k.shift(i, start) : i));
    });
  },
};

function checkSizes(x: Aval, { sizes, axis }: Params): void {
  const fits = sizes.length > 0 &&
    sizes.every((size) => Number.isInteger(size) && size >= 0) &&
    sizes.reduce((sum, size) => sum + size, 0) === x.shape[axis];
  if (fits) return;
  throw new ShapeError(
    `Cannot split ${x} along axis ${axis} into parts of sizes [${sizes}]: ` +
      `needs an axis of the array, and sizes that add up to its extent`,
  );
}

/**
 * The parts of `x` of these sizes, one after the other along an axis. No part is
 * copied where it is read in place.
 *
 * @throws {ShapeError} If the sizes do not add up to the extent of the axis.
 */
export function split(
  x: NDArray,
  sizes: readonly number[],
  axis = 0,
): readonly NDArray[] {
  return sizes.length === 1 && sizes[0] === x.shape[axis]
    ? [x]
    : bind(splitP, [x], { sizes, axis });
}
