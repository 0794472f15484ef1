/** Comparisons and logic of elements, and choices by them. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { finfo } from "../../core/limits.ts";
import { add } from "../../core/ops/addition.ts";
import { mul, sub } from "../../core/ops/arithmetic.ts";
import {
  compare,
  type Comparison,
  select as choose,
} from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { reduceAnd } from "../../core/ops/extrema.ts";
import { inlined } from "../../transforms/inlined.ts";
import {
  broadcastShapes,
  broadcastTo,
  promoteDtypes,
  promoteOperands,
  truth,
} from "../_promote.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

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

function logical(
  name: string,
  f: (x: NDArray, y: NDArray) => NDArray,
): Binary {
  return inlined(name, 2, (xs) => {
    const [x, y] = promoteOperands(`${name}()`, xs.map(truth));
    return f(x!, y!);
  });
}

/**
 * Whether both are true; all but 0 is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logicalAnd(np.array([0, 2]), true).js(), [false, true]);
 * ```
 */
export const logicalAnd: Binary = logical("logicalAnd", ops.and);

/**
 * Whether either is true; all but 0 is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logicalOr(np.array([0, 2]), false).js(), [false, true]);
 * ```
 */
export const logicalOr: Binary = logical("logicalOr", ops.or);

/**
 * Whether one of the two is true; all but 0 is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logicalXor(np.array([0, 2]), true).js(), [true, false]);
 * ```
 */
export const logicalXor: Binary = logical("logicalXor", ops.xor);

/**
 * Whether `x` is 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logicalNot(np.array([0, 2])).js(), [true, false]);
 * ```
 */
export const logicalNot: Unary = unary("logicalNot", (x) => ops.not(truth(x)));

/**
 * Whether elements are NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isnan(np.array([1, NaN])).js(), [false, true]);
 * ```
 */
export const isnan: Unary = unary("isnan", (x) => compare("ne", x, x));

/**
 * Whether elements are neither infinite nor NaN.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isfinite(np.array([1, NaN])).js(), [true, false]);
 * ```
 */
export const isfinite: Unary = unary(
  "isfinite",
  (x) => isFloating(x.dtype) ? ops.isFinite(x) : compare("eq", x, x),
);

function isValue(name: string, value: number): Unary {
  return unary(
    name,
    (x) =>
      isFloating(x.dtype)
        ? compare("eq", x, fullLike(x, value))
        : compare("ne", x, x),
  );
}

/**
 * Whether elements are positive infinity.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isposinf(np.array([1, Infinity])).js(), [false, true]);
 * ```
 */
export const isposinf: Unary = isValue("isposinf", Infinity);

/**
 * Whether elements are negative infinity.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isneginf(np.array([1, -Infinity])).js(), [false, true]);
 * ```
 */
export const isneginf: Unary = isValue("isneginf", -Infinity);

/**
 * Whether elements are infinite.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.isinf(np.array([1, -Infinity])).js(), [false, true]);
 * ```
 */
export const isinf: Unary = unary(
  "isinf",
  (x) =>
    isFloating(x.dtype)
      ? compare("eq", ops.abs(x), fullLike(x, Infinity))
      : compare("ne", x, x),
);

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

const choice = inlined("where", 3, ([which, ...xs]) => {
  const shape = broadcastShapes("where()", [
    which.shape,
    ...xs.map((x) => x.shape),
  ]);
  const [x, y] = promoteDtypes(xs).map((x) => broadcastTo(x, shape));
  return choose(broadcastTo(truth(which), shape), x!, y!);
});

/**
 * Elements of `x` where `condition` is true, else of `y`. Shapes broadcast.
 *
 * No NaN of the element that is not chosen reaches the result, but it may
 * reach derivatives: make operands safe before, not after.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.where(np.array([true, false]), np.array([1, 2]), 0).js(), [1, 0]);
 * ```
 */
export function where(
  condition: ArrayLike,
  x: ArrayLike,
  y: ArrayLike,
): NDArray {
  return choice(condition, x, y);
}

/**
 * For each element, the choice of the first condition that is true, else `fallback`.
 *
 * @throws {RangeError} If there are not as many conditions as choices.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.select([np.array([true, false])], [1], 5).js(), [1, 5]);
 * ```
 */
export function select(
  conditions: readonly ArrayLike[],
  choices: readonly ArrayLike[],
  fallback: ArrayLike = 0,
): NDArray {
  if (conditions.length === 0 || conditions.length !== choices.length) {
    throw new RangeError(
      `Cannot select by ${conditions.length} conditions from ` +
        `${choices.length} choices: needs as many of both, and at least one`,
    );
  }
  return conditions.reduceRight<ArrayLike>(
    (rest, condition, i) => where(condition, choices[i]!, rest),
    fallback,
  ) as NDArray;
}

/** What `nanToNum` puts in place of elements that are not numbers. */
export interface Replacements {
  /** For NaN; 0 unless given. */
  readonly nan?: number;
  /** For positive infinity; the largest finite number unless given. */
  readonly posinf?: number;
  /** For negative infinity; the least finite number unless given. */
  readonly neginf?: number;
}

const withoutSpecials = inlined(
  "nanToNum",
  1,
  ([x], nan: number, posinf: number | null, neginf: number | null) => {
    if (!isFloating(x.dtype)) return x;
    const { max, min } = finfo(x.dtype);
    const replaced = (y: NDArray, which: NDArray, value: number) =>
      choose(which, fullLike(y, value), y);
    const [high, low] = [fullLike(x, Infinity), fullLike(x, -Infinity)];
    const y = replaced(x, compare("eq", x, high), posinf ?? max);
    const z = replaced(y, compare("eq", x, low), neginf ?? min);
    return replaced(z, compare("ne", x, x), nan);
  },
);

/**
 * Elements with NaN and infinities replaced by numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.nanToNum(np.array([1, NaN])).js(), [1, 0]);
 * ```
 */
export function nanToNum(
  x: ArrayLike,
  { nan = 0, posinf, neginf }: Replacements = {},
): NDArray {
  return withoutSpecials(x, nan, posinf ?? null, neginf ?? null);
}
