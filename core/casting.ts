/** How numbers become elements of a dtype. */

import { roundBfloat16 } from "./bfloat16.ts";
import type { DType } from "./dtype.ts";
import { INTEGER_LIMITS, type IntegerLimits } from "./limits.ts";

/**
 * Element of `to` that a floating-point `v` converts to, as in JAX.
 *
 * To an integer: truncates toward zero, saturates, NaN gives 0. To a float:
 * rounds to nearest even, overflows to infinity. To `bool`: whether `v` differs
 * from 0, so NaN gives 1. For a `v` of an integer dtype see
 * {@linkcode wrapInteger}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(castValue(-1.9, "int8"), -1);
 * assertEquals(castValue(-1.9, "uint8"), 0);
 * assertEquals(castValue(65520, "float16"), Infinity);
 * ```
 */
export function castValue(v: number, to: DType): number {
  switch (to) {
    case "bool":
      return v !== 0 ? 1 : 0;
    case "uint8":
    case "uint16":
    case "uint32":
    case "int8":
    case "int16":
    case "int32":
      return saturate(v, INTEGER_LIMITS[to]);
    case "bfloat16":
      return roundBfloat16(v);
    case "float16":
      return Math.f16round(v);
    case "float32":
      return Math.fround(v);
    case "float64":
      return v;
    default:
      return to satisfies never;
  }
}

function saturate(v: number, { min, max }: IntegerLimits): number {
  if (Number.isNaN(v)) return 0;
  return Math.trunc(Math.min(Math.max(v, min), max)) + 0; // -0 + 0 is 0
}

/**
 * Element of `to` that an integer `v` converts to: modulo 2^bits, as between
 * integer dtypes in C and JAX. Exact for every `v` that is an integer, also
 * beyond 2^32. Floats and `bool` as {@linkcode castValue} has them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(wrapInteger(300, "uint8"), 44);
 * assertEquals(wrapInteger(2 ** 31, "int32"), -(2 ** 31));
 * ```
 */
export function wrapInteger(v: number, to: DType): number {
  // JavaScript's bitwise operators take their operands modulo 2^32, exactly.
  switch (to) {
    case "uint8":
      return v & 0xff;
    case "uint16":
      return v & 0xffff;
    case "uint32":
      return v >>> 0;
    case "int8":
      return (v << 24) >> 24;
    case "int16":
      return (v << 16) >> 16;
    case "int32":
      return v | 0;
    default:
      return castValue(v, to);
  }
}
