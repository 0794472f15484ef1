/** The family of functions of two arrays. */

import type { NDArray } from "../array.ts";
import type { ScalarOp } from "../ir/scalar.ts";
import type { Primitive, Tangent } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { elementwise, type ElementwiseOptions } from "./_define.ts";
import { addTangents } from "./addition.ts";

/** The tangent of a binary function along one of its inputs. */
export type BinaryTangent = (
  d: NDArray,
  out: NDArray,
  x: NDArray,
  y: NDArray,
) => Tangent;

/** A function of two arrays; a tangent is `null` where the function is flat. */
export function binary(
  op: ScalarOp,
  [alongX, alongY]: readonly [BinaryTangent | null, BinaryTangent | null],
  options: ElementwiseOptions<readonly [NDArray, NDArray]> = {},
): (x: NDArray, y: NDArray) => NDArray {
  const apply = (x: NDArray, y: NDArray): NDArray =>
    bind1(primitive, [x, y], {});
  const primitive: Primitive<readonly [NDArray, NDArray]> = elementwise<
    readonly [NDArray, NDArray]
  >(op, {
    ...options,
    jvp: ([x, y], [dx, dy]) => {
      const out = apply(x, y);
      const tangent = addTangents(
        dx && alongX ? alongX(dx, out, x, y) : null,
        dy && alongY ? alongY(dy, out, x, y) : null,
      );
      return [[out], [tangent]];
    },
  });
  return apply;
}
