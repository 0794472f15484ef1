/** Running sums and products, and differences. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { sub } from "../../core/ops/arithmetic.ts";
import { compare } from "../../core/ops/compare.ts";
import * as ops from "../../core/ops/cumulative.ts";
import { reshape } from "../../core/ops/layout.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { promoteDtypes, strong } from "../_promote.ts";

/** A running combination along an axis, or of all elements in row-major order. */
export type Running = (x: ArrayLike, axis?: number | null) => NDArray;

function running(
  name: string,
  f: (x: NDArray, axis: number) => NDArray,
): Running {
  const call = inlined(name, 1, ([x], axis: number | null) => {
    const [numbers] = promoteDtypes([x], "numbers") as [NDArray];
    const out = axis === null
      ? f(reshape(numbers, [x.size]), 0)
      : f(numbers, axisOf(`${name}()`, axis, x.ndim));
    return strong(out);
  });
  return (x, axis = null) => call(x, axis);
}

/**
 * The running sum; of bools and small integers in 32 bits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.cumsum(np.array([1, 2, 3])).js(), [1, 3, 6]);
 * ```
 */
export const cumsum: Running = running("cumsum", ops.cumsum);

/**
 * The running product; of bools and small integers in 32 bits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.cumprod(np.array([1, 2, 3])).js(), [1, 2, 6]);
 * ```
 */
export const cumprod: Running = running("cumprod", ops.cumprod);

/** Bools differ or do not. */
function difference(x: NDArray, y: NDArray): NDArray {
  return x.dtype === "bool" ? compare("ne", x, y) : sub(x, y);
}

const differences = inlined("diff", 1, ([x], order: number, axis: number) => {
  const at = axisOf("diff()", axis, x.ndim);
  let y = x;
  for (let i = 0; i < order; i++) {
    const extent = Math.max(y.shape[at]!, 1);
    const part = (start: number, limit: number) =>
      slice(
        y,
        y.shape.map((_, a) => a === at ? Math.min(start, y.shape[at]!) : 0),
        y.shape.map((e, a) => a === at ? Math.min(limit, e) : e),
      );
    y = difference(part(1, extent), part(0, extent - 1));
  }
  return y;
});

/**
 * Each element less the one before it along an axis, `order` times.
 *
 * @throws {RangeError} If the axis is outside `[-ndim, ndim)`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.diff(np.array([1, 4, 9])).js(), [3, 5]);
 * ```
 */
export function diff(x: ArrayLike, order = 1, axis = -1): NDArray {
  return differences(x, order, axis);
}
