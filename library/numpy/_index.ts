/** Indices as users write them, and what they mean for a shape. */

import type { Indexer } from "../../core/methods.ts";
import { NDArray } from "../../core/array.ts";
import { kindOf } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";

/** An index without its arrays, which are listed elsewhere: plain data. */
export type StaticIndexer = Exclude<Indexer, NDArray> | "array";

/** Elements `start + i * step` of an axis, in reverse order if so said. */
export interface Range {
  readonly start: number;
  readonly count: number;
  readonly step: number;
  readonly isReversed: boolean;
}

/** What an index means for an array of a known shape. */
export interface IndexPlan {
  /** The shape with an axis of one element for each `null`. */
  readonly expanded: readonly number[];
  /** What is taken of each axis of `expanded`. */
  readonly ranges: readonly Range[];
  /** Axes of `expanded` that the result lacks: those of single positions. */
  readonly dropped: readonly number[];
  /** Axes of `expanded` that arrays index, in order. */
  readonly byArray: readonly number[];
  /** Position in the result of the axes of the arrays. */
  readonly arraysAt: number;
}

/** Separates an index into its arrays and the rest. Masks become arrays of positions. */
export function separated(
  index: readonly Indexer[],
): { readonly statics: readonly StaticIndexer[]; readonly arrays: NDArray[] } {
  const arrays: NDArray[] = [];
  const statics = index.flatMap((item): StaticIndexer[] => {
    if (!(item instanceof NDArray)) return [checked(item, index)];
    const positions = item.dtype === "bool" ? item : integers(item);
    arrays.push(positions);
    return ["array"];
  });
  return { statics, arrays };
}

function integers(x: NDArray): NDArray {
  const kind = kindOf(x.dtype);
  if (kind === "int" || kind === "uint") return x;
  throw new ShapeError(
    `Cannot index with ${x.aval}: needs integers or bools. Convert the array ` +
      `with astype("int32")`,
  );
}

function checked(
  item: Exclude<Indexer, NDArray>,
  index: readonly Indexer[],
): StaticIndexer {
  const isFit = typeof item === "number"
    ? Number.isInteger(item)
    : item === null || item === "..." || (Array.isArray(item) &&
      item.length <= 3 &&
      item.every((n) => n === null || Number.isInteger(n)) &&
      item[2] !== 0);
  if (isFit) return item;
  throw new TypeError(
    `Cannot index with ${JSON.stringify(item)} at position ` +
      `${index.indexOf(item)}: needs a whole number, [], [start], ` +
      `[start, stop], [start, stop, step], null, "..." or an array`,
  );
}

/** Settles an index, of which all arrays are of integers, for a shape. */
export function planOf(
  statics: readonly StaticIndexer[],
  shape: readonly number[],
): IndexPlan {
  const items = filledOut(statics, shape);
  const hasArrays = items.includes("array");
  const expanded: number[] = [];
  const ranges: Range[] = [];
  const dropped: number[] = [];
  const byArray: number[] = [];
  const remaining = [...shape];
  const advanced: number[] = []; // positions in `items`
  items.forEach((item, at) => {
    const axis = expanded.length;
    const extent = item === null ? 1 : remaining.shift()!;
    expanded.push(extent);
    if (item === "array") byArray.push(axis);
    if (typeof item === "number") dropped.push(axis);
    // Beside an array, a single position counts as an array too (NumPy's rule).
    if (item === "array" || (hasArrays && typeof item === "number")) {
      advanced.push(at);
    }
    ranges.push(rangeOf(item, extent, ranges.length, shape));
  });
  return {
    expanded,
    ranges,
    dropped,
    byArray,
    arraysAt: positionOf(advanced),
  };
}

/** Arrays side by side keep their place; otherwise their axes come first. */
function positionOf(advanced: readonly number[]): number {
  const [first] = advanced;
  if (first === undefined) return 0;
  const isAdjacent = advanced.every((at, i) => at === first + i);
  return isAdjacent ? first : 0;
}

/** One item for each axis: `...` is replaced by whole axes. */
function filledOut(
  statics: readonly StaticIndexer[],
  shape: readonly number[],
): readonly Exclude<StaticIndexer, "...">[] {
  const dots = statics.filter((item) => item === "...").length;
  const used = statics.filter((item) => item !== null && item !== "...").length;
  const missing = shape.length - used;
  if (dots > 1 || missing < 0) {
    throw new RangeError(
      dots > 1
        ? `Cannot index with "..." ${dots} times: needs it at most once`
        : `Cannot index an array of shape [${shape}] with ${used} indices: it ` +
          `has ${shape.length} axes`,
    );
  }
  const whole = Array.from({ length: missing }, () => [] as const);
  const all = dots === 1 ? statics : [...statics, "..." as const];
  return all.flatMap((item) => item === "..." ? whole : [item]);
}

function rangeOf(
  item: Exclude<StaticIndexer, "...">,
  extent: number,
  axis: number,
  shape: readonly number[],
): Range {
  if (item === null || item === "array") {
    return { start: 0, count: extent, step: 1, isReversed: false };
  }
  if (typeof item === "number") {
    if (item < -extent || item >= extent) {
      throw new RangeError(
        `Cannot take position ${item} of axis ${axis} of an array of shape ` +
          `[${shape}]: needs an integer in [${-extent}, ${extent})`,
      );
    }
    const start = item < 0 ? item + extent : item;
    return { start, count: 1, step: 1, isReversed: false };
  }
  const [start = null, stop = null, step = 1] = item;
  return steppedRange(start, stop, step, extent);
}

/** Python's `slice.indices`, with the elements in ascending order. */
function steppedRange(
  start: number | null,
  stop: number | null,
  step: number,
  extent: number,
): Range {
  const isReversed = step < 0;
  const [low, high] = isReversed ? [-1, extent - 1] : [0, extent];
  const bound = (at: number | null, absent: number) =>
    at === null
      ? absent
      : Math.min(Math.max(at < 0 ? at + extent : at, low), high);
  const first = bound(start, isReversed ? high : low);
  const end = bound(stop, isReversed ? low : high);
  const count = Math.max(0, Math.ceil((end - first) / step));
  if (count === 0) return { start: 0, count, step: 1, isReversed: false };
  const lowest = isReversed ? first + (count - 1) * step : first;
  return { start: lowest, count, step: Math.abs(step), isReversed };
}
