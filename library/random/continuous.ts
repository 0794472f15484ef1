/** Continuous distributions, each a function of uniform numbers. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import type { FloatDType } from "../../core/dtype.ts";
import { finfo } from "../../core/limits.ts";
import { nextafter as nextNumber } from "../../core/numerics.ts";
import { mul, neg, sub } from "../../core/ops/arithmetic.ts";
import { stopGradient } from "../../core/ops/barrier.ts";
import { clamp } from "../../core/ops/clamp.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { log, log1p } from "../../core/ops/exponential.ts";
import { abs, nextafter, sign } from "../../core/ops/rounding.ts";
import { erf, erfInv } from "../../core/ops/special.ts";
import { tan } from "../../core/ops/trigonometric.ts";
import { inlined } from "../../transforms/inlined.ts";
import { broadcastShapes } from "../_promote.ts";
import {
  asDtype,
  checkFloat,
  type FloatOptions,
  repeated,
} from "./_parameters.ts";
import { checkKey, type Key } from "./key.ts";
import { uniformBetween } from "./uniform.ts";

type Draw = (
  key: Key,
  shape?: readonly number[],
  options?: FloatOptions,
) => NDArray;

/** A distribution without parameters, from uniform numbers of a range. */
function distribution(
  name: string,
  range: (dtype: FloatDType) => readonly [minval: number, maxval: number],
  transform: (u: NDArray) => NDArray,
): Draw {
  const draw = inlined(
    name,
    1,
    (
      [key]: readonly [NDArray],
      shape: readonly number[],
      dtype: FloatDType,
    ) => {
      const [minval, maxval] = range(dtype);
      const bounds = [scalar(minval, dtype), scalar(maxval, dtype)] as const;
      return transform(uniformBetween(key, shape, bounds));
    },
  );
  return (key, shape = [], { dtype = "float32" } = {}) => {
    checkKey(key, "draw with");
    checkFloat(dtype, `the ${name} distribution`);
    return draw(key, shape, dtype);
  };
}

function scaledErfInv(u: NDArray): NDArray {
  return mul(fullLike(u, Math.SQRT2), erfInv(u));
}

/**
 * Normal numbers of mean 0 and variance 1, of the given shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.normal(random.key(42)); // an example of JAX's docs
 * assertAlmostEquals(x.item(), -0.028304616, 1e-7);
 * ```
 */
export const normal: Draw = distribution(
  "normal",
  (dtype) => [nextNumber(-1, 0, dtype), 1],
  scaledErfInv,
);

/**
 * Numbers of the exponential distribution of rate 1, of the given shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * assert(random.exponential(random.key(1)).item() >= 0);
 * ```
 */
export const exponential: Draw = distribution(
  "exponential",
  () => [0, 1],
  (u) => neg(log1p(neg(u))),
);

/**
 * Numbers of the Gumbel distribution, of the given shape: added to logits, the
 * largest is a draw from the softmax.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.gumbel(random.key(42));
 * assertAlmostEquals(x.item(), 0.33409339, 1e-6);
 * ```
 */
export const gumbel: Draw = distribution(
  "gumbel",
  (dtype) => [finfo(dtype).tiny, 1],
  (u) => neg(log(neg(log(u)))),
);

/**
 * Numbers of the Laplace distribution of scale 1, of the given shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.laplace(random.key(42));
 * assertAlmostEquals(x.item(), 0.02283965, 1e-6);
 * ```
 */
export const laplace: Draw = distribution(
  "laplace",
  (dtype) => [-1 + finfo(dtype).eps / 2, 1],
  (u) => mul(sign(u), log1p(neg(abs(u)))),
);

/**
 * Numbers of the Cauchy distribution, of the given shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.cauchy(random.key(42));
 * assertAlmostEquals(x.item(), -0.03548463, 1e-6);
 * ```
 */
export const cauchy: Draw = distribution(
  "cauchy",
  (dtype) => [finfo(dtype).eps, 1],
  (u) => tan(mul(fullLike(u, Math.PI), sub(u, fullLike(u, 0.5)))),
);

const drawTruncatedNormal = inlined(
  "truncatedNormal",
  3,
  (
    [key, lower, upper]: readonly [NDArray, NDArray, NDArray],
    shape: readonly number[],
  ) => {
    const [low, high] = [repeated(lower, shape), repeated(upper, shape)];
    const share = (x: NDArray) => erf(mul(x, fullLike(x, Math.SQRT1_2)));
    const x = scaledErfInv(
      uniformBetween(key, shape, [share(low), share(high)]),
    );
    // Rounding may lead out of the open interval.
    return clamp(
      nextafter(stopGradient(low), fullLike(low, Infinity)),
      x,
      nextafter(stopGradient(high), fullLike(high, -Infinity)),
    );
  },
);

/**
 * Normal numbers in the interval (`lower`, `upper`), of the given shape, or of
 * that of the bounds.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.truncatedNormal(random.key(3), -0.1, 0.1).item();
 * assert(Math.abs(x) < 0.1);
 * ```
 */
export function truncatedNormal(
  key: Key,
  lower: ArrayLike,
  upper: ArrayLike,
  shape?: readonly number[],
  { dtype = "float32" }: FloatOptions = {},
): NDArray {
  checkKey(key, "draw with");
  checkFloat(dtype, "the truncated normal distribution");
  const [low, high] = [asDtype(lower, dtype), asDtype(upper, dtype)];
  const common = () =>
    broadcastShapes("truncatedNormal", [low.shape, high.shape]);
  return drawTruncatedNormal(key, low, high, shape ?? common());
}
