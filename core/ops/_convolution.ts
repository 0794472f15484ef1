/** Shapes of convolutions, and their lowering to contractions. */

import { Aval } from "../aval.ts";
import { ShapeError } from "../errors.ts";
import type { BlockLowering, StepEquation } from "../ir/block.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import type { Index } from "../ir/index.ts";
import { accumulatorOf } from "./_reduce.ts";
import {
  type AxisWindow,
  type WindowClass,
  windowClasses,
  windowCount,
} from "./_windows.ts";

/** Params of the primitive, whose layouts are NC..., OI... and NC.... */
export type ConvolutionParams = {
  readonly windowStrides: readonly number[];
  readonly padding: readonly (readonly [lo: number, hi: number])[];
  readonly lhsDilation: readonly number[];
  readonly rhsDilation: readonly number[];
  /** Groups of input features, each with its own output features. */
  readonly featureGroupCount: number;
  /** Groups of the batch, each with its own output features. */
  readonly batchGroupCount: number;
};

/** How the kernel moves over each spatial axis. */
export function windowsOf(
  rhs: Pick<Aval, "shape">,
  params: ConvolutionParams,
): readonly AxisWindow[] {
  return rhs.shape.slice(2).map((size, axis) => ({
    size,
    stride: params.windowStrides[axis]!,
    padding: params.padding[axis]!,
    baseDilation: params.lhsDilation[axis]!,
    windowDilation: params.rhsDilation[axis]!,
  }));
}

/** The aval of a convolution. */
export function convolvedAval(
  lhs: Aval,
  rhs: Aval,
  params: ConvolutionParams,
): Aval {
  checkConvolution(lhs, rhs, params);
  const spatial = windowsOf(rhs, params).map((window, axis) =>
    windowCount(lhs.shape[axis + 2]!, window)
  );
  const batch = lhs.shape[0]! / params.batchGroupCount;
  const shape = [batch, rhs.shape[0]!, ...spatial];
  return Aval.of(shape, lhs.dtype, lhs.weakType && rhs.weakType);
}

function checkConvolution(
  lhs: Aval,
  rhs: Aval,
  params: ConvolutionParams,
): void {
  const { featureGroupCount: features, batchGroupCount: batches } = params;
  const rank = lhs.ndim - 2;
  const isPositive = (list: readonly number[]) =>
    list.length === rank && list.every((n) => n >= 1);
  const [n, c] = lhs.shape;
  const [o, i] = rhs.shape;
  const fits = rank >= 0 && rhs.ndim === lhs.ndim && lhs.dtype === rhs.dtype &&
    params.padding.length === rank && isPositive(params.windowStrides) &&
    isPositive(params.lhsDilation) && isPositive(params.rhsDilation) &&
    (features === 1 || batches === 1) && c === features * i! &&
    o! % features === 0 && o! % batches === 0 && n! % batches === 0;
  if (fits) return;
  throw new ShapeError(
    `Cannot convolve ${lhs} (NC...) with ${rhs} (OI...) by strides ` +
      `[${params.windowStrides}] with ${features} feature groups and ` +
      `${batches} batch groups: needs equal ranks and dtypes, C equal to I ` +
      `times feature groups, N and O divisible by groups, and a stride, ` +
      `padding and dilations of at least 1 for each spatial axis`,
  );
}

/** The shapes of operands and result. */
interface Shapes {
  readonly lhs: Aval;
  readonly rhs: Aval;
  readonly out: Aval;
}

/** Element of a convolution without holes between the elements of its left operand. */
export function convolution(
  k: KernelBuilder,
  operands: readonly [Source, Source],
  params: ConvolutionParams,
  shapes: Shapes,
): Source {
  const classes = windowsOf(shapes.rhs, params).map((window, axis) =>
    windowClasses(shapes.out.shape[axis + 2]!, window)[0]!
  );
  return classConvolution(k, operands, params, { ...shapes, classes });
}

/** Stores each class of places of a convolution by a contraction of its own. */
export function convolutionSteps(
  block: BlockLowering,
  { inputs: [x, y], outputs }: StepEquation,
  params: ConvolutionParams,
): void {
  const shapes = { lhs: x!.aval, rhs: y!.aval, out: outputs[0]!.aval };
  const { shape } = shapes.out;
  const perAxis = windowsOf(shapes.rhs, params).map((window, axis) =>
    windowClasses(shape[axis + 2]!, window)
  );
  for (const classes of product(perAxis)) {
    const places = classes.map((c) => c.places);
    if (places.some(({ count }) => count === 0)) continue;
    block.storeRegion(block.output(0), {
      extents: [...shape.slice(0, 2), ...places.map(({ count }) => count)],
      shape,
      at: (k, [n, o, ...spatial]) => [
        n!,
        o!,
        ...spatial.map((i, axis) => along(k, places[axis]!, i)),
      ],
      value: (k, source) =>
        classConvolution(k, [source(x!), source(y!)], params, {
          ...shapes,
          classes,
        }),
    });
  }
}

/** Every choice of one element from each list. */
function product<T>(
  lists: readonly (readonly T[])[],
): readonly (readonly T[])[] {
  return lists.reduce<readonly (readonly T[])[]>(
    (chosen, list) => chosen.flatMap((c) => list.map((x) => [...c, x])),
    [[]],
  );
}

function classConvolution(
  k: KernelBuilder,
  [x, y]: readonly [Source, Source],
  { featureGroupCount, batchGroupCount }: ConvolutionParams,
  { lhs, rhs, out, classes }: Shapes & {
    readonly classes: readonly WindowClass[];
  },
): Source {
  const [outputs, inputs] = rhs.shape as [number, number];
  const batch = out.shape[0]!;
  const wide = accumulatorOf(out.dtype);
  const extents = [inputs, ...classes.map(({ taps }) => taps.count)];
  if (extents.includes(0)) return () => k.constant(0, out.dtype);
  return (index) => {
    const [n, o, ...places] = index as [Index, Index, ...Index[]];
    const { indices } = k;
    const group = (count: number, size: number) =>
      indices.scale(indices.quotient(o, outputs / count), size);
    const sum = k.contract(extents, index, ([channel, ...taps]) => {
      const spatial = classes.map(({ start, perPlace, perTap }, axis) =>
        k.shift(
          indices.add(
            indices.scale(places[axis]!, perPlace),
            indices.scale(taps[axis]!, perTap),
          ),
          start,
        )
      );
      const left = padded(k, x, [
        indices.add(n, group(batchGroupCount, batch)),
        indices.add(channel!, group(featureGroupCount, inputs)),
        ...spatial,
      ], lhs);
      const window = classes.map((c, axis) => along(k, c.taps, taps[axis]!));
      return [
        k.cast(left, wide),
        k.cast(y([o, channel!, ...window]), wide),
      ];
    });
    return k.cast(sum, out.dtype);
  };
}

function along(
  k: KernelBuilder,
  { first, step }: WindowClass["places"],
  i: Index,
): Index {
  return k.shift(k.indices.scale(i, step), first);
}

/** An element, or zero outside of the array. */
function padded(
  k: KernelBuilder,
  x: Source,
  place: readonly Index[],
  { shape, dtype }: Aval,
) {
  const bounds = place.map((index, axis) => ({ index, extent: shape[axis]! }));
  const value = k.within(bounds, () => x(place));
  // A load out of bounds is zero by itself.
  if (value.op === "load") return value;
  const zero = k.constant(0, dtype);
  return k.apply("select", dtype, k.inBounds(bounds), value, zero);
}
