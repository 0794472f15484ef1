/** Random bits, as unsigned integers. */

import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { inlined } from "../../transforms/inlined.ts";
import { randomWords } from "./_words.ts";
import { checkKey, type Key } from "./key.ts";

/** The dtypes that hold bits. */
export type BitsDType = "uint8" | "uint16" | "uint32";

const drawBits = inlined(
  "bits",
  1,
  (
    [key]: readonly [NDArray],
    shape: readonly number[],
    dtype: BitsDType,
  ) => convertElementType(randomWords(key, shape), dtype),
);

/**
 * Uniform random bits: unsigned integers of any value, of the given shape.
 *
 * @throws {ShapeError} If `key` is not one key, or `dtype` not unsigned.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const bits = random.bits(random.key(42), [3]);
 * assertEquals(bits.js(), [2098992034, 2919706841, 2646866425]);
 * ```
 */
export function bits(
  key: Key,
  shape: readonly number[] = [],
  dtype: BitsDType = "uint32",
): NDArray {
  checkKey(key, "draw bits with");
  if (!["uint8", "uint16", "uint32"].includes(dtype)) {
    throw new ShapeError(
      `Cannot draw bits of dtype ${dtype}: needs an unsigned integer dtype`,
    );
  }
  return drawBits(key, shape, dtype);
}
