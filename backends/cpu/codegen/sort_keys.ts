/** Keys of sorts as unsigned numbers of 32 bits in the same order. */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import type { Code } from "../wasm/function.ts";
import { f32, f64, i32, i64, select } from "../wasm/instructions.ts";
import type { F32, F64, I32, Value } from "../wasm/value.ts";

/** What a sort orders by: a key, or one half of a key of 64 bits. */
export interface Column {
  readonly node: Node;
  readonly half: "high" | "low" | null;
  /** The bits in which keys may differ are `[low, high)`. */
  readonly low: number;
  readonly high: number;
}

/** The columns of some keys, the most significant one first. */
export function columnsOf(keys: readonly Node[]): readonly Column[] {
  return keys.flatMap((node): readonly Column[] => {
    const range = keyBits(node.dtype);
    return node.dtype === "float64"
      ? [{ node, half: "high", ...range }, { node, half: "low", ...range }]
      : [{ node, half: null, ...range }];
  });
}

function keyBits(
  dtype: DType,
): { readonly low: number; readonly high: number } {
  const { bytes } = DTYPES[dtype];
  if (dtype === "bool") return { low: 0, high: 1 };
  // As float32, a float16 has 10 of 23 digits, a bfloat16 7.
  if (dtype === "float16") return { low: 13, high: 32 };
  if (dtype === "bfloat16") return { low: 16, high: 32 };
  return { low: 0, high: Math.min(32, 8 * bytes) };
}

/**
 * Where a scalar belongs in the order of its dtype. Zeros have one key, or one
 * for each sign if `isExact`.
 */
export function orderedKey(
  code: Code,
  { node: { dtype }, half }: Column,
  value: Value,
  isExact: boolean,
): I32 {
  if (dtype === "float64") return halfKey(code, value as F64, half === "high");
  if (isFloating(dtype)) {
    const x = value as F32;
    return floatKey(code, isExact ? x : f32.add(x, f32.const(0)));
  }
  return i32.add(value as I32, i32.const(biasOf(dtype)));
}

/** The scalar of an exact key; any NaN for that of NaN. */
export function valueOfKey(code: Code, dtype: DType, given: I32): Value {
  if (!isFloating(dtype)) return i32.sub(given, i32.const(biasOf(dtype)));
  const key = code.let(given);
  const isNegative = i32.xor(i32.shr_s(key, i32.const(31)), i32.const(-1));
  const flips = i32.or(isNegative, i32.const(SIGN));
  return f32.reinterpret_i32(i32.xor(key, flips));
}

/** The exact keys of the zeros of floats. */
export const ZERO_KEYS = { negative: 0x7fffffff, positive: 0x80000000 };

const SIGN = 1 << 31;

/** What is added to integers to make them unsigned. */
function biasOf(dtype: DType): number {
  const { kind, bytes } = DTYPES[dtype];
  return kind === "int" ? 2 ** (8 * bytes - 1) : 0;
}

/**
 * The order of floats is that of their bits, if those of negative numbers are
 * inverted and the sign bit of others set. NaN is last.
 */
function floatKey(code: Code, given: F32): I32 {
  const x = code.let(given);
  const bits = code.let(i32.reinterpret_f32(x));
  const flips = i32.or(i32.shr_s(bits, i32.const(31)), i32.const(SIGN));
  return select(f32.eq(x, x), i32.xor(bits, flips), i32.const(-1));
}

function halfKey(code: Code, given: F64, isHigh: boolean): I32 {
  const x = code.let(f64.add(given, f64.const(0)));
  const bits = code.let(i64.reinterpret_f64(x));
  const flips = i64.or(
    i64.shr_s(bits, i64.const(63n)),
    i64.const(-(1n << 63n)),
  );
  const key = i64.xor(bits, flips);
  const part = i32.wrap_i64(isHigh ? i64.shr_u(key, i64.const(32n)) : key);
  return select(f64.eq(x, x), part, i32.const(-1));
}
