/** Products of vectors, matrices and arrays of them. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { reshape } from "../../core/ops/layout.ts";
import { inlined } from "../../transforms/inlined.ts";
import { axesOf } from "../_axes.ts";
import {
  broadcastShapes,
  promoteDtypes,
  promoteOperands,
} from "../_promote.ts";
import { contracted, type Label } from "./_contract.ts";
import type { Binary } from "./_ufunc.ts";

/** Labels of axes, of which the last of all is number `count - 1`. */
function labelled(
  prefix: string,
  count: number,
  total: number = count,
): Label[] {
  return Array.from(
    { length: count },
    (_, i) => `${prefix}${total - count + i}`,
  );
}

function productError(
  what: string,
  x: NDArray,
  y: NDArray,
  needed: string,
): ShapeError {
  return new ShapeError(`Cannot ${what} ${x.aval} and ${y.aval}: ${needed}`);
}

/**
 * The matrix product over the last two axes; leading axes broadcast. A vector
 * on the left is a row, one on the right a column.
 *
 * @throws {ShapeError} If the inner extents differ, or an operand is 0-d.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.matmul(np.ones([2, 3]), np.ones([3])).js(), [3, 3]);
 * ```
 */
export const matmul: Binary = inlined("matmul", 2, (operands) => {
  const [x, y] = promoteDtypes(operands) as [NDArray, NDArray];
  if (x.ndim === 0 || y.ndim === 0) {
    throw productError("multiply matrices", x, y, "needs axes. Use multiply()");
  }
  const [inner, other] = [x.shape.at(-1), y.shape.at(y.ndim === 1 ? -1 : -2)];
  if (inner !== other) {
    throw productError(
      "multiply matrices",
      x,
      y,
      `last axis of the first (${inner}) must equal ` +
        `${
          y.ndim === 1 ? "the" : "second-to-last"
        } axis of the second (${other})`,
    );
  }
  const leading = [x, y].map((side) => side.shape.slice(0, -2));
  broadcastShapes("matmul()", leading);
  const depth = Math.max(...leading.map((shape) => shape.length));
  const batches = leading.map((shape) => labelled("b", shape.length, depth));
  const row = x.ndim > 1 ? ["row"] : [];
  const column = y.ndim > 1 ? ["column"] : [];
  return contracted(
    [
      { array: x, labels: [...batches[0]!, ...row, "inner"] },
      { array: y, labels: [...batches[1]!, "inner", ...column] },
    ],
    [...labelled("b", depth), ...row, ...column],
  );
});

/**
 * The sum of products over the last axis of `x` and the second-to-last one of
 * `y`, or its only one. Other axes do not broadcast: those of `x` come first.
 *
 * @throws {ShapeError} If the two extents differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.dot(np.array([1, 2]), np.array([3, 4])).item(), 11);
 * ```
 */
export const dot: Binary = inlined("dot", 2, (operands) => {
  const [x, y] = promoteDtypes(operands) as [NDArray, NDArray];
  if (x.ndim === 0 || y.ndim === 0) return scaled(x, y);
  return tensorProduct("dot()", x, y, [x.ndim - 1], [Math.max(y.ndim - 2, 0)]);
});

function scaled(x: NDArray, y: NDArray): NDArray {
  const [a, b] = promoteOperands("dot()", [x, y]);
  return mul(a!, b!);
}

function tensorProduct(
  what: string,
  x: NDArray,
  y: NDArray,
  xAxes: readonly number[],
  yAxes: readonly number[],
): NDArray {
  const fits = xAxes.length === yAxes.length &&
    xAxes.every((axis, i) => x.shape[axis] === y.shape[yAxes[i]!]);
  if (!fits) {
    throw productError(
      "contract",
      x,
      y,
      `extents of axes [${xAxes}] of the first must equal those of axes ` +
        `[${yAxes}] of the second in ${what}`,
    );
  }
  const xLabels = labelled("x", x.ndim);
  const yLabels = labelled("y", y.ndim).map((label, axis) => {
    const at = yAxes.indexOf(axis);
    return at >= 0 ? xLabels[xAxes[at]!]! : label;
  });
  return contracted(
    [{ array: x, labels: xLabels }, { array: y, labels: yLabels }],
    [
      ...xLabels.filter((_, axis) => !xAxes.includes(axis)),
      ...yLabels.filter((_, axis) => !yAxes.includes(axis)),
    ],
  );
}

/** Which axes `tensordot` sums over: so many between the two, or those of each. */
export type TensordotAxes =
  | number
  | readonly [number | readonly number[], number | readonly number[]];

const tensorProducts = inlined(
  "tensordot",
  2,
  (operands, axes: TensordotAxes) => {
    const [x, y] = promoteDtypes(operands) as [NDArray, NDArray];
    const [xAxes, yAxes] = typeof axes === "number"
      ? [
        labelled("", axes).map((_, i) => x.ndim - axes + i),
        labelled("", axes).map((_, i) => i),
      ]
      : [
        axesOf("tensordot()", axes[0], x.ndim),
        axesOf("tensordot()", axes[1], y.ndim),
      ];
    return tensorProduct("tensordot()", x, y, xAxes, yAxes);
  },
);

/**
 * The sum of products over pairs of axes; 2 unless given: the last two of `x`
 * with the first two of `y`. The other axes of `x` come first.
 *
 * @throws {ShapeError} If extents of a pair differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.tensordot(np.ones([2, 3]), np.ones([3, 4]), 1).shape, [2, 4]);
 * ```
 */
export function tensordot(
  x: ArrayLike,
  y: ArrayLike,
  axes: TensordotAxes = 2,
): NDArray {
  return tensorProducts(x, y, axes);
}

/**
 * The sum of products over the last axes of both.
 *
 * @throws {ShapeError} If their extents differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.inner(np.array([1, 2]), np.array([3, 4])).item(), 11);
 * ```
 */
export const inner: Binary = inlined("inner", 2, (operands) => {
  const [x, y] = promoteDtypes(operands) as [NDArray, NDArray];
  if (x.ndim === 0 || y.ndim === 0) return scaled(x, y);
  return tensorProduct("inner()", x, y, [x.ndim - 1], [y.ndim - 1]);
});

/**
 * The products of each element of `x` with each of `y`, as a matrix.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.outer(np.array([1, 2]), np.array([3, 4])).js(), [[3, 4], [6, 8]]);
 * ```
 */
export const outer: Binary = inlined("outer", 2, (operands) => {
  const [x, y] = promoteDtypes(operands).map((v) => reshape(v, [v.size]));
  return tensorProduct("outer()", x!, y!, [], []);
});

/**
 * The sum of products of all elements.
 *
 * @throws {ShapeError} If the numbers of elements differ.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.vdot(np.ones([2, 2]), np.ones([2, 2])).item(), 4);
 * ```
 */
export const vdot: Binary = inlined("vdot", 2, (operands) => {
  const [x, y] = promoteDtypes(operands).map((v) => reshape(v, [v.size]));
  return tensorProduct("vdot()", x!, y!, [0], [0]);
});
