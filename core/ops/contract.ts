/** `dotGeneral`: sums of products over any axes, with batch axes. */

import type { NDArray } from "../array.ts";
import { Aval } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import { REDUCTION_COST } from "../ir/chains.ts";
import { known, Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { axesExcept } from "./_axes.ts";
import { accumulatorOf } from "./_reduce.ts";
import { addTangents } from "./addition.ts";
import { transpose } from "./layout.ts";

/** Which axes of the two operands are summed together, and which go in parallel. */
export type DotDimensions = {
  readonly contract: readonly [readonly number[], readonly number[]];
  readonly batch: readonly [readonly number[], readonly number[]];
};

type Params = { readonly dimensions: DotDimensions };

/** Axes of an operand that are neither contracted nor batched. */
function freeAxes(
  { contract, batch }: DotDimensions,
  side: 0 | 1,
  ndim: number,
) {
  return axesExcept([...contract[side], ...batch[side]], ndim);
}

const dotGeneralP: Primitive<readonly [NDArray, NDArray], Params> = {
  name: "dot_general",
  cost: REDUCTION_COST,
  readsManyTimes: true,
  isContraction: true,
  abstractEval: ([x, y], { dimensions }) => {
    checkDimensions(x, y, dimensions);
    const extents = (aval: Aval, axes: readonly number[]) =>
      axes.map((a) => aval.shape[a]!);
    const shape = [
      ...extents(x, dimensions.batch[0]),
      ...extents(x, freeAxes(dimensions, 0, x.ndim)),
      ...extents(y, freeAxes(dimensions, 1, y.ndim)),
    ];
    return [Aval.of(shape, x.dtype, x.weakType && y.weakType)];
  },
  jvp: ([x, y], [dx, dy], { dimensions }) => [
    [dotGeneral(x, y, dimensions)],
    [addTangents(
      dx && dotGeneral(dx, y, dimensions),
      dy && dotGeneral(x, dy, dimensions),
    )],
  ],
  transpose: ([ct], [x, y], { dimensions }) => [
    x instanceof Linear
      ? cotangentOf(0, ct, x.aval, known(y), dimensions)
      : null,
    y instanceof Linear
      ? cotangentOf(1, ct, y.aval, known(x), dimensions)
      : null,
  ],
  batch: ([x, y], [xMapped, yMapped], _axis, { dimensions }) => {
    const { contract, batch } = dimensions;
    const moved = (axes: readonly number[], isMapped: boolean) =>
      axes.map((axis) => axis + Number(isMapped));
    const inner = {
      contract: [moved(contract[0], xMapped), moved(contract[1], yMapped)],
      batch: [moved(batch[0], xMapped), moved(batch[1], yMapped)],
    } as const;
    if (xMapped && yMapped) {
      const both = [[0, ...inner.batch[0]], [0, ...inner.batch[1]]] as const;
      return [dotGeneral(x, y, { ...inner, batch: both })];
    }
    const out = dotGeneral(x, y, inner);
    // The mapped axis is now the first free one of its operand.
    const at = batch[0].length +
      (xMapped ? 0 : freeAxes(inner, 0, x.ndim).length);
    return [transpose(out, [at, ...axesExcept([at], out.ndim)])];
  },
  lower: (k, [x, y], { dimensions }, { ins: [a, b], outs: [out] }) => {
    const { contract, batch } = dimensions;
    const free = [
      freeAxes(dimensions, 0, a.ndim),
      freeAxes(dimensions, 1, b.ndim),
    ] as const;
    const wide = accumulatorOf(out!.dtype);
    return (index) => {
      const node = k.contract(
        contract[0].map((axis) => a.shape[axis]!),
        index,
        (inner) => {
          const place = (side: 0 | 1, ndim: number, firstFree: number) =>
            Array.from({ length: ndim }, (_, axis) => {
              const contracted = contract[side].indexOf(axis);
              if (contracted >= 0) return inner[contracted]!;
              const batched = batch[side].indexOf(axis);
              return index[
                batched >= 0 ? batched : firstFree + free[side].indexOf(axis)
              ]!;
            });
          const firstFree = batch[0].length;
          return [
            k.cast(x(place(0, a.ndim, firstFree)), wide),
            k.cast(y(place(1, b.ndim, firstFree + free[0].length)), wide),
          ];
        },
      );
      return k.cast(node, out!.dtype);
    };
  },
};

function checkDimensions(
  x: Aval,
  y: Aval,
  { contract, batch }: DotDimensions,
): void {
  const pairs = [
    ...contract[0].map((axis, i) => [axis, contract[1][i]!] as const),
    ...batch[0].map((axis, i) => [axis, batch[1][i]!] as const),
  ];
  const fits = x.dtype === y.dtype &&
    contract[0].length === contract[1].length &&
    batch[0].length === batch[1].length &&
    pairs.every(([a, b]) =>
      x.shape[a] !== undefined && x.shape[a] === y.shape[b]
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot contract ${x} and ${y} over axes [${contract[0]}] and ` +
      `[${contract[1]}] with batch axes [${batch[0]}] and [${batch[1]}]: ` +
      `paired axes must have equal extents, and dtypes must be equal`,
  );
}

/** Contracts the cotangent with the other operand, and puts the axes in place. */
function cotangentOf(
  side: 0 | 1,
  ct: NDArray,
  aval: Aval,
  other: NDArray,
  dimensions: DotDimensions,
): NDArray {
  const { contract, batch } = dimensions;
  const there = side === 0 ? 1 : 0;
  const ownFree = freeAxes(dimensions, side, aval.ndim);
  const otherFree = freeAxes(dimensions, there, other.ndim);
  const batches = batch[side].map((_, i) => i);
  const start = batches.length + (side === 0 ? ownFree.length : 0);
  const out = dotGeneral(ct, other, {
    contract: [otherFree.map((_, i) => start + i), otherFree],
    batch: [batches, batch[there]],
  });
  // Axes of `out`: batch, own free ones, then those contracted, as the other orders them.
  const rest = [...contract[there]].sort((a, b) => a - b);
  const order = [
    ...batch[side],
    ...ownFree,
    ...rest.map((axis) => contract[side][contract[there].indexOf(axis)]!),
  ];
  return transpose(out, order.map((_, axis) => order.indexOf(axis)));
}

/** Sums products of elements over paired axes. Axes of the result: batch, then free ones of `x`, then of `y`. */
export function dotGeneral(
  x: NDArray,
  y: NDArray,
  dimensions: DotDimensions,
): NDArray {
  return bind1(dotGeneralP, [x, y], { dimensions });
}
