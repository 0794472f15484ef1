/** Rules that a whole family of primitives shares. */

import type { NDArray } from "../array.ts";
import { type Aval, sameShape } from "../aval.ts";
import type { DType } from "../dtype.ts";
import { ShapeError } from "../errors.ts";
import type { Source } from "../ir/builder.ts";
import { SCALAR_OPS, type ScalarOp } from "../ir/scalar.ts";
import type { AnyPrimitive, Primitive, Tangent } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { type Family, requireFamily } from "./_families.ts";
import { broadcastInDim } from "./broadcast_sum.ts";

/** Gives `x` a leading batch axis if it is not mapped. */
export function leading(x: NDArray, isMapped: boolean, size: number): NDArray {
  if (isMapped) return x;
  const axes = x.shape.map((_, axis) => axis + 1);
  return broadcastInDim(x, [size, ...x.shape], axes);
}

/** All inputs with a leading batch axis. */
export function allLeading(
  inputs: readonly NDArray[],
  mapped: readonly boolean[],
  size: number,
): readonly NDArray[] {
  return inputs.map((x, i) => leading(x, mapped[i]!, size));
}

/** Throws unless all avals have one shape and one dtype. */
export function requireEqual(name: string, avals: readonly Aval[]): void {
  const [first] = avals;
  for (const aval of avals) {
    if (aval.dtype !== first!.dtype || !sameShape(aval.shape, first!.shape)) {
      throw new ShapeError(
        `Cannot apply ${name} to ${avals.join(" and ")}: shapes and dtypes ` +
          `must be equal. The functions of numpy broadcast and promote`,
      );
    }
  }
}

/** What distinguishes an elementwise primitive from others, besides its jvp. */
export type ElementwiseOptions<Inputs extends readonly NDArray[]> = Omit<
  Elementwise<Inputs, Record<never, never>>,
  "jvp"
>;

interface Elementwise<Inputs extends readonly NDArray[], Params> {
  /** Name as JAX prints it; that of the scalar operation unless given. */
  readonly name?: string;
  /** Dtype of the result; that of the inputs unless given. */
  readonly result?: DType;
  /** What dtypes its inputs may have; any unless given. */
  readonly accepts?: Family;
  readonly jvp?: NonNullable<Primitive<Inputs, Params>["jvp"]>;
  readonly transpose?: NonNullable<Primitive<Inputs, Params>["transpose"]>;
}

/** A primitive that applies one scalar operation to each element. */
export function elementwise<
  Inputs extends readonly NDArray[],
  Params = Record<never, never>,
>(
  op: ScalarOp,
  { name = op, result, accepts, ...rules }: Elementwise<Inputs, Params>,
): Primitive<Inputs, Params> {
  const primitive: AnyPrimitive = {
    name,
    cost: SCALAR_OPS[op],
    abstractEval: (avals: readonly Aval[]) => {
      requireEqual(name, avals);
      if (accepts) requireFamily(name, avals[0]!, accepts);
      const weakType = avals.every((a) => a.weakType);
      return [avals[0]!.with({ dtype: result ?? avals[0]!.dtype, weakType })];
    },
    batch: (inputs, mapped, { size }, params) => [
      bind1<readonly NDArray[], unknown>(
        primitive,
        allLeading(inputs, mapped, size),
        params,
      ),
    ],
    lower: (k, inputs, _params, { outs: [out] }) => (index) =>
      k.apply(op, out!.dtype, ...inputs.map((x: Source) => x(index))),
    ...rules,
  };
  return primitive;
}

/** The tangent of a unary function, from that of its input. */
export type UnaryTangent = (dx: NDArray, out: NDArray, x: NDArray) => Tangent;

/** A function of one array; `tangent` is `null` where it is flat or not differentiable. */
export function unary(
  op: ScalarOp,
  tangent: UnaryTangent | null,
  options: ElementwiseOptions<readonly [NDArray]> = {},
): (x: NDArray) => NDArray {
  const apply = (x: NDArray): NDArray => bind1(primitive, [x], {});
  const primitive: Primitive<readonly [NDArray]> = elementwise<
    readonly [NDArray]
  >(op, {
    ...options,
    jvp: ([x], [dx]) => {
      const out = apply(x);
      return [[out], [dx && tangent ? tangent(dx, out, x) : null]];
    },
  });
  return apply;
}
