/** New arrays: constants, ranges and patterns. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { areExtents } from "../../core/aval.ts";
import { type DType, isFloating } from "../../core/dtype.ts";
import * as ops from "../../core/ops/addition.ts";
import { div, mul, sub } from "../../core/ops/arithmetic.ts";
import { compare, select } from "../../core/ops/compare.ts";
import {
  full as filled,
  fullLike as filledLike,
  iota,
  zerosLike as zeros0,
} from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { pow } from "../../core/ops/power.ts";
import { inlined, inlinedList } from "../../transforms/inlined.ts";
import { shapeOf } from "../_axes.ts";
import { broadcastTo, promoteOperands } from "../_promote.ts";
import { dtypeIn } from "./_options.ts";
import type { DTypeOption } from "./array.ts";

/** An extent, or a list of them. */
export type Shape = number | readonly number[];

/**
 * An array of zeros, of float32 unless a dtype is given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.zeros([2]).js(), [0, 0]);
 * ```
 */
export function zeros(shape: Shape, options: DTypeOption = {}): NDArray {
  const dtype = dtypeIn("zeros()", options) ?? "float32";
  return filled(checkedShape("zeros()", shape), 0, dtype);
}

/**
 * An array of ones, of float32 unless a dtype is given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.ones([2], { dtype: "int32" }).js(), [1, 1]);
 * ```
 */
export function ones(shape: Shape, options: DTypeOption = {}): NDArray {
  const dtype = dtypeIn("ones()", options) ?? "float32";
  return filled(checkedShape("ones()", shape), 1, dtype);
}

/**
 * Zeros: memory is never left uninitialised.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.empty([2]).shape, [2]);
 * ```
 */
export const empty: typeof zeros = zeros;

const repeated = inlined(
  "full",
  1,
  ([value], shape: readonly number[], dtype: DType | null) =>
    broadcastTo(
      dtype === null ? value : convertElementType(value, dtype),
      shape,
    ),
);

/**
 * An array of one value, which broadcasts to the shape.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.full([2], 3).js(), [3, 3]);
 * ```
 */
export function full(
  shape: Shape,
  value: ArrayLike,
  options: DTypeOption = {},
): NDArray {
  const dtype = dtypeIn("full()", options) ?? null;
  return repeated(value, checkedShape("full()", shape), dtype);
}

/** Another shape or dtype than that of the model. */
export interface LikeOptions extends DTypeOption {
  /** Shape of the result. */
  readonly shape?: Shape;
}

/**
 * One value repeated in the shape and dtype of `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.fullLike(np.arange(2), 7).js(), [7, 7]);
 * ```
 */
export function fullLike(
  x: NDArray,
  value: ArrayLike,
  options: LikeOptions = {},
): NDArray {
  const dtype = dtypeIn("fullLike()", options) ?? x.dtype;
  return full(options.shape ?? x.shape, value, { dtype });
}

/**
 * Zeros in the shape and dtype of `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.zerosLike(np.arange(2)).js(), [0, 0]);
 * ```
 */
export function zerosLike(x: NDArray, options: LikeOptions = {}): NDArray {
  return fullLike(x, 0, options);
}

/**
 * Ones in the shape and dtype of `x`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.onesLike(np.arange(2)).js(), [1, 1]);
 * ```
 */
export function onesLike(x: NDArray, options: LikeOptions = {}): NDArray {
  return fullLike(x, 1, options);
}

/**
 * Zeros in the shape and dtype of `x`: memory is never left uninitialised.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.emptyLike(np.arange(2)).shape, [2]);
 * ```
 */
export const emptyLike: typeof zerosLike = zerosLike;

/** Extents as a shape; throws unless they are whole numbers from 0 on. */
export function checkedShape(what: string, shape: Shape): readonly number[] {
  const extents = shapeOf(shape);
  if (areExtents(extents)) return extents;
  const isNumeric = extents.every((e) => typeof e === "number");
  throw new RangeError(
    `Cannot make an array of shape [${extents}] with ${what}: extents must ` +
      `be whole numbers from 0 on` +
      (isNumeric ? "" : `, not arrays. Close over them, or mark them static`),
  );
}

const ramp = inlinedList(
  "arange",
  (
    _none,
    count: number,
    start: number,
    step: number,
    dtype: DType,
  ) => {
    const type = isFloating(dtype) ? dtype : "int32";
    const positions = iota(type, [count], 0);
    const scaled = step === 1
      ? positions
      : mul(positions, filledLike(positions, step));
    const moved = start === 0
      ? scaled
      : ops.add(scaled, filledLike(scaled, start));
    return convertElementType(moved, dtype);
  },
);

/**
 * The numbers from `start` up to `stop`, without it, in steps: int32 if all
 * three are whole, else float32. With one number, from 0 up to it.
 *
 * @throws {RangeError} If the step is 0 or a number is not finite.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.arange(1, 7, 2).js(), [1, 3, 5]);
 * ```
 */
export function arange(
  start: number,
  stop?: number | null,
  step = 1,
  options: DTypeOption = {},
): NDArray {
  const dtype = dtypeIn("arange()", options);
  const [from, to] = stop === undefined || stop === null
    ? [0, start]
    : [start, stop];
  const count = Math.ceil((to - from) / step);
  if (!Number.isFinite(count)) {
    throw new RangeError(
      `Cannot make a range from ${from} to ${to} in steps of ${step}: needs ` +
        `finite numbers and a step other than 0`,
    );
  }
  const isWhole = [from, to, step].every(Number.isInteger);
  return ramp(
    [],
    Math.max(0, count),
    from,
    step,
    dtype ?? (isWhole ? "int32" : "float32"),
  );
}

/** Choices for ranges of a given number of elements. */
export interface RangeOptions extends DTypeOption {
  /** Whether `stop` is the last element; it is unless given. */
  readonly endpoint?: boolean;
}

const between = inlined(
  "linspace",
  2,
  (bounds, count: number, endpoint: boolean, dtype: DType | null) => {
    const [start, stop] = promoteOperands("linspace()", bounds, "floats") as [
      NDArray,
      NDArray,
    ];
    const type = dtype ?? start.dtype;
    const shape = [count, ...start.shape];
    const positions = iota(start.dtype, shape, 0);
    const last = endpoint ? count - 1 : count;
    const t = div(positions, filledLike(positions, Math.max(last, 1)));
    const [from, to] = [broadcastTo(start, shape), broadcastTo(stop, shape)];
    // Both ends are exact in this form, also where their difference overflows.
    const inner = ops.add(mul(from, sub(filledLike(t, 1), t)), mul(to, t));
    const isStart = compare("eq", t, zeros0(t));
    const points = select(isStart, from, inner);
    return convertElementType(points, type);
  },
);

/**
 * `count` numbers at equal distances from `start` to `stop`, as floats.
 *
 * @throws {RangeError} If the count is not a whole number from 0 on.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.linspace(0, 1, 5).js(), [0, 0.25, 0.5, 0.75, 1]);
 * ```
 */
export function linspace(
  start: ArrayLike,
  stop: ArrayLike,
  count = 50,
  { endpoint = true, dtype }: RangeOptions = {},
): NDArray {
  checkedShape("linspace()", count);
  return between(start, stop, count, endpoint, dtype ?? null);
}

const powers = inlined("logspace", 1, ([x], base: number) => {
  return pow(filledLike(x, base), x);
});

/**
 * `base` to the powers of `linspace(start, stop, count)`; base 10 unless
 * given.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(np.logspace(0, 2, 3, { base: 2 }).js(), [1, 2, 4]);
 * ```
 */
export function logspace(
  start: ArrayLike,
  stop: ArrayLike,
  count = 50,
  { base = 10, dtype, ...options }: RangeOptions & { readonly base?: number } =
    {},
): NDArray {
  const points = powers(linspace(start, stop, count, options), base);
  return dtype === undefined ? points : convertElementType(points, dtype);
}
