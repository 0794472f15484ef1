/** Rounding, limits and signs of elements. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { div, max, min, mul, neg } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, zerosLike } from "../../core/ops/constants.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { promoteOperands } from "../_promote.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/** The largest whole number up to `x`. */
export const floor: Unary = unary("floor", whole(ops.floor));

/** The smallest whole number from `x` on. */
export const ceil: Unary = unary("ceil", whole(ops.ceil));

/** The nearest whole number; ties go to the even one. */
export const rint: Unary = unary("rint", ops.round, "floats");

/** The whole part of `x`, toward 0; a zero keeps its sign. */
export const trunc: Unary = unary(
  "trunc",
  whole((x) =>
    select(compare("lt", x, zerosLike(x)), ops.ceil(x), ops.floor(x))
  ),
);

/** The whole part of `x`, toward 0: `trunc`. */
export const fix: Unary = trunc;

/** Integers and bools are whole already. */
function whole(f: (x: NDArray) => NDArray): (x: NDArray) => NDArray {
  return (x) => isFloating(x.dtype) ? f(x) : x;
}

const rounded = inlined("round", 1, ([x], decimals: number) => {
  if (!isFloating(x.dtype) && decimals >= 0) return x;
  if (!isFloating(x.dtype)) {
    throw new ShapeError(
      `Cannot round integers ${x} to ${decimals} decimals: needs floats. ` +
        `Convert them with astype()`,
    );
  }
  if (decimals === 0) return ops.round(x);
  const factor = fullLike(x, 10 ** Math.abs(decimals));
  return decimals > 0
    ? div(ops.round(mul(x, factor)), factor)
    : mul(ops.round(div(x, factor)), factor);
});

/**
 * Rounded to a number of decimals, which may be negative; ties go to the even one.
 *
 * @throws {ShapeError} If integers are rounded to a negative number of decimals.
 */
export function round(x: ArrayLike, decimals = 0): NDArray {
  return rounded(x, decimals);
}

/** The larger of two; NaN if either is. At ties each has half of the derivative. */
export const maximum: Binary = binary("maximum", max);

/** The smaller of two; NaN if either is. At ties each has half of the derivative. */
export const minimum: Binary = binary("minimum", min);

/** The larger of two; the other one where one is NaN. */
export const fmax: Binary = binary("fmax", numberOf(max));

/** The smaller of two; the other one where one is NaN. */
export const fmin: Binary = binary("fmin", numberOf(min));

function numberOf(
  f: (x: NDArray, y: NDArray) => NDArray,
): (x: NDArray, y: NDArray) => NDArray {
  return (x, y) =>
    select(
      compare("ne", x, x),
      y,
      select(compare("ne", y, y), x, f(x, y)),
    );
}

const limited = inlinedList(
  "clip",
  (operands, hasLow: boolean, hasHigh: boolean) => {
    const [x, ...limits] = promoteOperands("clip()", operands);
    const raised = hasLow ? max(x!, limits.shift()!) : x!;
    return hasHigh ? min(raised, limits.shift()!) : raised;
  },
);

/** `x` raised to `low`, then lowered to `high`; `null` is no limit. */
export function clip(
  x: ArrayLike,
  low: ArrayLike | null = null,
  high: ArrayLike | null = null,
): NDArray {
  const limits = [low, high].filter((limit) => limit !== null);
  return limited([x, ...limits], low !== null, high !== null);
}

/** The magnitude of `x` with the sign of `y`, that of a zero too. */
export const copysign: Binary = binary(
  "copysign",
  (x, y) => {
    const size = ops.abs(x);
    return select(isNegative(y), neg(size), size);
  },
  "floats",
);

/** Whether the sign bit is set: `1 / -0` is -inf. */
export const signbit: Unary = unary("signbit", isNegative, "floats");

function isNegative(x: NDArray): NDArray {
  const zero = zerosLike(x);
  const isZero = compare("eq", x, zero);
  const inverse = div(fullLike(x, 1), select(isZero, x, fullLike(x, 1)));
  return ops.or(compare("lt", x, zero), compare("lt", inverse, zero));
}

/** The number of the dtype next to `x`, in the direction of `y`. */
export const nextafter: Binary = binary("nextafter", ops.nextafter, "floats");
