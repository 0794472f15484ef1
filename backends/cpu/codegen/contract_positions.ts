/** Where a row, a vector of columns or a block of inner loops lies among the axes. */

import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { sizeOf } from "./axes.ts";
import type { Cut, InnerCut } from "./contract_cuts.ts";
import type { Plan } from "./contract_plan.ts";
import { smaller } from "./kernel_module.ts";
import { all, type AxisRange } from "./ranges.ts";
import { digitsOf } from "./positions.ts";
import type { Scope } from "./scope.ts";

/** The reverse, of two digits: `first * count + second`. */
export function joinedDigits(
  { code }: Scope,
  first: I32 | null,
  count: number,
  second: I32 | null,
): I32 {
  const zero = i32.const(0);
  const scaled = i32.mul(first ?? zero, i32.const(count));
  return code.let(i32.add(scaled, second ?? zero));
}

/**
 * Binds the axes of columns to a vector of them. The last vector along the last
 * axis ends where the axis does: it may repeat columns, but never leaves it.
 */
export function bindVector(
  scope: Scope,
  { columns: { axes }, lanes }: Plan,
  vector: I32,
  { isVector }: { readonly isVector: boolean },
): Scope {
  const last = axes.at(-1)!;
  const outer = axes.slice(0, -1);
  const line = Math.ceil(last.extent / lanes);
  const digits = digitsOf(scope, vector, [
    ...outer.map((axis) => axis.extent),
    line,
  ]);
  outer.forEach((axis, i) => scope.bind(axis, digits[i]!));
  const at = digits.at(-1)!;
  return scope.bind(
    last,
    at && firstColumn(scope, at, last.extent, lanes),
    { isVector },
  );
}

function firstColumn(
  { code }: Scope,
  vector: I32,
  extent: number,
  lanes: number,
): I32 {
  const at = code.let(i32.mul(vector, i32.const(lanes)));
  if (extent % lanes === 0) return at;
  return code.let(smaller(at, i32.const(extent - lanes)));
}

/** A block of the inner loops. */
export interface InnerBlock {
  /** The axes whose positions make up the block. */
  readonly ranges: readonly AxisRange[];
  /** How many positions there are, and the number of the first among all. */
  readonly count: I32;
  readonly first: I32;
  /** A place at the first position. */
  readonly start: Scope;
}

/** Binds what is fixed in a block of the inner loops. */
export function enterInnerBlock(
  scope: Scope,
  { axes, at, cut, depth }: InnerCut,
  block: I32 | null,
): InnerBlock {
  const { code } = scope;
  const outer = axes.slice(0, at);
  const digits = digitsOf(scope, block, [
    ...outer.map((axis) => axis.extent),
    cut.count,
  ]);
  outer.forEach((axis, i) => scope.bind(axis, digits[i]!));
  const start = scope.child(code);
  const [axis, ...whole] = axes.slice(at);
  if (!axis) {
    return { ranges: [], count: i32.const(1), first: i32.const(0), start };
  }
  const { from, count } = partOf(scope, cut, digits.at(-1)!);
  const to = code.let(i32.add(from, count));
  start.bind(axis, from);
  for (const axis of whole) start.bind(axis, null);
  const perPosition = depth / cut.size;
  const [before] = digitsOf(scope, block, [sizeOf(outer), cut.count]);
  const first = joinedDigits(scope, before!, cut.total, from);
  return {
    first: code.let(i32.mul(first, i32.const(perPosition))),
    ranges: [
      { axis, positions: { from, to, multiple: 1 } },
      ...whole.map((axis) => ({ axis, positions: all(axis) })),
    ],
    count: cut.total % cut.size === 0
      ? i32.const(depth)
      : code.let(i32.mul(count, i32.const(perPosition))),
    start,
  };
}

/** Some positions in a row. */
export interface Part {
  readonly from: I32;
  readonly count: I32;
}

/** The positions of part number `at`, which is 0 where it is `null`. */
export function partOf(
  { code }: Scope,
  { total, size, count }: Cut,
  at: I32 | null,
): Part {
  if (at === null || count === 1) {
    return { from: i32.const(0), count: i32.const(Math.min(size, total)) };
  }
  const from = code.let(i32.mul(at, i32.const(size)));
  if (total % size === 0) return { from, count: i32.const(size) };
  const left = code.let(i32.sub(i32.const(total), from));
  return { from, count: code.let(smaller(left, i32.const(size))) };
}
