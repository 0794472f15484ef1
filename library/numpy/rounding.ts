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

/**
 * The largest whole number up to `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.floor(-1.5).item(), -2);
 * ```
 */
export const floor: Unary = unary("floor", whole(ops.floor));

/**
 * The smallest whole number from `x` on.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.ceil(1.5).item(), 2);
 * ```
 */
export const ceil: Unary = unary("ceil", whole(ops.ceil));

/**
 * The nearest whole number; ties go to the even one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.rint(2.5).item(), 2);
 * ```
 */
export const rint: Unary = unary("rint", ops.round, "floats");

/**
 * The whole part of `x`, toward 0; a zero keeps its sign.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.trunc(-1.5).item(), -1);
 * ```
 */
export const trunc: Unary = unary(
  "trunc",
  whole((x) =>
    select(compare("lt", x, zerosLike(x)), ops.ceil(x), ops.floor(x))
  ),
);

/**
 * The whole part of `x`, toward 0: `trunc`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fix(1.5).item(), 1);
 * ```
 */
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
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.round(np.array([0.5, 1.5, 2.5])).js(), [0, 2, 2]);
 * ```
 */
export function round(x: ArrayLike, decimals = 0): NDArray {
  return rounded(x, decimals);
}

/**
 * The larger of two; NaN if either is. At ties each has half of the
 * derivative.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.maximum(np.array([1, 5]), 3).js(), [3, 5]);
 * ```
 */
export const maximum: Binary = binary("maximum", max);

/**
 * The smaller of two; NaN if either is. At ties each has half of the
 * derivative.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.minimum(np.array([1, 5]), 3).js(), [1, 3]);
 * ```
 */
export const minimum: Binary = binary("minimum", min);

/**
 * The larger of two; the other one where one is NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fmax(np.array([1, NaN]), 0).js(), [1, 0]);
 * ```
 */
export const fmax: Binary = binary("fmax", numberOf("gt"));

/**
 * The smaller of two; the other one where one is NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fmin(np.array([1, NaN]), 0).js(), [0, 0]);
 * ```
 */
export const fmin: Binary = binary("fmin", numberOf("lt"));

/** The first where it is chosen or the second is NaN; the second at ties too. */
function numberOf(
  chosen: "gt" | "lt",
): (x: NDArray, y: NDArray) => NDArray {
  return (x, y) =>
    select(ops.or(compare(chosen, x, y), compare("ne", y, y)), x, y);
}

const limited = inlinedList(
  "clip",
  (operands, hasLow: boolean, hasHigh: boolean) => {
    const [x, ...limits] = promoteOperands("clip()", operands);
    const raised = hasLow ? max(x!, limits.shift()!) : x!;
    return hasHigh ? min(raised, limits.shift()!) : raised;
  },
);

/**
 * `x` raised to `low`, then lowered to `high`; `null` is no limit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.clip(np.arange(4), 1, 2).js(), [1, 1, 2, 2]);
 * ```
 */
export function clip(
  x: ArrayLike,
  low: ArrayLike | null = null,
  high: ArrayLike | null = null,
): NDArray {
  const limits = [low, high].filter((limit) => limit !== null);
  return limited([x, ...limits], low !== null, high !== null);
}

/**
 * The magnitude of `x` with the sign of `y`, that of a zero too.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.copysign(3, -0).item(), -3);
 * ```
 */
export const copysign: Binary = binary(
  "copysign",
  (x, y) => {
    const size = ops.abs(x);
    return select(isNegative(y), neg(size), size);
  },
  "floats",
);

/**
 * Whether the sign bit is set: `1 / -0` is -inf.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.signbit(np.array([-0, 0])).js(), [true, false]);
 * ```
 */
export const signbit: Unary = unary("signbit", isNegative, "floats");

function isNegative(x: NDArray): NDArray {
  const zero = zerosLike(x);
  const isZero = compare("eq", x, zero);
  const inverse = div(fullLike(x, 1), select(isZero, x, fullLike(x, 1)));
  return ops.or(compare("lt", x, zero), compare("lt", inverse, zero));
}

/**
 * The number of the dtype next to `x`, in the direction of `y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.nextafter(1, 2).item(), 1.0000001192092896);
 * ```
 */
export const nextafter: Binary = binary("nextafter", ops.nextafter, "floats");
