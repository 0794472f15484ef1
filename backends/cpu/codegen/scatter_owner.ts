/** Which axes of a scatter divide the elements that it updates. */

import { type Index, Loop, type Term } from "../../../core/ir/index.ts";
import { type Axis, strideOf } from "./axes.ts";

/**
 * Whether no element is updated at two positions of an axis, whatever the
 * indices: the axis is then a digit of the offset, as are the columns of an
 * array whose rows are scattered.
 */
export function isOwned(axis: Axis, offset: Index): boolean {
  const stride = strideOf(offset, axis);
  if (stride <= 0) return false;
  const others = offset.terms.filter(({ atom }) =>
    !(atom instanceof Loop && axis.loops.includes(atom))
  );
  const isLow = (t: Term) => Math.abs(t.stride) < stride;
  const low = others.filter(isLow).reduce((sum, t) => sum + spanOf(t), 0);
  if (low >= stride) return false;
  const high = others.filter((t) => !isLow(t)).reduce(
    (divisor, t) => gcd(divisor, Math.abs(t.stride)),
    0,
  );
  return high === 0 || high >= stride * axis.extent;
}

/** How far apart the values of a summand can be. */
function spanOf({ atom, stride }: Term): number {
  const count = atom instanceof Loop
    ? Math.max(0, atom.extent - 1)
    : "node" in atom
    ? atom.max - atom.min
    : Math.floor(atom.index.max / atom.divisor) -
      Math.floor(atom.index.min / atom.divisor);
  return Math.abs(stride) * count;
}

function gcd(x: number, y: number): number {
  return x === 0 ? y : gcd(y % x, x);
}
