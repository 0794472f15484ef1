/** Arrays one after the other along an axis. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import { Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading } from "./_define.ts";
import { zerosLike } from "./constants.ts";
import { slice } from "./slice_pad.ts";

type Params = { readonly dimension: number };

const concatenateP: Primitive<readonly NDArray[], Params> = {
  name: "concatenate",
  abstractEval: (avals, { dimension }) => {
    checkParts(avals, dimension);
    const [first] = avals;
    const total = startsOf(avals, dimension).at(-1)!;
    return [first!.with({
      shape: first!.shape.map((e, axis) => axis === dimension ? total : e),
      weakType: avals.every((a) => a.weakType),
    })];
  },
  jvp: (xs, tangents, { dimension }) => [
    [concatenate(xs, dimension)],
    [concatenate(tangents.map((dx, i) => dx ?? zerosLike(xs[i]!)), dimension)],
  ],
  transpose: ([ct], xs, { dimension }) => {
    const starts = startsOf(xs.map((x) => x.aval), dimension);
    return xs.map((x, i) => {
      if (!(x instanceof Linear)) return null;
      const bounds = (end: number, whole: readonly number[]) =>
        whole.map((e, axis) => axis === dimension ? end : e);
      const zeros = ct.shape.map(() => 0);
      return slice(
        ct,
        bounds(starts[i]!, zeros),
        bounds(starts[i + 1]!, ct.shape),
      );
    });
  },
  batch: (xs, mapped, { size }, { dimension }) => [
    concatenate(allLeading(xs, mapped, size), dimension + 1),
  ],
  lowerStep: (block, { inputs, outputs: [out] }, { dimension }) => {
    const starts = startsOf(inputs.map((x) => x.aval), dimension);
    inputs.forEach((x, i) => {
      block.storeRegion(block.output(0), {
        extents: x.aval.shape,
        shape: out!.aval.shape,
        at: (k, index) =>
          index.map((at, axis) =>
            axis === dimension ? k.shift(at, starts[i]!) : at
          ),
        value: (_k, source) => source(x),
      });
    });
  },
};

/** Where each part begins, and where the last one ends. */
function startsOf(
  parts: readonly Aval[],
  dimension: number,
): readonly number[] {
  const starts = [0];
  for (const { shape } of parts) {
    starts.push(starts.at(-1)! + shape[dimension]!);
  }
  return starts;
}

function checkParts(avals: readonly Aval[], dimension: number): void {
  const [first] = avals;
  const fits = first !== undefined && dimension < first.ndim &&
    avals.every((aval) =>
      aval.dtype === first.dtype && aval.ndim === first.ndim &&
      aval.shape.every((e, axis) =>
        axis === dimension || e === first.shape[axis]
      )
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot concatenate ${
      avals.join(", ")
    } along axis ${dimension}: needs at ` +
      `least one array, equal dtypes, and equal extents but for that axis`,
  );
}

/**
 * Arrays one after the other along an axis; each is stored where it belongs.
 *
 * @throws {ShapeError} If dtypes, or extents of other axes, differ.
 */
export function concatenate(
  xs: readonly NDArray[],
  dimension: number,
): NDArray {
  return xs.length === 1 ? xs[0]! : bind1(concatenateP, xs, { dimension });
}
