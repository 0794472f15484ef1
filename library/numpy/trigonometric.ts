/** Circular functions of elements, and angles, as floats. */

import { div, mul } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { add } from "../../core/ops/addition.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { type Binary, binary, type Unary, unary } from "./_ufunc.ts";

/**
 * Sine, of radians.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sin(0).item(), 0);
 * ```
 */
export const sin: Unary = unary("sin", ops.sin, "floats");

/**
 * Cosine, of radians.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.cos(0).item(), 1);
 * ```
 */
export const cos: Unary = unary("cos", ops.cos, "floats");

/**
 * Tangent, of radians.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tan(0).item(), 0);
 * ```
 */
export const tan: Unary = unary("tan", ops.tan, "floats");

/**
 * The angle in `[-pi/2, pi/2]` whose sine is `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arcsin(0).item(), 0);
 * ```
 */
export const arcsin: Unary = unary("arcsin", ops.asin, "floats");

/**
 * The angle in `[-pi/2, pi/2]` whose sine is `x`: `arcsin`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.asin(0).item(), 0);
 * ```
 */
export const asin: Unary = arcsin;

/**
 * The angle in `[0, pi]` whose cosine is `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arccos(1).item(), 0);
 * ```
 */
export const arccos: Unary = unary("arccos", ops.acos, "floats");

/**
 * The angle in `[0, pi]` whose cosine is `x`: `arccos`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.acos(1).item(), 0);
 * ```
 */
export const acos: Unary = arccos;

/**
 * The angle in `[-pi/2, pi/2]` whose tangent is `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arctan(0).item(), 0);
 * ```
 */
export const arctan: Unary = unary("arctan", ops.atan, "floats");

/**
 * The angle in `[-pi/2, pi/2]` whose tangent is `x`: `arctan`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atan(0).item(), 0);
 * ```
 */
export const atan: Unary = arctan;

/**
 * The angle in `[-pi, pi]` of the point `(x, y)`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arctan2(0, 1).item(), 0);
 * ```
 */
export const arctan2: Binary = binary("arctan2", ops.atan2, "floats");

/**
 * The angle in `[-pi, pi]` of the point `(x, y)`: `arctan2`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atan2(0, 1).item(), 0);
 * ```
 */
export const atan2: Binary = arctan2;

/**
 * Degrees as radians.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.deg2rad(0).item(), 0);
 * ```
 */
export const deg2rad: Unary = unary(
  "deg2rad",
  (x) => mul(x, fullLike(x, Math.PI / 180)),
  "floats",
);

/**
 * Radians as degrees.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.rad2deg(0).item(), 0);
 * ```
 */
export const rad2deg: Unary = unary(
  "rad2deg",
  (x) => mul(x, fullLike(x, 180 / Math.PI)),
  "floats",
);

/**
 * Degrees as radians: `deg2rad`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.radians(0).item(), 0);
 * ```
 */
export const radians: Unary = deg2rad;

/**
 * Radians as degrees: `rad2deg`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.degrees(0).item(), 0);
 * ```
 */
export const degrees: Unary = rad2deg;

/**
 * `sin(pi x) / (pi x)`, and 1 at 0. Near 0 it is a polynomial, so that
 * derivatives of the first three orders are right there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.sinc(0).item(), 1);
 * ```
 */
export const sinc: Unary = unary(
  "sinc",
  (x) => {
    const angle = mul(x, fullLike(x, Math.PI));
    const isZero = compare("eq", x, fullLike(x, 0));
    const safe = select(isZero, fullLike(x, 1), angle);
    // 1 - t²/6 has the value and the derivatives of sin(t)/t at 0.
    const near = add(
      fullLike(x, 1),
      div(ops.square(angle), fullLike(x, -6)),
    );
    return select(isZero, near, div(ops.sin(safe), safe));
  },
  "floats",
);
