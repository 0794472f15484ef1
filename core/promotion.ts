/** How dtypes promote. */

import {
  type DType,
  isFloating,
  itemSize,
  type Kind,
  kindOf,
} from "./dtype.ts";

/** What promotion asks of a value: its dtype, and whether it would yield. */
export interface Typed {
  /** Type of the elements. */
  readonly dtype: DType;
  /** True where the dtype came from a JavaScript number, not from the user. */
  readonly weakType: boolean;
}

/**
 * Type of the result of an operation on an `a` and a `b`: JAX's lattice.
 *
 * `bool -> int* -> {u8 -> u16 -> u32, i8 -> i16 -> i32} -> float* -> {bf16, f16}
 * -> f32 -> f64`, where the starred types are weak, and `u8 -> i16`,
 * `u16 -> i32`. So a weak value takes the dtype of its partner unless it is of
 * a higher kind: int32 and a weak float give a weak float32. JAX joins uint32
 * and a signed type in int64, which becomes int32 where 64-bit types are
 * disabled, as they are by default: so it is here.
 *
 * See https://docs.jax.dev/en/latest/type_promotion.html.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const half = { dtype: "float16", weakType: false } as const;
 * const literal = { dtype: "float32", weakType: true } as const;
 * assertEquals(promote(half, literal), half);
 * ```
 */
export function promote(a: Typed, b: Typed): Typed {
  if (a.weakType === b.weakType) {
    return typed(joinStrong(a.dtype, b.dtype), a.weakType);
  }
  const [weak, strong] = a.weakType ? [a.dtype, b.dtype] : [b.dtype, a.dtype];
  if (weak === strong || RANK[kindOf(weak)] <= RANK[kindOf(strong)]) {
    return typed(strong, false);
  }
  // A higher kind without a size of its own takes the default size.
  return typed(isFloating(weak) ? "float32" : "int32", true);
}

/** How far up the lattice a kind is; all integers share a weak type. */
const RANK: Readonly<Record<Kind, number>> = {
  bool: 0,
  uint: 1,
  int: 1,
  float: 2,
};

function typed(dtype: DType, weakType: boolean): Typed {
  return { dtype, weakType: weakType && dtype !== "bool" }; // bool is never weak
}

function joinStrong(a: DType, b: DType): DType {
  if (a === b) return a;
  const [rankA, rankB] = [RANK[kindOf(a)], RANK[kindOf(b)]];
  if (rankA !== rankB) return rankA > rankB ? a : b;
  const [small, large] = itemSize(a) < itemSize(b) ? [a, b] : [b, a];
  if (kindOf(a) === kindOf(b)) {
    // Only the two 16-bit floats differ in dtype but not in size.
    return itemSize(small) < itemSize(large) ? large : "float32";
  }
  const [unsigned, signed] = kindOf(a) === "uint" ? [a, b] : [b, a];
  if (itemSize(unsigned) < itemSize(signed)) return signed;
  return itemSize(unsigned) === 1 ? "int16" : "int32";
}
