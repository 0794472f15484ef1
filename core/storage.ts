/**
 * Elements in memory.
 *
 * Outside of storage an element is a JavaScript number, also for `bool` (0 or 1)
 * and for `bfloat16`, whose storage holds bit patterns.
 *
 * @module
 */

import { bfloat16Bits, bfloat16FromBits } from "./bfloat16.ts";
import { castValue } from "./casting.ts";
import { type DType, DTYPES, itemSize } from "./dtype.ts";
import { ShapeError } from "./errors.ts";

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
