/** Loops over positions of axes: in vectors with a scalar rest, or one by one. */

import { gcd } from "../../../core/gcd.ts";
import { i32, select } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import type { Scope } from "./scope.ts";

/** Which positions of an axis to visit. */
export interface Positions {
  readonly from: I32 | 0;
  readonly to: I32 | number;
  /** A number that divides how many there are. */
  readonly multiple: number;
}

/** Writes the code for some places that differ in the axis alone. */
export type Body = (places: readonly Scope[], wide: boolean) => void;

/** All positions of an axis. */
export function all({ extent }: Axis): Positions {
  return { from: 0, to: extent, multiple: extent };
}

/** Visits positions in vectors, `unroll` of them at a time, then one by one. */
export function inVectors(
  scope: Scope,
  axis: Axis,
  { from, to, multiple }: Positions,
  unroll: number,
  body: Body,
): void {
  const { code, form: { lanes } } = scope;
  const at = code.let(from === 0 ? i32.const(0) : from);
  let left = from === 0 && typeof to === "number" ? to : Infinity;
  const widths = new Set([lanes * unroll, lanes, 1]);
  for (const width of widths) {
    const times = Math.floor(left / width);
    if (times > 0) {
      const wide = width > 1;
      const inner = scope.child().bind(axis, at, { isVector: wide });
      body(placesOf(inner, axis, width, lanes), wide);
      inner.code.set(at, i32.add(at, i32.const(width)));
      if (times === 1) code.append(inner.code);
      else repeat(scope, inner, at, to, width, times === Infinity);
      if (left !== Infinity) left -= times * width;
    }
    if (left === 0 || multiple % width === 0) return;
  }
}

function placesOf(
  inner: Scope,
  axis: Axis,
  width: number,
  lanes: number,
): readonly Scope[] {
  const count = Math.max(1, width / lanes);
  return count === 1
    ? [inner]
    : Array.from({ length: count }, (_, i) => inner.shifted(axis, i * lanes));
}

/** Runs code as long as `width` more positions are left. */
function repeat(
  { code }: Scope,
  inner: Scope,
  at: I32,
  to: I32 | number,
  width: number,
  mayBeEmpty: boolean,
): void {
  const last = typeof to === "number"
    ? i32.const(to - width)
    : code.let(i32.sub(to, i32.const(width)));
  const isMore = i32.le_s(at, last);
  const loop = () =>
    code.doWhile((c) => {
      c.append(inner.code);
      return isMore;
    });
  if (mayBeEmpty) code.if(isMore, loop);
  else loop();
}

/** Cuts positions into blocks of `size` of them; the last one may be smaller. */
export function inBlocks(
  scope: Scope,
  { from, to, multiple }: Positions,
  size: number,
  body: (block: Scope, positions: Positions) => void,
): void {
  const { code } = scope;
  const [first, end] = [numberOf(from), numberOf(to)];
  const start = code.fn.local("i32");
  const block = scope.child();
  const next = block.code.let(i32.add(start, i32.const(size)));
  const stop = block.code.let(select(i32.lt_s(next, end), next, end));
  body(block, { from: start, to: stop, multiple: gcd(size, multiple) });
  code.for(
    start,
    { from: first, to: end, step: size, nonEmpty: true },
    (c) => c.append(block.code),
  );
}

/** Some positions of an axis. */
export interface AxisRange {
  readonly axis: Axis;
  readonly positions: Positions;
}

/** Visits positions of several axes one by one, the last axis fastest. */
export function oneByOne(
  places: readonly Scope[],
  ranges: readonly AxisRange[],
  body: (places: readonly Scope[]) => void,
): void {
  const [range, ...rest] = ranges;
  if (!range) return body(places);
  const { axis, positions: { from, to } } = range;
  if (to === 0) return;
  const { code } = places[0]!;
  const part = code.part();
  const at = code.fn.local("i32");
  const inner = places.map((p) => p.child(part).bind(axis, at));
  oneByOne(inner, rest, body);
  code.for(
    at,
    { from: numberOf(from), to: numberOf(to), nonEmpty: true },
    (c) => c.append(part),
  );
}

/** Visits all positions of several axes, with code of its own for each. */
export function writtenOut(
  places: readonly Scope[],
  axes: readonly Axis[],
  body: (places: readonly Scope[]) => void,
): void {
  const [axis, ...rest] = axes;
  if (!axis) return body(places);
  const { code } = places[0]!;
  for (let shift = 0; shift < axis.extent; shift++) {
    const inner = places.map((p) => p.child(code).bind(axis, null, { shift }));
    writtenOut(inner, rest, body);
  }
}

function numberOf(position: I32 | number): I32 {
  return typeof position === "number" ? i32.const(position) : position;
}
