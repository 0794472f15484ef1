/** Roots, exponentials and logarithms of elements, as floats. */

import { add } from "../../core/ops/addition.ts";
import { div, max, mul } from "../../core/ops/arithmetic.ts";
import { stopGradient } from "../../core/ops/barrier.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike } from "../../core/ops/constants.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/**
 * The square root; NaN below 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sqrt(9).item(), 3);
 * ```
 */
export const sqrt: Unary = unary("sqrt", ops.sqrt, "floats");

/**
 * The cube root.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.cbrt(-27).item(), -3);
 * ```
 */
export const cbrt: Unary = unary("cbrt", ops.cbrt, "floats");

/**
 * `e` to the power `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.exp(0).item(), 1);
 * ```
 */
export const exp: Unary = unary("exp", ops.exp, "floats");

/**
 * 2 to the power `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.exp2(3).item(), 8);
 * ```
 */
export const exp2: Unary = unary("exp2", ops.exp2, "floats");

/**
 * `exp(x) - 1`, exact near 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.expm1(0).item(), 0);
 * ```
 */
export const expm1: Unary = unary("expm1", ops.expm1, "floats");

/**
 * The natural logarithm; -inf at 0, NaN below.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.log(1).item(), 0);
 * ```
 */
export const log: Unary = unary("log", ops.log, "floats");

/**
 * `log(1 + x)`, exact near 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.log1p(0).item(), 0);
 * ```
 */
export const log1p: Unary = unary("log1p", ops.log1p, "floats");

/**
 * The logarithm to base 2.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.log2(1).item(), 0);
 * ```
 */
export const log2: Unary = unary(
  "log2",
  (x) => div(ops.log(x), fullLike(x, Math.LN2)),
  "floats",
);

/**
 * The logarithm to base 10.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.log10(1).item(), 0);
 * ```
 */
export const log10: Unary = unary(
  "log10",
  (x) => div(ops.log(x), fullLike(x, Math.LN10)),
  "floats",
);

/**
 * `log(exp(x) + exp(y))`, without overflow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logaddexp(-Infinity, 2).item(), 2);
 * ```
 */
export const logaddexp: Binary = binary("logaddexp", ops.logAddExp, "floats");

/**
 * `log2(2^x + 2^y)`, without overflow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logaddexp2(1, 1).item(), 2);
 * ```
 */
export const logaddexp2: Binary = binary(
  "logaddexp2",
  (x, y) => {
    const ln2 = fullLike(x, Math.LN2);
    return div(ops.logAddExp(mul(x, ln2), mul(y, ln2)), ln2);
  },
  "floats",
);

/**
 * `sqrt(x² + y²)`, without overflow: scaled by the larger of the two.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.hypot(3, 4).item(), 5);
 * ```
 */
export const hypot: Binary = binary(
  "hypot",
  (x, y) => {
    const large = stopGradient(max(ops.abs(x), ops.abs(y)));
    const [zero, one] = [fullLike(x, 0), fullLike(x, 1)];
    const isZero = compare("eq", large, zero);
    const scale = select(isZero, one, large);
    const squares = add(
      ops.square(div(x, scale)),
      ops.square(div(y, scale)),
    );
    // The root of 0 is left out, else its derivative would be infinite.
    const root = ops.sqrt(select(isZero, one, squares));
    const length = select(isZero, zero, mul(scale, root));
    const infinity = fullLike(x, Infinity);
    const isInfinite = ops.or(
      compare("eq", ops.abs(x), infinity),
      compare("eq", ops.abs(y), infinity),
    );
    return select(isInfinite, infinity, length);
  },
  "floats",
);
