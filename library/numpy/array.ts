/** Arrays from the values of JavaScript. */

import { NDArray } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { checkedDType, type DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  allocate,
  dtypeOf,
  type Storage,
  writeValue,
} from "../../core/storage.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { reshape } from "../../core/ops/layout.ts";
import { promoteDtypes } from "../_promote.ts";
import { dtypeIn } from "./_options.ts";

/** What an array can be made from: arrays, numbers, typed arrays and lists of them. */
export type ArraySource =
  | NDArray
  | number
  | boolean
  | Storage
  | Uint8ClampedArray
  | readonly ArraySource[];

/** The dtype of a new array. */
export interface DTypeOption {
  /** Type of the elements; it follows from the values unless given. */
  readonly dtype?: DType;
}

/**
 * An array of the given values: numbers become float32, booleans bool, and
 * typed arrays, which are copied, keep their dtype.
 *
 * @throws {ShapeError} If lists at one depth differ in length, or there is no such dtype.
 * @throws {TypeError} If an array cannot be made from the values.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.array([[1, 2], [3, 4]]).shape, [2, 2]);
 * ```
 */
export function array(
  values: ArraySource,
  options: DTypeOption = {},
): NDArray {
  const dtype = dtypeIn("array()", options);
  if (dtype !== undefined) checkedDType(dtype);
  if (values instanceof NDArray) return astype(values, dtype);
  if (typeof values === "number" || typeof values === "boolean") {
    const natural = typeof values === "number" ? "float32" : "bool";
    const isWeak = dtype === undefined && natural !== "bool";
    return scalar(Number(values), dtype ?? natural, isWeak);
  }
  if (ArrayBuffer.isView(values)) {
    const storage = values as Storage;
    const x = arrayFromStorage(storage, [storage.length], dtypeOf(storage));
    return astype(x, dtype);
  }
  if (Array.isArray(values)) return fromList(values, dtype);
  throw sourceError(values, "");
}

function sourceError(value: unknown, where: string): TypeError {
  const type = value === null ? "null" : typeof value;
  return new TypeError(
    `Cannot make an array from a value of type ${type}${where}: needs ` +
      `numbers, booleans, arrays, typed arrays, or lists of them`,
  );
}

/**
 * An array of the given values; an array of the right dtype is returned as it
 * is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.asarray([true, false]).dtype, "bool");
 * ```
 */
export const asarray: typeof array = array;

/** The same values in another dtype; `undefined` keeps it. */
function astype(x: NDArray, dtype: DType | undefined): NDArray {
  return dtype === undefined ? x : convertElementType(x, dtype);
}

function fromList(
  list: readonly ArraySource[],
  dtype: DType | undefined,
): NDArray {
  const shape = shapeOfList(list);
  const leaves: (number | boolean)[] = [];
  if (!collect(list, shape, [], leaves)) {
    const rows = promoteDtypes(list.map((row) => array(row)));
    return astype(stacked(rows), dtype ?? rows[0]!.dtype);
  }
  const isBool = leaves.length > 0 &&
    leaves.every((leaf) => typeof leaf === "boolean");
  const type = dtype ?? (isBool ? "bool" : "float32");
  const storage = allocate(type, leaves.length);
  leaves.forEach((leaf, i) => writeValue(storage, type, i, Number(leaf)));
  return arrayFromStorage(storage, shape, type);
}

/** Extents along the first element of each list. */
function shapeOfList(list: ArraySource): readonly number[] {
  return Array.isArray(list)
    ? [list.length, ...(list.length ? shapeOfList(list[0]) : [])]
    : [];
}

/** Collects numbers in order; false if there are arrays among them. */
function collect(
  list: readonly ArraySource[],
  shape: readonly number[],
  path: readonly number[],
  leaves: (number | boolean)[],
): boolean {
  const depth = path.length;
  return list.every((item, i) => {
    const at = [...path, i];
    if (item instanceof NDArray || ArrayBuffer.isView(item)) return false;
    const isLeaf = depth + 1 === shape.length;
    if (isLeaf && (typeof item === "number" || typeof item === "boolean")) {
      leaves.push(item);
      return true;
    }
    if (!Array.isArray(item) || isLeaf || item.length !== shape[depth + 1]) {
      throw raggedError(item, at, shape);
    }
    return collect(item, shape, at, leaves);
  });
}

function raggedError(
  item: ArraySource,
  path: readonly number[],
  shape: readonly number[],
): TypeError {
  const isNumber = typeof item === "number" || typeof item === "boolean";
  if (!Array.isArray(item) && !isNumber) {
    return sourceError(item, ` at [${path.join("][")}]`);
  }
  const found = Array.isArray(item)
    ? `a list of ${item.length}`
    : `a value of type ${typeof item}`;
  const wanted = path.length < shape.length
    ? `a list of ${shape[path.length]}`
    : "a number or a boolean";
  return new ShapeError(
    `Cannot make an array from ragged lists: found ${found} at ` +
      `[${path.join("][")}], needed ${wanted} as at the first position`,
  );
}

function stacked(rows: readonly NDArray[]): NDArray {
  const [first] = rows;
  const at = rows.findIndex((x) => String(x.shape) !== String(first!.shape));
  if (at >= 0) {
    throw new ShapeError(
      `Cannot make an array from ragged lists: found shape ` +
        `[${rows[at]!.shape}] at [${at}], needed [${first!.shape}] as at the ` +
        `first position`,
    );
  }
  return concatenate(rows.map((x) => reshape(x, [1, ...x.shape])), 0);
}
