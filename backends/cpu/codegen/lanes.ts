/**
 * How elements of each dtype are held while a kernel computes with them.
 *
 * A scalar is a float of 32 or 64 bits, or an i32. A vector has two lanes where
 * a kernel touches float64, else four; what is narrower than 32 bits is widened
 * to that, and with two lanes takes the lower half of the vector. A bool is 0 or
 * 1 as a scalar and a mask of 32 bits in a vector. Floats of 16 bits are held
 * as float32 that they can represent.
 */

import { type DType, isFloating } from "../../../core/dtype.ts";
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64x2,
  i8x16,
  v128,
} from "../wasm/instructions.ts";
import type { Effect, I32, V128, Value } from "../wasm/value.ts";
import type { Code } from "../wasm/function.ts";
import {
  bitsOfBfloat16,
  bitsOfFloat16,
  valueOfBfloat16,
  valueOfFloat16,
} from "./half.ts";

/** How many elements a vector has. */
export type LaneCount = 2 | 4;

/** The type of a scalar of a dtype. */
export type ScalarType = "i32" | "f32" | "f64";

export function scalarType(dtype: DType): ScalarType {
  if (dtype === "float64") return "f64";
  return isFloating(dtype) ? "f32" : "i32";
}

/** A number as a scalar. */
export function scalarConst(value: number, dtype: DType): Value {
  switch (scalarType(dtype)) {
    case "f32":
      return f32.const(value);
    case "f64":
      return f64.const(value);
    case "i32":
      return i32.const(value);
  }
}

/** A number in all lanes. */
export function vectorConst(code: Code, value: number, dtype: DType): V128 {
  const { fn } = code;
  switch (scalarType(dtype)) {
    case "f32":
      return fn.constant(f32x4.const(value));
    case "f64":
      return fn.constant(f64x2.const(value));
    case "i32": {
      const lane = dtype === "bool" ? -value : value;
      return fn.constant(v128.const([lane, lane, lane, lane]));
    }
  }
}

/** A scalar in all lanes. */
export function splat(value: Value, dtype: DType): V128 {
  switch (value.type) {
    case "f32":
      return f32x4.splat(value as Value<"f32">);
    case "f64":
      return f64x2.splat(value as Value<"f64">);
    default: {
      const x = value as I32;
      return i32x4.splat(dtype === "bool" ? i32.sub(i32.const(0), x) : x);
    }
  }
}

/** One lane of a vector as a scalar. */
export function lane(vector: V128, at: number, dtype: DType): Value {
  switch (scalarType(dtype)) {
    case "f32":
      return f32x4.extract_lane(vector, at);
    case "f64":
      return f64x2.extract_lane(vector, at);
    case "i32": {
      const x = i32x4.extract_lane(vector, at);
      return dtype === "bool" ? i32.and(x, i32.const(1)) : x;
    }
  }
}

/** `vector` with one lane replaced by a scalar. */
function withLane(
  vector: V128,
  at: number,
  value: Value,
  dtype: DType,
): V128 {
  switch (scalarType(dtype)) {
    case "f32":
      return f32x4.replace_lane(vector, at, value as Value<"f32">);
    case "f64":
      return f64x2.replace_lane(vector, at, value as Value<"f64">);
    case "i32": {
      const x = value as I32;
      return i32x4.replace_lane(
        vector,
        at,
        dtype === "bool" ? i32.sub(i32.const(0), x) : x,
      );
    }
  }
}

/** A vector made lane by lane. */
export function fromLanes(
  code: Code,
  lanes: LaneCount,
  dtype: DType,
  make: (lane: number) => Value,
): V128 {
  let vector: V128 = code.let(splat(make(0), dtype));
  for (let i = 1; i < lanes; i++) {
    vector = code.let(withLane(vector, i, make(i), dtype));
  }
  return vector;
}

/** Applies a function of vectors to one element. */
export function throughVector(
  code: Code,
  x: Value,
  dtype: DType,
  f: (x: V128) => V128,
  result: DType = dtype,
): Value {
  return lane(f(code.let(splat(x, dtype))), 0, result);
}

/** The mask of 64-bit lanes that a comparison of float64 gives, as one of 32-bit lanes. */
export function narrowMask(mask: V128): V128 {
  const even = [0, 1, 2, 3, 8, 9, 10, 11];
  return i8x16.shuffle(mask, mask, [...even, ...even]);
}

/** A mask for a select between vectors of a dtype. */
export function maskFor(dtype: DType, mask: V128): V128 {
  return dtype === "float64" ? i64x2.extend_low_i32x4_s(mask) : mask;
}

// Memory

export function loadScalar(
  code: Code,
  dtype: DType,
  address: I32,
  offset: number,
): Value {
  switch (dtype) {
    case "float32":
      return f32.load(address, offset);
    case "float64":
      return f64.load(address, offset);
    case "int32":
    case "uint32":
      return i32.load(address, offset);
    case "int16":
      return i32.load16_s(address, offset);
    case "uint16":
      return i32.load16_u(address, offset);
    case "int8":
      return i32.load8_s(address, offset);
    case "uint8":
    case "bool":
      return i32.load8_u(address, offset);
    case "bfloat16":
      return f32.reinterpret_i32(
        i32.shl(i32.load16_u(address, offset), i32.const(16)),
      );
    case "float16": {
      const bits = i32x4.splat(i32.load16_u(address, offset));
      return f32x4.extract_lane(valueOfFloat16(code, code.let(bits)), 0);
    }
    default:
      return dtype satisfies never;
  }
}

export function storeScalar(
  code: Code,
  dtype: DType,
  address: I32,
  value: Value,
  offset: number,
): Effect {
  switch (dtype) {
    case "float32":
      return f32.store(address, value as Value<"f32">, offset);
    case "float64":
      return f64.store(address, value as Value<"f64">, offset);
    case "int32":
    case "uint32":
      return i32.store(address, value as I32, offset);
    case "int16":
    case "uint16":
      return i32.store16(address, value as I32, offset);
    case "int8":
    case "uint8":
    case "bool":
      return i32.store8(address, value as I32, offset);
    case "bfloat16":
    case "float16": {
      const bits = bits16(code, dtype, code.let(splat(value, dtype)));
      return i32.store16(address, i32x4.extract_lane(bits, 0), offset);
    }
    default:
      return dtype satisfies never;
  }
}

/** `lanes` neighbours in memory. */
export function loadVector(
  code: Code,
  lanes: LaneCount,
  dtype: DType,
  address: I32,
  offset: number,
): V128 {
  const bytes = () =>
    lanes === 4
      ? v128.load32_zero(address, offset)
      : i32x4.splat(i32.load16_u(address, offset));
  const words = () =>
    lanes === 4
      ? v128.load64_zero(address, offset)
      : v128.load32_zero(address, offset);
  switch (dtype) {
    case "float64":
      return v128.load(address, offset);
    case "float32":
    case "int32":
    case "uint32":
      return lanes === 4
        ? v128.load(address, offset)
        : v128.load64_zero(address, offset);
    case "int16":
      return i32x4.extend_low_i16x8_s(words());
    case "uint16":
      return i32x4.extend_low_i16x8_u(words());
    case "int8":
      return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(bytes()));
    case "uint8":
      return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes()));
    case "bool":
      return i32x4.neg(
        i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes())),
      );
    case "bfloat16":
      return valueOfBfloat16(i32x4.extend_low_i16x8_u(words()));
    case "float16":
      return valueOfFloat16(code, code.let(i32x4.extend_low_i16x8_u(words())));
    default:
      return dtype satisfies never;
  }
}

/** Stores `lanes` neighbours. */
export function storeVector(
  code: Code,
  lanes: LaneCount,
  dtype: DType,
  address: I32,
  value: V128,
  offset: number,
): Effect {
  const words = (packed: V128) =>
    lanes === 4
      ? v128.store64_lane(address, packed, 0, offset)
      : v128.store32_lane(address, packed, 0, offset);
  const bytes = (packed: V128) =>
    lanes === 4
      ? v128.store32_lane(address, packed, 0, offset)
      : v128.store16_lane(address, packed, 0, offset);
  switch (dtype) {
    case "float64":
      return v128.store(address, value, offset);
    case "float32":
    case "int32":
    case "uint32":
      return lanes === 4
        ? v128.store(address, value, offset)
        : v128.store64_lane(address, value, 0, offset);
    case "int16":
      return words(code.let(i16x8.narrow_i32x4_s(value, value)));
    case "uint16":
      return words(code.let(i16x8.narrow_i32x4_u(value, value)));
    case "int8": {
      const narrow = code.let(i16x8.narrow_i32x4_s(value, value));
      return bytes(code.let(i8x16.narrow_i16x8_s(narrow, narrow)));
    }
    case "uint8":
    case "bool": {
      const ones = code.fn.constant(v128.const([1, 1, 1, 1]));
      const kept = dtype === "bool" ? code.let(v128.and(value, ones)) : value;
      const narrow = code.let(i16x8.narrow_i32x4_s(kept, kept));
      return bytes(code.let(i8x16.narrow_i16x8_u(narrow, narrow)));
    }
    case "bfloat16":
    case "float16": {
      const bits = code.let(bits16(code, dtype, value));
      return words(code.let(i16x8.narrow_i32x4_u(bits, bits)));
    }
    default:
      return dtype satisfies never;
  }
}

/** The bits of floats of 16 bits, in 32-bit lanes. */
export function bits16(
  code: Code,
  dtype: "bfloat16" | "float16",
  value: V128,
): V128 {
  return dtype === "bfloat16"
    ? bitsOfBfloat16(value)
    : bitsOfFloat16(code, value);
}
