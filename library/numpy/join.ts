/** Arrays put together. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import * as ops from "../../core/ops/concatenate.ts";
import { reshape } from "../../core/ops/layout.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { axisOf } from "../_axes.ts";
import { promoteDtypes } from "../_promote.ts";

/** Joins arrays that are known to be there along a known axis. */
function joined(
  what: string,
  arrays: readonly NDArray[],
  axis: number,
): NDArray {
  const [first] = arrays;
  const fits = arrays.every((x) =>
    x.ndim === first!.ndim &&
    x.shape.every((e, a) => a === axis || e === first!.shape[a])
  );
  if (!fits) {
    throw new ShapeError(
      `Cannot join arrays of shapes ${
        arrays.map((x) => `[${x.shape}]`).join(", ")
      } along axis ${axis} with ${what}: all other extents must be equal`,
    );
  }
  return ops.concatenate(promoteDtypes(arrays), axis);
}

function requireSome(what: string, arrays: readonly ArrayLike[]): void {
  if (arrays.length > 0) return;
  throw new RangeError(
    `Cannot join arrays with ${what}: needs a list of at least one`,
  );
}

function joining<Rest extends readonly unknown[]>(
  name: string,
  f: (arrays: readonly NDArray[], ...rest: Rest) => NDArray,
): (arrays: readonly ArrayLike[], ...rest: Rest) => NDArray {
  const call = inlinedList(name, f);
  return (arrays, ...rest) => {
    requireSome(`${name}()`, arrays);
    return call(arrays, ...rest);
  };
}

const concatenation = joining(
  "concatenate",
  (arrays, axis: number | null) => {
    if (axis === null) {
      return joined(
        "concatenate()",
        arrays.map((x) => reshape(x, [x.size])),
        0,
      );
    }
    const at = axisOf("concatenate()", axis, arrays[0]!.ndim);
    return joined("concatenate()", arrays, at);
  },
);

/**
 * Arrays joined along an axis that they have, or all elements with `null`.
 *
 * @throws {ShapeError} If other extents differ.
 * @throws {RangeError} If there are no arrays, or the axis does not exist.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.concatenate([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export function concatenate(
  arrays: readonly ArrayLike[],
  axis: number | null = 0,
): NDArray {
  return concatenation(arrays, axis);
}

/**
 * Arrays joined along an axis that they have: `concatenate`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.concat([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export const concat: typeof concatenate = concatenate;

const pile = joining("stack", (arrays, axis: number) => {
  const at = axisOf("stack()", axis, arrays[0]!.ndim + 1);
  const other = arrays.find((x) =>
    String(x.shape) !== String(arrays[0]!.shape)
  );
  if (other) {
    throw new ShapeError(
      `Cannot stack arrays of shapes [${arrays[0]!.shape}] and ` +
        `[${other.shape}]: shapes must be equal`,
    );
  }
  const inserted = arrays.map((x) =>
    reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
  );
  return joined("stack()", inserted, at);
});

/**
 * Arrays of one shape joined along a new axis.
 *
 * @throws {ShapeError} If shapes differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.stack([np.arange(2), np.arange(2)], 1).js(), [[0, 0], [1, 1]]);
 * ```
 */
export function stack(arrays: readonly ArrayLike[], axis = 0): NDArray {
  return pile(arrays, axis);
}

/**
 * Rows joined to a matrix; matrices one above the other.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.vstack([np.arange(2), np.arange(2)]).js(), [[0, 1], [0, 1]]);
 * ```
 */
export const vstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "vstack",
  (arrays) => joined("vstack()", arrays.map((x) => atLeast(x, 2, 0)), 0),
);

/**
 * Arrays side by side: along the second axis, or the only one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.hstack([np.arange(2), np.arange(1)]).js(), [0, 1, 0]);
 * ```
 */
export const hstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "hstack",
  (arrays) => {
    const lines = arrays.map((x) => atLeast(x, 1, 0));
    return joined("hstack()", lines, lines[0]!.ndim === 1 ? 0 : 1);
  },
);

/**
 * Arrays one behind the other: along the third axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.dstack([np.arange(2), np.arange(2)]).shape, [1, 2, 2]);
 * ```
 */
export const dstack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "dstack",
  (arrays) =>
    joined("dstack()", arrays.map((x) => atLeast(atLeast(x, 2, 0), 3, 2)), 2),
);

/**
 * Vectors as the columns of a matrix.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.columnStack([np.arange(2), np.arange(2)]).js(), [[0, 0], [1, 1]]);
 * ```
 */
export const columnStack: (arrays: readonly ArrayLike[]) => NDArray = joining(
  "columnStack",
  (arrays) =>
    joined(
      "columnStack()",
      arrays.map((x) => x.ndim < 2 ? reshape(x, [x.size, 1]) : x),
      1,
    ),
);

/** `x` with new axes of one element at `at` until there are `ndim`. */
export function atLeast(x: NDArray, ndim: number, at: number): NDArray {
  const missing = Math.max(ndim - x.ndim, 0);
  const shape = [...x.shape];
  shape.splice(at, 0, ...Array<number>(missing).fill(1));
  return reshape(x, shape);
}

/**
 * `x` with at least one axis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atleast1d(3).shape, [1]);
 * ```
 */
export const atleast1d: (x: ArrayLike) => NDArray = inlined(
  "atleast1d",
  1,
  ([x]) => atLeast(x, 1, 0),
);

/**
 * `x` with at least two axes, new ones first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.atleast2d(np.arange(3)).shape, [1, 3]);
 * ```
 */
export const atleast2d: (x: ArrayLike) => NDArray = inlined(
  "atleast2d",
  1,
  ([x]) => atLeast(x, 2, 0),
);
