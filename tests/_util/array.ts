/** Arrays for tests of what lies below the library. */

import "../../backends/mod.ts";
import type { NDArray, NestedList } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import "../../core/dispatch.ts";
import type { DType } from "../../core/dtype.ts";
import { allocate, writeValue } from "../../core/storage.ts";

/** The array of these values; numbers become float32 unless told otherwise. */
export function array(values: NestedList, dtype: DType = "float32"): NDArray {
  const flat = flattened(values);
  const storage = allocate(dtype, flat.length);
  flat.forEach((value, i) => writeValue(storage, dtype, i, Number(value)));
  return arrayFromStorage(storage, shapeOf(values), dtype);
}

/** An array of one shape from row-major values, for shapes that lists cannot show. */
export function arrayOf(
  shape: readonly number[],
  values: readonly number[],
  dtype: DType = "float32",
): NDArray {
  const storage = allocate(dtype, values.length);
  values.forEach((value, i) => writeValue(storage, dtype, i, value));
  return arrayFromStorage(storage, shape, dtype);
}

/** Extents of nested lists, by their first elements. */
export function shapeOf(values: NestedList): readonly number[] {
  if (!Array.isArray(values)) return [];
  const [first] = values as readonly NestedList[];
  return [values.length, ...(first === undefined ? [] : shapeOf(first))];
}

/** The numbers and booleans of nested lists, in order. */
export function flattened(values: NestedList): readonly (number | boolean)[] {
  if (typeof values === "number" || typeof values === "boolean") {
    return [values];
  }
  return values.flatMap(flattened);
}
