/** From trees of what users pass to lists of arrays, and back. */

import { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { arrayFromStorage } from "../core/concrete_array.ts";
import { isFloating } from "../core/dtype.ts";
import { scalar } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { dtypeOf, type Storage } from "../core/storage.ts";
import { flatten, type TreeStructure, unflatten } from "../core/tree.ts";
import type { AnyFunction } from "./types.ts";

/** A function of lists of arrays. */
export type FlatFunction = (...args: NDArray[]) => readonly NDArray[];

/** Arguments as a list of arrays, and how to rebuild them. */
export interface FlatTree {
  readonly arrays: readonly NDArray[];
  readonly structure: TreeStructure;
}

/** A leaf as an array: numbers and booleans are weakly typed scalars. */
export function asArray(leaf: unknown, what: string): NDArray {
  if (leaf instanceof NDArray) return leaf;
  if (typeof leaf === "number") return scalar(leaf, "float32", true);
  if (typeof leaf === "boolean") return scalar(Number(leaf), "bool");
  if (ArrayBuffer.isView(leaf) && !(leaf instanceof DataView)) {
    const values = leaf as Storage;
    return arrayFromStorage(values, [values.length], dtypeOf(values));
  }
  throw new TypeError(
    `Cannot use ${describe(leaf)} in ${what}: leaves must be arrays, numbers ` +
      `or booleans. Mark other arguments static, or close over them`,
  );
}

/**
 * Operands of one function as arrays. A JavaScript number is a weakly typed
 * float32; but an int32 where it is whole and all partners are integers or
 * bools, so that `x.add(1)` keeps the dtype of an integer `x`; and a float64
 * where a partner is, so that it keeps its digits.
 */
export function asOperands(
  operands: readonly unknown[],
  what: string,
): readonly NDArray[] {
  if (operands.every(isArray)) return operands;
  const arrays = operands.filter(isArray);
  const isIntegral = arrays.length > 0 &&
    arrays.every((x) => !isFloating(x.dtype));
  const float = arrays.some((x) => x.dtype === "float64")
    ? "float64"
    : "float32";
  return operands.map((x) => {
    if (typeof x !== "number") return asArray(x, what);
    const isWhole = isIntegral && Number.isInteger(x);
    return scalar(x, isWhole ? "int32" : float, true);
  });
}

function isArray(x: unknown): x is NDArray {
  return x instanceof NDArray;
}

function describe(leaf: unknown): string {
  if (typeof leaf === "function") {
    return `function ${leaf.name || "(anonymous)"}`;
  }
  if (typeof leaf === "string") return `the string ${JSON.stringify(leaf)}`;
  if (Array.isArray(leaf)) return "a list (numpy.array() makes an array of it)";
  return leaf instanceof Promise
    ? "a Promise"
    : `a value of type ${typeof leaf}`;
}

/** The arrays of a tree, in order. */
export function flattenArrays(tree: unknown, what: string): FlatTree {
  const { leaves, structure } = flatten<unknown, unknown>(tree);
  return { arrays: leaves.map((leaf) => asArray(leaf, what)), structure };
}

/** A function of trees as one of arrays; the structure of its result is kept. */
export function flatFunction(
  f: AnyFunction,
  structure: TreeStructure,
): FlatFunction & { readonly result: () => TreeStructure } {
  let result: TreeStructure | null = null;
  const flat = (...args: NDArray[]) => {
    const out = flattenArrays(
      callTraced(f, unflatten<readonly unknown[]>(structure, args)),
      `the result of ${nameOf(f)}`,
    );
    result = out.structure;
    return out.arrays;
  };
  return Object.assign(flat, { result: () => result! });
}

/** Calls a user's function; its `await` would outlive the trace. */
export function callTraced(f: AnyFunction, args: readonly unknown[]): unknown {
  const result = f(...args);
  if (!(result instanceof Promise)) return result;
  result.catch(() => {}); // what it rejects with is not the cause
  throw new TypeError(
    `Cannot transform ${nameOf(f)}: it returned a Promise. Transformed ` +
      `functions must be synchronous: read data before, or after`,
  );
}

/** `wrapper`, under the name of the function that it stands for. */
export function named<Wrapper extends AnyFunction>(
  f: AnyFunction,
  wrapper: Wrapper,
): Wrapper {
  return Object.defineProperty(wrapper, "name", { value: f.name });
}

/** What to call a function in messages. */
export function nameOf(f: AnyFunction): string {
  return f.name || "an anonymous function";
}

/** One number or several, as a list of valid positions. */
export function positions(
  given: number | readonly number[],
  count: number,
  what: string,
): readonly number[] {
  const list = typeof given === "number" ? [given] : given;
  return list.map((at) => {
    if (Number.isInteger(at) && at >= -count && at < count) {
      return at < 0 ? at + count : at;
    }
    throw new RangeError(
      `Cannot use ${what} ${at}: the function was called with ${count} ` +
        `argument${count === 1 ? "" : "s"}`,
    );
  });
}

/** `x` with the dtype and weak type of a partner. */
export function matched(x: NDArray, { dtype, weakType }: Aval): NDArray {
  return x.dtype === dtype && x.weakType === weakType
    ? x
    : convertElementType(x, dtype, weakType);
}
