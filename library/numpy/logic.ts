/** Logic of elements, and what kind of number each is. */

import type { NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike } from "../../core/ops/constants.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { inlined } from "../../transforms/inlined.ts";
import { promoteOperands, truth } from "../_promote.ts";
import { type Binary, type Unary, unary } from "./_ufunc.ts";

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
