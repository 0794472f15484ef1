/** Comparison of arrays up to rounding. */

import { AssertionError } from "@std/assert";
import { NDArray, type NestedList } from "../../core/array.ts";
import { flattened, shapeOf } from "./array.ts";

/** How far apart two numbers may be. */
export interface Closeness {
  /** Relative to the expected number, or absolute where that is below 1. */
  readonly tolerance?: number;
}

/**
 * Asserts that shapes are equal and numbers close. NaN equals NaN, an infinity
 * only itself; with tolerance 0 the sign of zero counts too.
 */
export function assertClose(
  actual: NDArray | NestedList,
  expected: NDArray | NestedList,
  { tolerance = 1e-6 }: Closeness = {},
): void {
  const [x, y] = [contentsOf(actual), contentsOf(expected)];
  if (String(x.shape) !== String(y.shape)) {
    fail(`shapes [${x.shape}] and [${y.shape}] differ`, actual, expected);
  }
  const at = x.values.findIndex((value, i) =>
    !areClose(value, y.values[i]!, tolerance)
  );
  if (at < 0) return;
  fail(
    `element ${at} is ${x.values[at]}, expected ${y.values[at]} ` +
      `(tolerance ${tolerance})`,
    actual,
    expected,
  );
}

/** Whether two numbers agree as `assertClose` has it. */
export function areClose(x: number, y: number, tolerance: number): boolean {
  if (Object.is(x, y)) return true;
  if (tolerance === 0 || !Number.isFinite(x) || !Number.isFinite(y)) {
    return false;
  }
  return Math.abs(x - y) <= tolerance * Math.max(1, Math.abs(y));
}

function contentsOf(x: NDArray | NestedList): {
  readonly shape: readonly number[];
  readonly values: readonly number[];
} {
  return x instanceof NDArray
    ? { shape: x.shape, values: Array.from(x.dataSync()) }
    : { shape: shapeOf(x), values: flattened(x).map(Number) };
}

function fail(
  reason: string,
  actual: NDArray | NestedList,
  expected: NDArray | NestedList,
): never {
  const show = (x: NDArray | NestedList) =>
    x instanceof NDArray ? String(x) : Deno.inspect(x, { depth: 8 });
  throw new AssertionError(
    `Values are not close: ${reason}\nactual: ${show(actual)}\n` +
      `expected: ${show(expected)}`,
  );
}
