/** Comparisons of elements, and of whole arrays. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { mul, sub } from "../../core/ops/arithmetic.ts";
import { compare, type Comparison } from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { reduceAnd } from "../../core/ops/extrema.ts";
import { inlined } from "../../transforms/inlined.ts";
import { promoteDtypes, promoteOperands, truth } from "../_promote.ts";
import { type Binary, binary } from "./_ufunc.ts";

function comparison(name: string, how: Comparison): Binary {
  return binary(name, (x, y) => compare(how, x, y));
}

/**
 * Whether `x` and `y` are equal; NaN equals nothing.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.equal(np.array([1, 2]), 2).js(), [false, true]);
 * ```
 */
export const equal: Binary = comparison("equal", "eq");

/**
 * Whether `x` and `y` differ; NaN differs from everything.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.notEqual(np.array([1, 2]), 2).js(), [true, false]);
 * ```
 */
export const notEqual: Binary = comparison("notEqual", "ne");

/**
 * Whether `x < y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.less(np.array([1, 2]), 2).js(), [true, false]);
 * ```
 */
export const less: Binary = comparison("less", "lt");

/**
 * Whether `x <= y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.lessEqual(np.array([1, 2]), 1).js(), [true, false]);
 * ```
 */
export const lessEqual: Binary = comparison("lessEqual", "le");

/**
 * Whether `x > y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.greater(np.array([1, 2]), 1).js(), [false, true]);
 * ```
 */
export const greater: Binary = comparison("greater", "gt");

/**
 * Whether `x >= y`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.greaterEqual(np.array([1, 2]), 2).js(), [false, true]);
 * ```
 */
export const greaterEqual: Binary = comparison("greaterEqual", "ge");

/** How close two numbers must be to count as equal. */
export interface Tolerance {
  /** Part of the second number; 1e-5 unless given. */
  readonly rtol?: number;
  /** Absolute part; 1e-8 unless given. */
  readonly atol?: number;
  /** Whether NaN equals NaN; not unless given. */
  readonly equalNan?: boolean;
}

const closeness = inlined(
  "isclose",
  2,
  (xs, rtol: number, atol: number, equalNan: boolean) => {
    const [x, y] = promoteOperands("isclose()", xs, "floats") as [
      NDArray,
      NDArray,
    ];
    const limit = add(
      fullLike(y, atol),
      mul(fullLike(y, rtol), ops.abs(y)),
    );
    const isNear = compare("le", ops.abs(sub(x, y)), limit);
    const bothFinite = ops.and(ops.isFinite(x), ops.isFinite(y));
    const isClose = ops.or(
      ops.and(bothFinite, isNear),
      compare("eq", x, y),
    );
    if (!equalNan) return isClose;
    return ops.or(
      isClose,
      ops.and(compare("ne", x, x), compare("ne", y, y)),
    );
  },
);

/**
 * Whether `|x - y| <= atol + rtol |y|`; infinities equal themselves.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isclose(np.array([1, 2]), 1.000001).js(), [true, false]);
 * ```
 */
export function isclose(
  x: ArrayLike,
  y: ArrayLike,
  { rtol = 1e-5, atol = 1e-8, equalNan = false }: Tolerance = {},
): NDArray {
  return closeness(x, y, rtol, atol, equalNan);
}

const everywhere = inlined(
  "all",
  1,
  ([x]) => reduceAnd(truth(x), x.shape.map((_, axis) => axis)),
);

/**
 * Whether all elements are close, as a 0-d bool; see `isclose`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.allclose(np.array([1, 1]), 1).js(), true);
 * ```
 */
export function allclose(
  x: ArrayLike,
  y: ArrayLike,
  tolerance: Tolerance = {},
): NDArray {
  return everywhere(isclose(x, y, tolerance));
}

const sameElements = inlined("arrayEqual", 2, (xs) => {
  const [x, y] = promoteDtypes(xs) as [NDArray, NDArray];
  const isSameShape = String(x.shape) === String(y.shape);
  if (!isSameShape) return scalar(0, "bool");
  return reduceAnd(compare("eq", x, y), x.shape.map((_, axis) => axis));
});

/**
 * Whether shapes and all elements are equal, as a 0-d bool.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arrayEqual(np.arange(2), np.arange(3)).js(), false);
 * ```
 */
export const arrayEqual: Binary = sameElements;
