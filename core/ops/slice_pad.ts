/** Strided parts of an array and padding around it: each is the transpose of the other. */

import type { NDArray } from "../array.ts";
import type { Aval } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import type { KernelBuilder } from "../ir/builder.ts";
import type { Index } from "../ir/index.ts";
import type { Bound } from "../ir/scalar.ts";
import { Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { leading } from "./_define.ts";
import { broadcastInDim, sum } from "./broadcast_sum.ts";
import { select } from "./compare.ts";
import { full, scalar, zerosLike } from "./constants.ts";

type SliceParams = {
  readonly start: readonly number[];
  readonly limit: readonly number[];
  readonly strides: readonly number[];
};

const sliceP: Primitive<readonly [NDArray], SliceParams> = {
  name: "slice",
  cost: 0,
  abstractEval: ([x], { start, limit, strides }) => {
    checkSlice(x, { start, limit, strides });
    const shape = start.map((s, a) => Math.ceil((limit[a]! - s) / strides[a]!));
    return [x.with({ shape })];
  },
  jvp: ([x], [dx], { start, limit, strides }) => [
    [slice(x, start, limit, strides)],
    [dx && slice(dx, start, limit, strides)],
  ],
  transpose: ([ct], [{ aval }], { start, strides }) => {
    const config = start.map((lo, axis): Padding => {
      const extent = ct.shape[axis]!;
      const covered = extent === 0 ? 0 : 1 + (extent - 1) * strides[axis]!;
      return [lo, aval.shape[axis]! - lo - covered, strides[axis]! - 1];
    });
    return [pad(ct, scalar(0, ct.dtype), config)];
  },
  batch: ([x], _mapped, { size }, { start, limit, strides }) => [
    slice(x, [0, ...start], [size, ...limit], [1, ...strides]),
  ],
  lower: (k, [x], { start, strides }) => (index) =>
    x(index.map((i, axis) =>
      k.shift(k.indices.scale(i, strides[axis]!), start[axis]!)
    )),
};

function checkSlice(x: Aval, { start, limit, strides }: SliceParams): void {
  const fits =
    [start, limit, strides].every((list) => list.length === x.ndim) &&
    x.shape.every((extent, a) =>
      0 <= start[a]! && start[a]! <= limit[a]! && limit[a]! <= extent &&
      strides[a]! >= 1
    );
  if (fits) return;
  throw new ShapeError(
    `Cannot slice ${x} from [${start}] to [${limit}] in strides [${strides}]: ` +
      `needs one of each per axis, 0 <= start <= limit <= extent and ` +
      `strides of at least 1`,
  );
}

/**
 * The elements from `start` up to `limit`, in steps of `strides` (1 unless given).
 *
 * @throws {ShapeError} If a limit is outside of the array.
 */
export function slice(
  x: NDArray,
  start: readonly number[],
  limit: readonly number[],
  strides: readonly number[] = start.map(() => 1),
): NDArray {
  const isWhole = strides.every((s) => s === 1) &&
    start.every((s) => s === 0) &&
    limit.length === x.ndim && limit.every((l, axis) => l === x.shape[axis]);
  return isWhole ? x : bind1(sliceP, [x], { start, limit, strides });
}

/** Padding of one axis: before, after (negative ones remove elements) and between its elements. */
export type Padding = readonly [lo: number, hi: number, interior: number];

type PadParams = { readonly config: readonly Padding[] };

const padP: Primitive<readonly [NDArray, NDArray], PadParams> = {
  name: "pad",
  abstractEval: ([x, value], { config }) => {
    const shape = x.shape.map((extent, axis) =>
      paddedExtent(extent, config[axis] ?? [0, 0, 0])
    );
    const fits = value.ndim === 0 && value.dtype === x.dtype &&
      config.length === x.ndim && shape.every((extent) => extent >= 0) &&
      config.every(([, , interior]) => interior >= 0);
    if (!fits) {
      throw new ShapeError(
        `Cannot pad ${x} with ${value} by [${
          config.map((c) => `[${c}]`)
        }]: needs a 0-d value of its dtype, [lo, hi, interior] for each axis, ` +
          `no negative interior and no negative extents in the result`,
      );
    }
    return [x.with({ shape, weakType: x.weakType && value.weakType })];
  },
  jvp: ([x, value], [dx, dValue], { config }) => [
    [pad(x, value, config)],
    [pad(dx ?? zerosLike(x), dValue ?? zerosLike(value), config)],
  ],
  transpose: ([ct], [x, value], { config }) => [
    x instanceof Linear ? unpad(ct, config) : null,
    value instanceof Linear
      ? sum(
        select(isInside(x.aval, config), zerosLike(ct), ct),
        ct.shape.map((_, axis) => axis),
      )
      : null,
  ],
  batch: ([x, value], [xMapped, valueMapped], { size }, { config }) => {
    const whole = leading(x, xMapped, size);
    const batched: readonly Padding[] = [[0, 0, 0], ...config];
    if (!valueMapped) return [pad(whole, value, batched)];
    const padded = pad(whole, scalar(0, x.dtype), batched);
    return [select(
      isInside(whole.aval, batched),
      padded,
      broadcastInDim(value, padded.shape, [0]),
    )];
  },
  lower:
    (k, [x, value], { config }, { ins: [aval], outs: [out] }) => (index) => {
      const { inner, bounds } = unpadded(k, index, aval.shape, config);
      return k.apply(
        "select",
        out!.dtype,
        k.inBounds(bounds),
        k.within(bounds, () => x(inner)),
        value([]),
      );
    },
};

function paddedExtent(extent: number, [lo, hi, interior]: Padding): number {
  return lo + hi + extent + Math.max(0, extent - 1) * interior;
}

/** Where an index of the padded array lies in the array, and the bounds that must hold. */
function unpadded(
  k: KernelBuilder,
  index: readonly Index[],
  shape: readonly number[],
  config: readonly Padding[],
): { readonly inner: readonly Index[]; readonly bounds: readonly Bound[] } {
  const places = index.map((i, axis) => {
    const [lo, , interior] = config[axis]!;
    const shifted = k.shift(i, -lo);
    const at = k.indices.quotient(shifted, interior + 1);
    const between = k.indices.remainder(shifted, interior + 1);
    return { at, between, extent: shape[axis]! };
  });
  return {
    inner: places.map(({ at }) => at),
    bounds: places.flatMap(({ at, between, extent }) => [
      { index: at, extent },
      { index: between, extent: 1 },
    ]),
  };
}

/** Takes away what `pad` has added, and puts zeros where it has removed. */
function unpad(ct: NDArray, config: readonly Padding[]): NDArray {
  const dilated = pad(
    ct,
    scalar(0, ct.dtype),
    config.map(([lo, hi]): Padding => [-lo, -hi, 0]),
  );
  const strides = config.map(([, , interior]) => interior + 1);
  return slice(dilated, dilated.shape.map(() => 0), dilated.shape, strides);
}

/** True for the elements of a padded array that come from the array itself. */
function isInside({ shape }: Aval, config: readonly Padding[]): NDArray {
  return pad(full(shape, 1, "bool"), scalar(0, "bool"), config);
}

/**
 * Puts `value`, a 0-d array, around and between the elements of `x`.
 *
 * @throws {ShapeError} If an extent would be negative, or dtypes differ.
 */
export function pad(
  x: NDArray,
  value: NDArray,
  config: readonly Padding[],
): NDArray {
  const isNothing = config.length === x.ndim &&
    config.every((c) => c.every((n) => n === 0));
  return isNothing ? x : bind1(padP, [x, value], { config });
}
