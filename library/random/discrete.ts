/** Distributions over integers, booleans and categories. */

import { type ArrayLike, NDArray } from "../../core/array.ts";
import {
  type FloatDType,
  type IntegerDType,
  isFloating,
  isInteger,
} from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { iinfo } from "../../core/limits.ts";
import { add } from "../../core/ops/addition.ts";
import { max, min, mul, sub } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { argmax } from "../../core/ops/extrema.ts";
import { rem } from "../../core/ops/rounding.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { asDtype, repeated } from "./_parameters.ts";
import { randomWords, splitInTwo } from "./_words.ts";
import { gumbel } from "./continuous.ts";
import { checkKey, type Key } from "./key.ts";
import { uniformBetween } from "./uniform.ts";

/** Dtype of the integers: int32 unless given. */
export type RandintOptions = { readonly dtype?: IntegerDType };

const drawIntegers = inlined(
  "randint",
  3,
  (
    [key, minval, maxval]: readonly [NDArray, NDArray, NDArray],
    shape: readonly number[],
    /** Whether the largest integer of the dtype may be drawn too. */
    isUpToLargest: boolean,
  ) => {
    const low = repeated(minval, shape);
    const high = repeated(maxval, shape);
    const width = convertElementType(sub(high, low), "uint32");
    const one = fullLike(width, 1);
    const wider = isUpToLargest ? add(width, one) : width;
    const span = select(compare("le", high, low), one, wider);
    // Two words make the modulus less biased: (high 2**32 + low) mod span.
    const [higher, lower] = splitWords(key, shape);
    const half = rem(fullLike(span, 2 ** 16), span);
    const wrapped = rem(mul(half, half), span);
    const offset = rem(
      add(mul(rem(higher, span), wrapped), rem(lower, span)),
      span,
    );
    return add(low, convertElementType(offset, low.dtype));
  },
);

/** Words of the two keys into which `key` is split. */
function splitWords(
  key: NDArray,
  shape: readonly number[],
): readonly [NDArray, NDArray] {
  const [first, second] = splitInTwo(key);
  return [randomWords(first, shape), randomWords(second, shape)];
}

/**
 * Uniform integers in [`minval`, `maxval`), of the given shape; `minval` where
 * that is empty. The bounds broadcast to the shape. The integers of JAX.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not of integers.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const x = random.randint(random.key(42), [8], 0, 10);
 * assertEquals(x.js(), [4, 4, 1, 9, 9, 9, 7, 7]);
 * ```
 */
export function randint(
  key: Key,
  shape: readonly number[],
  minval: ArrayLike,
  maxval: ArrayLike,
  { dtype = "int32" }: RandintOptions = {},
): NDArray {
  checkKey(key, "draw with");
  if (!isInteger(dtype)) {
    throw new ShapeError(
      `Cannot draw integers of dtype ${dtype}: needs an integer dtype. Use ` +
        `uniform() for floats`,
    );
  }
  // Narrow integers are drawn from 32 bits too: fewer would be biased.
  const wide = dtype === "uint32" ? dtype : "int32";
  const limits = iinfo(dtype);
  const bounds = { min: limits.min, max: limits.max };
  const last = wide === dtype ? limits.max : limits.max + 1;
  const x = drawIntegers(
    key,
    clipped(minval, wide, bounds),
    clipped(maxval, wide, { ...bounds, max: last }),
    shape,
    typeof maxval === "number" && maxval > iinfo(wide).max,
  );
  return convertElementType(x, dtype);
}

/** A bound in another dtype, clipped rather than wrapped. */
function clipped(
  x: ArrayLike,
  dtype: "int32" | "uint32",
  limits: { readonly min: number; readonly max: number },
): NDArray {
  if (!(x instanceof NDArray)) {
    const value = Math.min(Math.max(Number(x), limits.min), limits.max);
    return scalar(Math.trunc(value), dtype);
  }
  if (x.dtype === dtype) return x;
  const { min: least, max: most } = isInteger(x.dtype)
    ? iinfo(x.dtype)
    : limits;
  const low = fullLike(x, Math.max(limits.min, least));
  const high = fullLike(x, Math.min(limits.max, most));
  return convertElementType(min(max(x, low), high), dtype);
}

const drawBernoulli = inlined(
  "bernoulli",
  2,
  ([key, p]: readonly [NDArray, NDArray], shape: readonly number[]) => {
    const share = repeated(p, shape);
    const unit = [scalar(0, p.dtype), scalar(1, p.dtype)] as const;
    return compare("lt", uniformBetween(key, shape, unit), share);
  },
);

/**
 * Booleans that are true with probability `p`, of the given shape, or of that
 * of `p`.
 *
 * @throws {ShapeError} If `key` is not one key.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * assertEquals(random.bernoulli(random.key(0), 1).js(), true);
 * assertEquals(random.bernoulli(random.key(0), 0, [2]).js(), [false, false]);
 * ```
 */
export function bernoulli(
  key: Key,
  p: ArrayLike = 0.5,
  shape?: readonly number[],
): NDArray {
  checkKey(key, "draw with");
  const share = asDtype(p, p instanceof NDArray ? floatOf(p) : "float32");
  return drawBernoulli(key, share, shape ?? share.shape);
}

/** How `categorical` draws. */
export type CategoricalOptions = {
  /** The axis of the categories: the last. */
  readonly axis?: number;
  /** Shape of the result, which ends with that of `logits` without the axis. */
  readonly shape?: readonly number[] | undefined;
};

const drawCategories = inlined(
  "categorical",
  2,
  (
    [key, given]: readonly [NDArray, NDArray],
    shape: readonly number[],
    axis: number,
  ) => {
    const logits = asDtype(given, floatOf(given));
    const prefix = shape.slice(0, shape.length - logits.ndim + 1);
    const all = [...prefix, ...logits.shape];
    const noise = gumbel(key, all, { dtype: floatOf(given) });
    return argmax(add(noise, repeated(logits, all)), prefix.length + axis);
  },
);

/**
 * Categories (int32) drawn from the softmax of `logits` along an axis.
 *
 * Shape: that of `logits` without the axis, unless given. The draws of JAX.
 *
 * @throws {RangeError} If the axis is outside `[-ndim, ndim)`.
 * @throws {ShapeError} If `shape` does not end with that of the other axes.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, random } from "@dinograd/dinograd";
 *
 * const logits = np.log(np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]]));
 * assertEquals(random.categorical(random.key(42), logits).js(), [2, 0]);
 * ```
 */
export function categorical(
  key: Key,
  logits: NDArray,
  { axis = -1, shape }: CategoricalOptions = {},
): NDArray {
  checkKey(key, "draw with");
  const along = axisOf("categorical", axis, logits.ndim);
  const batch = logits.shape.filter((_, a) => a !== along);
  const drawn = shape ?? batch;
  const end = drawn.slice(Math.max(0, drawn.length - batch.length));
  if (String(end) !== String(batch)) {
    throw new ShapeError(
      `Cannot draw categories of shape [${drawn}] from logits of shape ` +
        `[${logits.shape}]: the shape must end with [${batch}]`,
    );
  }
  return drawCategories(key, logits, drawn, along);
}

function floatOf({ dtype }: NDArray): FloatDType {
  return isFloating(dtype) ? dtype : "float32";
}
