/** Reductions other than sums: extrema and where they are, products, logic. */

import type { NDArray } from "../array.ts";
import { ShapeError } from "../errors.ts";
import { REDUCTION_COST } from "../ir/chains.ts";
import type { Reducer } from "../ir/scalar.ts";
import type { Primitive, Tangent } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { axesExcept, reducedAval } from "./_axes.ts";
import { type Family, requireFamily } from "./_families.ts";
import { productTangent } from "./_product.ts";
import { reduction, widened } from "./_reduce.ts";
import { div, mul } from "./arithmetic.ts";
import { broadcastInDim, sum } from "./broadcast_sum.ts";
import { compare } from "./compare.ts";
import { convertElementType } from "./convert.ts";

type Axes = { readonly axes: readonly number[] };

/** Combines the elements of an array over axes. */
export type Reduction = (x: NDArray, axes: readonly number[]) => NDArray;

type ReductionTangent = (
  dx: NDArray,
  out: NDArray,
  x: NDArray,
  axes: readonly number[],
) => Tangent;

/** What distinguishes a reduction from others. */
interface ReductionOptions {
  readonly name: string;
  readonly accepts?: Family;
  readonly tangent?: ReductionTangent;
}

function reductionOf(
  reducer: Reducer,
  { name, accepts, tangent }: ReductionOptions,
): Reduction {
  const apply: Reduction = (x, axes) =>
    axes.length === 0 ? x : bind1(primitive, [x], { axes });
  const primitive: Primitive<readonly [NDArray], Axes> = {
    name,
    cost: REDUCTION_COST,
    abstractEval: ([x], { axes }) => {
      if (accepts) requireFamily(name, x, accepts);
      return [reducedAval(name, x, axes)];
    },
    jvp: ([x], [dx], { axes }) => {
      const out = apply(x, axes);
      return [[out], [dx && tangent ? tangent(dx, out, x, axes) : null]];
    },
    batch: (
      [x],
      _mapped,
      _axis,
      { axes },
    ) => [apply(x, axes.map((axis) => axis + 1))],
    lower: (k, [x], { axes }, { ins: [{ shape, dtype }] }) =>
      widened(
        k,
        dtype,
        (wide) => reduction(k, reducer, shape, axes, (i) => k.cast(x(i), wide)),
      ),
  };
  return apply;
}

/** The mean of the tangents where the extremum is reached: ties share it evenly. */
const sharedByTies: ReductionTangent = (dx, out, x, axes) => {
  const kept = axesExcept(axes, x.ndim);
  const isReached = compare("eq", x, broadcastInDim(out, x.shape, kept));
  const weights = convertElementType(isReached, x.dtype, x.weakType);
  return div(sum(mul(dx, weights), axes), sum(weights, axes));
};

const maxOver = reductionOf("max", {
  name: "reduce_max",
  tangent: sharedByTies,
});
const minOver = reductionOf("min", {
  name: "reduce_min",
  tangent: sharedByTies,
});

/**
 * The largest element over axes; NaN if there is one.
 *
 * @throws {ShapeError} If one of the axes is empty.
 */
export function reduceMax(x: NDArray, axes: readonly number[]): NDArray {
  requireElements("max", x, axes);
  return maxOver(x, axes);
}

/**
 * The smallest element over axes; NaN if there is one.
 *
 * @throws {ShapeError} If one of the axes is empty.
 */
export function reduceMin(x: NDArray, axes: readonly number[]): NDArray {
  requireElements("min", x, axes);
  return minOver(x, axes);
}

function requireElements(
  what: string,
  x: NDArray,
  axes: readonly number[],
): void {
  const empty = axes.find((axis) => x.shape[axis] === 0);
  if (empty === undefined) return;
  throw new ShapeError(
    `Cannot take the ${what} of ${x.aval} over axis ${empty}: the axis is ` +
      `empty, and ${what} of nothing has no value`,
  );
}

/** The product over axes; 1 of nothing. Its derivatives are right at zeros too. */
export const reduceProd: Reduction = reductionOf("mul", {
  name: "reduce_prod",
  accepts: "numbers",
  tangent: (dx, _out, x, axes) => productTangent(x, dx, axes),
});

/** Whether all bools are true; the bits that all integers share. */
export const reduceAnd: Reduction = reductionOf("and", {
  name: "reduce_and",
  accepts: "bits",
});

/** Whether some bool is true; the bits that some integer has. */
export const reduceOr: Reduction = reductionOf("or", {
  name: "reduce_or",
  accepts: "bits",
});

type ArgParams = {
  readonly axis: number;
  readonly indexDtype: "int32" | "uint32";
};

function argOf(reducer: "max" | "min") {
  const what = `arg${reducer}`;
  const primitive: Primitive<readonly [NDArray], ArgParams> = {
    name: what,
    cost: REDUCTION_COST,
    abstractEval: ([x], { axis, indexDtype }) => [
      reducedAval(what, x, [axis]).with({ dtype: indexDtype, weakType: false }),
    ],
    jvp: ([x], _tangents, { axis, indexDtype }) => [
      [apply(x, axis, indexDtype)],
      [null],
    ],
    batch: (
      [x],
      _mapped,
      _axis,
      { axis, indexDtype },
    ) => [apply(x, axis + 1, indexDtype)],
    // The smallest position at which the extremum, or a NaN, is found.
    lower: (k, [x], { axis, indexDtype }, { ins: [{ shape }] }) => {
      const best = reduction(k, reducer, shape, [axis], x);
      const nowhere = k.constant(shape[axis]!, "int32");
      return (outer) => {
        const position = reduction(k, "min", shape, [axis], (index) => {
          const value = x(index);
          const isBest = k.apply("eq", "bool", value, best(outer));
          const isNan = k.apply("isNan", "bool", value);
          const isFound = k.apply("or", "bool", isBest, isNan);
          const at = k.value(index[axis]!, "int32");
          return k.apply("select", "int32", isFound, at, nowhere);
        });
        return k.cast(position(outer), indexDtype);
      };
    },
  };
  const apply = (
    x: NDArray,
    axis: number,
    indexDtype: ArgParams["indexDtype"] = "int32",
  ): NDArray => {
    requireElements(what, x, [axis]);
    return bind1(primitive, [x], { axis, indexDtype });
  };
  return apply;
}

/** Finds an extremum along an axis. */
export type ArgExtremum = (
  x: NDArray,
  axis: number,
  indexDtype?: "int32" | "uint32",
) => NDArray;

/** Where the first largest element along `axis` is; the first NaN, if there is one. */
export const argmax: ArgExtremum = argOf("max");

/** Where the first smallest element along `axis` is; the first NaN, if there is one. */
export const argmin: ArgExtremum = argOf("min");
