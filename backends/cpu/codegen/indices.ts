/**
 * Indices and addresses in code: sums of positions times strides, written part
 * by part in the places where the parts are known.
 */

import { DTYPES } from "../../../core/dtype.ts";
import {
  type Index,
  type IndexAtom,
  Loop,
  type Term,
} from "../../../core/ir/index.ts";
import { scratchOf } from "../layout.ts";
import { i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { I32, V128 } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import { fromLanes, vectorConst } from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** A sum that is left of an address, and what loads can add by themselves. */
export interface Address {
  readonly base: I32;
  readonly offset: number;
}

/** How far something moves in one step of an axis. */
export interface Stride {
  readonly axis: Axis;
  readonly stride: number;
}

/** A summand of an address: `stride` bytes or elements times `value`. */
interface Summand {
  readonly scope: Scope;
  readonly value: I32 | null;
  readonly stride: number;
  readonly shift: number;
  readonly key: string;
  /** What it is at least. */
  readonly least: number;
}

/** Buffers lie behind the scratch memory of at least one thread. */
const LEAST_ADDRESS = scratchOf(1);

/** What a sum begins with. */
interface Start {
  /** Sums that begin with the same value are the same where all else is. */
  readonly base: I32 | null;
  readonly constant: number;
  /** Whether loads may add the constant: neither it nor the rest is negative then. */
  readonly isOffsetFree: boolean;
}

/** An index, of the first lane where they differ. */
export function scalarIndex(scope: Scope, index: Index): I32 {
  return element(scope, index.terms, index.constant);
}

function element(scope: Scope, terms: readonly Term[], constant: number): I32 {
  const start = { base: null, constant, isOffsetFree: false };
  const { base, offset } = sum(scope, start, summands(scope, terms, 1));
  return offset === 0 ? base : i32.const(offset);
}

/** Where an element of a buffer is, of the first lane where they differ. */
export function addressOf(
  scope: Scope,
  buffer: number,
  { terms, constant }: Index,
): Address {
  const { bytes } = DTYPES[scope.form.buffers[buffer]!.dtype];
  const start = {
    base: scope.buffer(buffer),
    constant: constant * bytes,
    isOffsetFree: true,
  };
  return sum(scope, start, summands(scope, terms, bytes));
}

/** An address of something of the kernel's own that begins at `base`. */
export function addressAlong(
  scope: Scope,
  base: I32,
  strides: readonly Stride[],
): Address {
  return sum(
    scope,
    { base, constant: 0, isOffsetFree: true },
    strides.map(({ axis, stride }) => summandOf(scope, axis, stride)),
  );
}

/** How far an index moves from lane to lane; `null` where not evenly. */
export function stepOf(scope: Scope, { terms }: Index): number | null {
  return terms.some(({ atom }) => isUneven(scope, atom))
    ? null
    : evenStep(scope, terms);
}

function evenStep(scope: Scope, terms: readonly Term[]): number {
  let step = 0;
  for (const { atom, stride } of terms) {
    if (!(atom instanceof Loop)) continue;
    const { axis, isVector } = scope.homes.positionOf(atom);
    if (isVector && axis.loops.at(-1) === atom) step += stride;
  }
  return step;
}

function isUneven(scope: Scope, atom: IndexAtom): boolean {
  return !(atom instanceof Loop) && scope.homes.ofAtom(atom).varies;
}

/** An index in each lane. */
export function vectorIndex(scope: Scope, { terms, constant }: Index): V128 {
  const { code } = scope;
  const even = terms.filter(({ atom }) => !isUneven(scope, atom));
  let vector: V128 = i32x4.splat(element(scope, even, constant));
  const step = evenStep(scope, even);
  if (step !== 0) {
    const steps = v128.const([0, step, 2 * step, 3 * step]);
    vector = i32x4.add(vector, code.fn.constant(steps));
  }
  for (const { atom, stride } of terms) {
    if (atom instanceof Loop || !isUneven(scope, atom)) continue;
    const values = "node" in atom
      ? scope.vector(atom.node)
      : vectorQuotient(scope, atom.index, atom.divisor);
    const moved = stride === 1
      ? values
      : i32x4.mul(values, vectorConst(code, stride, "int32"));
    vector = i32x4.add(vector, moved);
  }
  return vector;
}

function vectorQuotient(scope: Scope, index: Index, divisor: number): V128 {
  const { code, form: { lanes } } = scope;
  const dividend = code.let(vectorIndex(scope, index));
  return fromLanes(
    code,
    lanes,
    "int32",
    (i) => floorDivide(index, i32x4.extract_lane(dividend, i), divisor),
  );
}

function scalarQuotient(scope: Scope, index: Index, divisor: number): I32 {
  return scope.known(
    `q${index.id}/${divisor}`,
    () => floorDivide(index, scalarIndex(scope, index), divisor),
  );
}

/** `floor(value / divisor)` of the value of an index. */
function floorDivide(index: Index, value: I32, divisor: number): I32 {
  const by = i32.const(divisor);
  if (index.min >= 0) return i32.div_u(value, by);
  const up = Math.ceil(-index.min / divisor);
  const raised = i32.add(value, i32.const(up * divisor));
  return i32.sub(i32.div_u(raised, by), i32.const(up));
}

function summands(
  scope: Scope,
  terms: readonly Term[],
  scale: number,
): readonly Summand[] {
  return terms.flatMap(({ atom, stride }) =>
    summand(scope, atom, stride * scale)
  );
}

function summand(
  scope: Scope,
  atom: IndexAtom,
  stride: number,
): readonly Summand[] {
  if (atom instanceof Loop) {
    const axis = scope.homes.positionOf(atom).axis;
    return axis.loops.at(-1) === atom ? [summandOf(scope, axis, stride)] : [];
  }
  const home = scope.homes.ofAtom(atom).scope;
  const value = "node" in atom
    ? home.scalar(atom.node) as I32
    : scalarQuotient(home, atom.index, atom.divisor);
  const key = `${atom.id}*${stride}`;
  const [min, max] = rangeOf(atom);
  const least = stride * (stride > 0 ? min : max);
  return [{ scope: home, value, stride, shift: 0, key, least }];
}

function summandOf(scope: Scope, axis: Axis, stride: number): Summand {
  const { scope: place, at: value } = scope.homes.positionOf(axis);
  const shift = scope.homes.shiftOf(axis)?.by ?? 0;
  const key = `${axis.loops.at(-1)!.id}*${stride}`;
  const least = Math.min(0, stride * (axis.extent - 1));
  return { scope: place, value, stride, shift, key, least };
}

/** The values of an atom that is no loop. */
function rangeOf(
  atom: Exclude<IndexAtom, Loop>,
): readonly [min: number, max: number] {
  if ("node" in atom) return [atom.min, atom.max];
  const { index, divisor } = atom;
  return [Math.floor(index.min / divisor), Math.floor(index.max / divisor)];
}

const numbers = new WeakMap<I32, number>();
let numbered = 0;

/** A number that no other value has. */
function numberOf(value: I32): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, number = numbered++);
  return number;
}

/** A sum, part by part in the places where the parts are known. */
function sum(
  scope: Scope,
  { base, constant, isOffsetFree }: Start,
  all: readonly Summand[],
): Address {
  const total = all.reduce((n, s) => n + s.shift * s.stride, constant);
  const moving = all.filter((s) => s.value !== null);
  if (base === null && moving.length === 0) {
    return { base: i32.const(0), offset: total };
  }
  const least = moving.reduce((n, s) => n + s.least, LEAST_ADDRESS);
  const offset = isOffsetFree && total >= 0 && least >= 0 ? total : 0;
  let key = base ? `${numberOf(base)}:` : "";
  let sum = base;
  if (total !== offset) {
    key += `+${total}`;
    const by = i32.const(total);
    sum = base ? scope.root().known(key, () => i32.add(base, by)) : by;
  }
  for (const place of placesOf(moving)) {
    const own = moving.filter((s) => s.scope === place);
    const before = sum;
    key += own.map((s) => ` ${s.key}`).join("");
    sum = place.known(key, () => {
      const value = own.map(({ value, stride }) => scaled(value!, stride))
        .reduce((x, y) => i32.add(x, y));
      return before ? i32.add(before, value) : value;
    });
  }
  return { base: sum!, offset };
}

/** The places of some summands, the outermost first. */
function placesOf(summands: readonly Summand[]): readonly Scope[] {
  const places: Scope[] = [];
  for (const { scope } of summands) {
    if (!places.includes(scope)) places.push(scope);
  }
  return places.sort((a, b) => a.depth - b.depth);
}

/** `value` times a number that is known. */
export function scaled(value: I32, factor: number): I32 {
  return factor === 1 ? value : i32.mul(value, i32.const(factor));
}
