/** Positions: among several counts at once, and in parts of one axis. */

import { gcd } from "../../../core/gcd.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import { smaller } from "./kernel_module.ts";
import type { Positions } from "./ranges.ts";
import type { Scope } from "./scope.ts";

/** A position among all of `counts` as one in each of them. */
export function digitsOf(
  { code }: Scope,
  position: I32 | null,
  counts: readonly number[],
): (I32 | null)[] {
  const digits: (I32 | null)[] = counts.map(() => null);
  const real = counts.flatMap((count, i) => count === 1 ? [] : [i]);
  let rest = position;
  for (const i of real.toReversed()) {
    if (rest === null) break;
    if (i === real[0]) {
      digits[i] = rest;
      break;
    }
    const count = i32.const(counts[i]!);
    digits[i] = code.let(i32.rem_u(rest, count));
    rest = code.let(i32.div_u(rest, count));
  }
  return digits;
}

/** Binds axes to the position that a number among all of them stands for. */
export function bindAll(
  scope: Scope,
  axes: readonly Axis[],
  position: I32 | null,
): Scope {
  const digits = digitsOf(scope, position, axes.map((a) => a.extent));
  axes.forEach((axis, i) => scope.bind(axis, digits[i]!));
  return scope;
}

/** The positions of part number `at` of an axis. */
export function rangeOf(
  { code }: Scope,
  at: I32 | null,
  size: number,
  extent: number,
): Positions {
  if (at === null) {
    return {
      from: 0,
      to: Math.min(size, extent),
      multiple: Math.min(size, extent),
    };
  }
  const from = code.let(i32.mul(at, i32.const(size)));
  const to = code.let(
    smaller(code.let(i32.add(from, i32.const(size))), i32.const(extent)),
  );
  const rest = extent % size;
  return { from, to, multiple: rest === 0 ? size : gcd(size, rest) };
}
