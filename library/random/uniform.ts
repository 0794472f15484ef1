/** The uniform distribution, from which the other ones are made. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import type { FloatDType } from "../../core/dtype.ts";
import { finfo } from "../../core/limits.ts";
import { add } from "../../core/ops/addition.ts";
import { max, mul, sub } from "../../core/ops/arithmetic.ts";
import { and, shiftRightLogical } from "../../core/ops/bits.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { inlined } from "../../transforms/inlined.ts";
import {
  asDtype,
  checkFloat,
  type FloatOptions,
  repeated,
} from "./_parameters.ts";
import { hashed, randomWords } from "./_words.ts";
import { checkKey, type Key } from "./key.ts";

/** From where to where numbers are drawn: 0 (included) to 1 (excluded). */
export type UniformOptions = FloatOptions & {
  readonly minval?: ArrayLike;
  readonly maxval?: ArrayLike;
};

/** How many of the random bits JAX takes a mantissa from. */
const WIDTH = { bfloat16: 8, float16: 16, float32: 32 } as const;

/** Multiples of the distance of floats between 1 and 2, in [0, 1). */
function unitFloats(
  key: NDArray,
  shape: readonly number[],
  dtype: FloatDType,
): NDArray {
  const scaled = (words: NDArray, power: number) => {
    const x = convertElementType(words, dtype);
    return mul(x, fullLike(x, 2 ** power));
  };
  if (dtype === "float64") {
    const [high, low] = hashed(key, shape);
    const lowest = shiftRightLogical(low, fullLike(low, 12));
    return add(scaled(high, -32), scaled(lowest, -52));
  }
  const mantissaBits = -Math.log2(finfo(dtype).eps);
  const words = randomWords(key, shape);
  const used = and(words, fullLike(words, 2 ** WIDTH[dtype] - 1));
  const dropped = fullLike(words, WIDTH[dtype] - mantissaBits);
  return scaled(shiftRightLogical(used, dropped), -mantissaBits);
}

/** Numbers in [`minval`, `maxval`), in their dtype. */
export function uniformBetween(
  key: NDArray,
  shape: readonly number[],
  [minval, maxval]: readonly [NDArray, NDArray],
): NDArray {
  const low = repeated(minval, shape);
  const range = sub(repeated(maxval, shape), low);
  const unit = unitFloats(key, shape, low.dtype as FloatDType);
  // Rounding may lead below the range, as JAX notes.
  return max(low, add(mul(unit, range), low));
}

const drawUniform = inlined(
  "uniform",
  3,
  (
    [key, minval, maxval]: readonly [NDArray, NDArray, NDArray],
    shape: readonly number[],
  ) => uniformBetween(key, shape, [minval, maxval]),
);

/**
 * Uniform numbers in [`minval`, `maxval`), of the given shape.
 *
 * The bits are those of JAX. `minval` and `maxval` broadcast to the shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of floats.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.uniform(random.key(0)); // the first example of JAX's docs
 * assertAlmostEquals(x.item(), 0.947667, 1e-6);
 * ```
 */
export function uniform(
  key: Key,
  shape: readonly number[] = [],
  { minval = 0, maxval = 1, dtype = "float32" }: UniformOptions = {},
): NDArray {
  checkKey(key, "draw with");
  checkFloat(dtype, "the uniform distribution");
  return drawUniform(
    key,
    asDtype(minval, dtype),
    asDtype(maxval, dtype),
    shape,
  );
}
