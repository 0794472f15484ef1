/** Hyperbolic functions of elements, as floats. */

import * as ops from "../../core/ops/elementwise.ts";
import { type Unary, unary } from "./_ufunc.ts";

/**
 * Hyperbolic sine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sinh(0).item(), 0);
 * ```
 */
export const sinh: Unary = unary("sinh", ops.sinh, "floats");

/**
 * Hyperbolic cosine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.cosh(0).item(), 1);
 * ```
 */
export const cosh: Unary = unary("cosh", ops.cosh, "floats");

/**
 * Hyperbolic tangent.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tanh(0).item(), 0);
 * ```
 */
export const tanh: Unary = unary("tanh", ops.tanh, "floats");

/**
 * Inverse hyperbolic sine.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arcsinh(0).item(), 0);
 * ```
 */
export const arcsinh: Unary = unary("arcsinh", ops.asinh, "floats");

/**
 * Inverse hyperbolic sine: `arcsinh`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.asinh(0).item(), 0);
 * ```
 */
export const asinh: Unary = arcsinh;

/**
 * Inverse hyperbolic cosine; NaN below 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arccosh(1).item(), 0);
 * ```
 */
export const arccosh: Unary = unary("arccosh", ops.acosh, "floats");

/**
 * Inverse hyperbolic cosine; NaN below 1: `arccosh`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.acosh(1).item(), 0);
 * ```
 */
export const acosh: Unary = arccosh;

/**
 * Inverse hyperbolic tangent; NaN outside `[-1, 1]`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arctanh(0).item(), 0);
 * ```
 */
export const arctanh: Unary = unary("arctanh", ops.atanh, "floats");

/**
 * Inverse hyperbolic tangent; NaN outside `[-1, 1]`: `arctanh`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atanh(0).item(), 0);
 * ```
 */
export const atanh: Unary = arctanh;
