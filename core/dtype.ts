/** Element types: what they are. */

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

/**
 * The dtype that it is given.
 *
 * @throws {ShapeError} If there is no such dtype.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * assertEquals(checkedDType("int8"), "int8");
 * assertThrows(() => checkedDType("int64" as DType), TypeError, "int64");
 * ```
 */
export function checkedDType(dtype: DType): DType {
  if (Object.hasOwn(DTYPES, dtype)) return dtype;
  throw new ShapeError(
    `Cannot make an array of dtype ${dtype}: dtypes are ` +
      Object.keys(DTYPES).join(", "),
  );
}
