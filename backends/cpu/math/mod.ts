/**
 * Functions of real numbers on vectors of four float32, within 2 units in the
 * last place of the correctly rounded result.
 *
 * All lanes are computed alike, with the same instructions: on one machine a
 * number has one result, wherever it stands. Machines differ in whether they
 * round `x y + z` once or twice (`madd`); both stay within the bound.
 *
 * @module
 */

import type { Code } from "../wasm/function.ts";
import type { V128 } from "../wasm/value.ts";
import { erf, erfc, erfInv } from "./error_function.ts";
import { exp, exp2, expm1, logistic } from "./exponential.ts";
import { cosh, sinh, tanh } from "./hyperbolic.ts";
import { acosh, asinh, atanh } from "./inverse_hyperbolic.ts";
import { acos, asin, atan, atan2 } from "./inverse_trigonometric.ts";
import { logAddExp } from "./log_add_exp.ts";
import { log, log1p } from "./logarithm.ts";
import { nextafter } from "./neighbor.ts";
import { pow } from "./power.ts";
import { cbrt, rsqrt } from "./roots.ts";
import { cos, sin, tan } from "./trigonometric.ts";

/** Writes statements that compute a function; gives its value. */
export type VectorMath = (code: Code, ...args: readonly V128[]) => V128;

const FUNCTIONS = {
  rsqrt,
  cbrt,
  exp,
  exp2,
  expm1,
  log,
  log1p,
  logistic,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  erfc,
  erfInv,
  pow,
  atan2,
  nextafter,
  logAddExp,
} satisfies Record<string, VectorMath>;

/** Scalar operations that are no single instruction. */
export type MathOp = keyof typeof FUNCTIONS;

/** How each is computed. */
export const MATH: Readonly<Record<MathOp, VectorMath>> = FUNCTIONS;
