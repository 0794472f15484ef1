/**
 * Element types: what they are, how they promote, how numbers become them.
 *
 * Everywhere in this file an element is a JavaScript number, also for `bool`
 * (0 or 1) and for `bfloat16`, whose storage holds bit patterns.
 *
 * @module
 */

import { ShapeError } from "./errors.ts";

/** A dtype whose elements are integers. */
export type IntegerDType =
  | "uint8"
  | "uint16"
  | "uint32"
  | "int8"
  | "int16"
  | "int32";

/** A dtype whose elements are floating-point numbers. */
export type FloatDType = "bfloat16" | "float16" | "float32" | "float64";

/** The type of the elements of an array. */
export type DType = "bool" | IntegerDType | FloatDType;

/** What family of numbers a dtype belongs to. */
export type Kind = "bool" | "uint" | "int" | "float";

/**
 * Kind, bytes of an element, and short name, as JAX prints it in avals.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(DTYPES.bfloat16, { kind: "float", bytes: 2, short: "bf16" });
 * ```
 */
export const DTYPES: Readonly<
  Record<
    DType,
    { readonly kind: Kind; readonly bytes: number; readonly short: string }
  >
> = {
  bool: { kind: "bool", bytes: 1, short: "bool" },
  uint8: { kind: "uint", bytes: 1, short: "u8" },
  uint16: { kind: "uint", bytes: 2, short: "u16" },
  uint32: { kind: "uint", bytes: 4, short: "u32" },
  int8: { kind: "int", bytes: 1, short: "i8" },
  int16: { kind: "int", bytes: 2, short: "i16" },
  int32: { kind: "int", bytes: 4, short: "i32" },
  bfloat16: { kind: "float", bytes: 2, short: "bf16" },
  float16: { kind: "float", bytes: 2, short: "f16" },
  float32: { kind: "float", bytes: 4, short: "f32" },
  float64: { kind: "float", bytes: 8, short: "f64" },
};

/**
 * Family of numbers that `d` belongs to.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(kindOf("uint8"), "uint");
 * ```
 */
export function kindOf(d: DType): Kind {
  return DTYPES[d].kind;
}

/**
 * Whether the elements of `d` are floating-point numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isFloating("bfloat16"), true);
 * assertEquals(isFloating("int32"), false);
 * ```
 */
export function isFloating(d: DType): d is FloatDType {
  return kindOf(d) === "float";
}

/**
 * Whether the elements of `d` are integers, signed or not. `bool` is not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isInteger("uint8"), true);
 * assertEquals(isInteger("bool"), false);
 * ```
 */
export function isInteger(d: DType): d is IntegerDType {
  return kindOf(d) === "int" || kindOf(d) === "uint";
}

/**
 * Whether `d` has negative elements.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isSigned("int8"), true);
 * assertEquals(isSigned("uint8"), false);
 * ```
 */
export function isSigned(d: DType): boolean {
  return kindOf(d) === "int" || kindOf(d) === "float";
}

/**
 * Number of bytes that one element of `d` takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(itemSize("float16"), 2);
 * ```
 */
export function itemSize(d: DType): number {
  return DTYPES[d].bytes;
}

// ---------------------------------------------------------------- Promotion

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

// ------------------------------------------------------------------ Storage

/** Elements in memory: `bool` as bytes 0 and 1, `bfloat16` as bit patterns. */
export type Storage =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Float16Array
  | Float32Array
  | Float64Array;

/** What the constructors of all typed arrays have in common. */
type StorageConstructor = new (
  buffer: ArrayBufferLike,
  byteOffset?: number,
  length?: number,
) => Storage;

const STORAGES: Readonly<Record<DType, StorageConstructor>> = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  bfloat16: Uint16Array,
  float16: Float16Array,
  float32: Float32Array,
  float64: Float64Array,
};

/**
 * View of `buffer` as elements of `dtype`; nothing is copied.
 *
 * @throws {RangeError} If `byteOffset` is not a multiple of the element's size,
 *   or the view would pass the end of the buffer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { buffer } = new Uint8Array([0, 0, 0x80, 0x3f]);
 * assertEquals(storageOf("float32", buffer), new Float32Array([1]));
 * assertEquals(readValue(storageOf("bfloat16", buffer, 2), "bfloat16", 0), 1);
 * ```
 */
export function storageOf(
  dtype: DType,
  buffer: ArrayBufferLike,
  byteOffset?: number,
  length?: number,
): Storage {
  return new STORAGES[dtype](buffer, byteOffset, length);
}

/**
 * Zeroed storage for `length` elements of `dtype`.
 *
 * @throws {RangeError} If `length` is negative or too large.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(allocate("int16", 2), new Int16Array(2));
 * ```
 */
export function allocate(dtype: DType, length: number): Storage {
  return storageOf(dtype, new ArrayBuffer(length * itemSize(dtype)));
}

/**
 * Dtype that a typed array given by a user stands for. A `Uint16Array` is
 * `uint16`: the bits of bfloat16 have no typed array of their own.
 *
 * @throws {ShapeError} If there is no such dtype, as for 64-bit integers.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(dtypeOf(new Uint8ClampedArray(1)), "uint8");
 * ```
 */
export function dtypeOf(values: ArrayBufferView): DType {
  // The tag also names typed arrays of subclasses and of other realms.
  const tag = Object.prototype.toString.call(values).slice(8, -1);
  const dtype = DTYPE_OF_TAG.get(tag);
  if (dtype === undefined) {
    throw new ShapeError(
      `Cannot make an array from a ${tag}: its elements must have one of the ` +
        `dtypes ${Object.keys(DTYPES).join(", ")}. Convert it first, for ` +
        `example with Int32Array.from(values, Number)`,
    );
  }
  return dtype;
}

const DTYPE_OF_TAG: ReadonlyMap<string, DType> = new Map<string, DType>([
  ["Uint8Array", "uint8"],
  ["Uint8ClampedArray", "uint8"],
  ["Uint16Array", "uint16"],
  ["Uint32Array", "uint32"],
  ["Int8Array", "int8"],
  ["Int16Array", "int16"],
  ["Int32Array", "int32"],
  ["Float16Array", "float16"],
  ["Float32Array", "float32"],
  ["Float64Array", "float64"],
]);

/**
 * Number that element `i` of `storage` stands for.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readValue(new Uint16Array([0xc000]), "bfloat16", 0), -2);
 * ```
 */
export function readValue(storage: Storage, dtype: DType, i: number): number {
  const element = storage[i]!;
  return dtype === "bfloat16" ? bfloat16FromBits(element) : element;
}

/**
 * Stores `v` as element `i` of `storage`, converted as {@linkcode castValue}
 * does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const storage = allocate("uint8", 1);
 * writeValue(storage, "uint8", 0, 1000);
 * assertEquals(readValue(storage, "uint8", 0), 255);
 * ```
 */
export function writeValue(
  storage: Storage,
  dtype: DType,
  i: number,
  v: number,
): void {
  storage[i] = dtype === "bfloat16" ? bfloat16Bits(v) : castValue(v, dtype);
}

// --------------------------------------------------------------- Conversion

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

const FLOAT32_SCRATCH = new Float32Array(1);
const BITS_SCRATCH = new Uint32Array(FLOAT32_SCRATCH.buffer);

/**
 * Bits of the bfloat16 nearest to `v`, ties to even: the upper half of the bits
 * of a float32. NaN gives `0x7fc0`.
 *
 * Rounding to float32 and then to bfloat16 would round twice. So the first step
 * rounds to odd (toward zero, with a sticky last bit), after which the second is
 * right (Boldo, Melquiond 2008, Emulation of FMA and correctly rounded sums).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bfloat16Bits(1), 0x3f80);
 * assertEquals(bfloat16Bits(1 + 2 ** -8), 0x3f80); // a tie
 * assertEquals(bfloat16Bits(1 + 2 ** -8 + 2 ** -40), 0x3f81); // just above it
 * ```
 */
export function bfloat16Bits(v: number): number {
  if (Number.isNaN(v)) return 0x7fc0;
  FLOAT32_SCRATCH[0] = v;
  const single = FLOAT32_SCRATCH[0];
  let bits = BITS_SCRATCH[0]!;
  if (single !== v) {
    if (Math.abs(single) > Math.abs(v)) bits -= 1;
    bits |= 1;
  }
  return ((bits >>> 16) + roundsUp(bits)) & 0xffff;
}

/** 1 if the lower half of `bits` rounds the upper half up, ties to even. */
function roundsUp(bits: number): number {
  return (bits & 0xffff) + ((bits >>> 16) & 1) > 0x8000 ? 1 : 0;
}

/**
 * Number whose bfloat16 has these `bits`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bfloat16FromBits(0x3f80), 1);
 * ```
 */
export function bfloat16FromBits(bits: number): number {
  BITS_SCRATCH[0] = bits << 16;
  return FLOAT32_SCRATCH[0]!;
}

/**
 * Nearest bfloat16 to `v`: ties to even, overflow to infinity, NaN and the sign
 * of zero kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roundBfloat16(3.14159), 3.140625);
 * assertEquals(roundBfloat16(1e300), Infinity);
 * ```
 */
export function roundBfloat16(v: number): number {
  return bfloat16FromBits(bfloat16Bits(v));
}

// ------------------------------------------------------------------- Limits

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

const INTEGER_LIMITS: Readonly<Record<IntegerDType, IntegerLimits>> = {
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
