/** Draws from given elements. */

import { NDArray } from "../../core/array.ts";
import { isFloating } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul, sub } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike, iota } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { cumsum } from "../../core/ops/cumulative.ts";
import { log } from "../../core/ops/exponential.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { topK } from "../../core/ops/sort.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { broadcastTo } from "../_promote.ts";
import { checkCount, shuffled, taken } from "./_order.ts";
import { gumbel } from "./continuous.ts";
import { randint } from "./discrete.ts";
import { checkKey, type Key } from "./key.ts";
import { uniform } from "./uniform.ts";

/** How `choice` draws. */
export type ChoiceOptions = {
  /** Whether an element may be drawn more than once: yes. */
  readonly replace?: boolean;
  /** The probability of each element: all equal. */
  readonly p?: NDArray | undefined;
  /** From which axis: the first. */
  readonly axis?: number;
};

/**
 * Draws from the elements along an axis of `a`, or from the integers below `a`.
 *
 * Shape: that of `a` with `shape` in place of the axis. The draws of JAX.
 *
 * @throws {RangeError} If more are drawn than there are, without replacement.
 * @throws {ShapeError} If `p` has not one number for each element.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, random } from "@dinograd/dinograd";
 *
 * const key = random.key(42);
 * assertEquals(random.choice(key, 10, [6]).js(), [4, 4, 1, 9, 9, 9]);
 * const p = np.array([0, 1, 0]);
 * assertEquals(random.choice(key, 3, [2], { p }).js(), [1, 1]);
 * ```
 */
export function choice(
  key: Key,
  a: number | NDArray,
  shape: readonly number[] = [],
  { replace = true, p, axis = 0 }: ChoiceOptions = {},
): NDArray {
  checkKey(key, "draw with");
  if (!(a instanceof NDArray)) checkCount(a, "draw from");
  const along = a instanceof NDArray ? axisOf("choice", axis, a.ndim) : 0;
  const population = a instanceof NDArray ? a.shape[along]! : a;
  checkCounts(population, sizeOf(shape), replace);
  if (p) checkProbabilities(p, population);
  const indices = p
    ? drawWeighted(key, p, shape, replace)
    : drawEqual(key, shape, population, replace);
  return a instanceof NDArray ? take(a, indices, along) : indices;
}

const take = inlined(
  "choice",
  2,
  ([a, indices]: readonly [NDArray, NDArray], axis: number) =>
    taken(a, indices, axis),
);

const drawEqual = inlined(
  "choice",
  1,
  (
    [key]: readonly [NDArray],
    shape: readonly number[],
    population: number,
    replace: boolean,
  ) => {
    if (replace) return randint(key, shape, 0, population);
    const order = shuffled(key, iota("int32", [population], 0), 0);
    return reshape(slice(order, [0], [sizeOf(shape)]), shape);
  },
);

const drawWeighted = inlined(
  "choice",
  2,
  (
    [key, weights]: readonly [NDArray, NDArray],
    shape: readonly number[],
    replace: boolean,
  ) => {
    const dtype = isFloating(weights.dtype) ? weights.dtype : "float32";
    const p = convertElementType(weights, dtype);
    if (replace) return invertCumulative(p, uniform(key, shape, { dtype }));
    // Gumbel noise makes the order of the largest a draw without replacement
    // (Yellott 1977; Vieira 2014).
    const noise = gumbel(key, p.shape, { dtype });
    return reshape(topK(add(noise, log(p)), sizeOf(shape))[1], shape);
  },
);

/** For each uniform number, the position at which the sum of `p` passes it. */
function invertCumulative(p: NDArray, unit: NDArray): NDArray {
  const cumulative = cumsum(p, 0);
  const total = reshape(slice(cumulative, [p.size - 1], [p.size]), []);
  const level = mul(
    broadcastTo(total, unit.shape),
    sub(fullLike(unit, 1), unit),
  );
  return countBelow(cumulative, level);
}

/** How many elements of an ascending list are less than each of `levels`. */
function countBelow(ascending: NDArray, levels: NDArray): NDArray {
  const shape = [...levels.shape, ascending.size];
  const columns = broadcastInDim(levels, shape, levels.shape.map((_, a) => a));
  const isBelow = compare("lt", broadcastTo(ascending, shape), columns);
  return sum(convertElementType(isBelow, "int32"), [levels.ndim]);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

function checkCounts(
  population: number,
  drawn: number,
  replace: boolean,
): void {
  if (drawn === 0 || (replace ? population > 0 : population >= drawn)) return;
  throw new RangeError(
    `Cannot draw ${drawn} of ${population} elements` +
      (population > 0
        ? ` without replacement: draw fewer, or set replace to true`
        : `: there is none to draw`),
  );
}

function checkProbabilities(p: NDArray, population: number): void {
  if (p.ndim === 1 && p.shape[0] === population) return;
  throw new ShapeError(
    `Cannot draw from ${population} elements with p of shape [${p.shape}]: ` +
      `needs one probability for each`,
  );
}
