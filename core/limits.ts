/** What the numbers of a dtype can and cannot be: `finfo` and `iinfo`. */

import {
  type DType,
  type FloatDType,
  type IntegerDType,
  isFloating,
  isInteger,
  isSigned,
  itemSize,
} from "./dtype.ts";
import { ShapeError } from "./errors.ts";

/** Limits of an integer dtype. */
export interface IntegerLimits {
  /** Number of bits of an element. */
  readonly bits: number;
  /** Smallest element. */
  readonly min: number;
  /** Largest element. */
  readonly max: number;
}

/** Limits of a floating-point dtype. */
export interface FloatLimits {
  /** Number of bits of an element. */
  readonly bits: number;
  /** Distance from 1 to the next larger element. */
  readonly eps: number;
  /** Smallest positive element of full precision. */
  readonly tiny: number;
  /** Smallest positive element. */
  readonly smallestSubnormal: number;
  /** Largest finite element. */
  readonly max: number;
  /** Smallest finite element, `-max`. */
  readonly min: number;
}

/** Limits of every integer dtype. */
export const INTEGER_LIMITS: Readonly<Record<IntegerDType, IntegerLimits>> = {
  uint8: integerLimits("uint8"),
  uint16: integerLimits("uint16"),
  uint32: integerLimits("uint32"),
  int8: integerLimits("int8"),
  int16: integerLimits("int16"),
  int32: integerLimits("int32"),
};

function integerLimits(d: IntegerDType): IntegerLimits {
  const bits = 8 * itemSize(d);
  return isSigned(d)
    ? { bits, min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }
    : { bits, min: 0, max: 2 ** bits - 1 };
}

const FLOAT_LIMITS: Readonly<Record<FloatDType, FloatLimits>> = {
  bfloat16: floatLimits("bfloat16", 8),
  float16: floatLimits("float16", 5),
  float32: floatLimits("float32", 8),
  float64: floatLimits("float64", 11),
};

/** Limits of an IEEE 754 format with so many bits of exponent. */
function floatLimits(d: FloatDType, exponentBits: number): FloatLimits {
  const bits = 8 * itemSize(d);
  const eps = 2 ** (exponentBits + 1 - bits);
  const largestExponent = 2 ** (exponentBits - 1) - 1;
  const tiny = 2 ** (1 - largestExponent);
  const max = (2 - eps) * 2 ** largestExponent;
  return { bits, eps, tiny, smallestSubnormal: tiny * eps, max, min: -max };
}

/**
 * Limits of a floating-point dtype, under NumPy's names.
 *
 * @throws {ShapeError} If `d` is not a floating-point dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(finfo("float64").eps, Number.EPSILON);
 * assertEquals(finfo("float16").max, 65504);
 * ```
 */
export function finfo(d: DType): FloatLimits {
  if (!isFloating(d)) {
    throw new ShapeError(
      `Cannot give the limits of ${d} as of a float: needs a floating-point ` +
        `dtype. Use iinfo() for integers`,
    );
  }
  return FLOAT_LIMITS[d];
}

/**
 * Limits of an integer dtype, under NumPy's names.
 *
 * @throws {ShapeError} If `d` is not an integer dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(iinfo("int8"), { bits: 8, min: -128, max: 127 });
 * ```
 */
export function iinfo(d: DType): IntegerLimits {
  if (!isInteger(d)) {
    throw new ShapeError(
      `Cannot give the limits of ${d} as of an integer: needs an integer ` +
        `dtype. Use finfo() for floats`,
    );
  }
  return INTEGER_LIMITS[d];
}
