/**
 * Places in the code of a kernel where some loops have a position. A value is
 * computed in the outermost place where all that it depends on is known, and
 * once: what an inner loop does not change is written before it.
 */

import { type DType, DTYPES } from "../../../core/dtype.ts";
import { type Index, type IndexAtom, Loop } from "../../../core/ir/index.ts";
import type { KernelBuffer, Store } from "../../../core/ir/kernel.ts";
import {
  type Bound,
  dynamicNodes,
  type LoadNode,
  type Node,
  operandsOf,
} from "../../../core/ir/scalar.ts";
import { ARGUMENTS, ZEROS } from "../layout.ts";
import type { Code } from "../wasm/function.ts";
import { i32, i32x4, i8x16, select, v128 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import {
  fromLanes,
  lane,
  type LaneCount,
  loadScalar,
  loadVector,
  scalarConst,
  splat,
  storeScalar,
  storeVector,
  vectorConst,
} from "./lanes.ts";
import { operation } from "./operations.ts";
import type { Row } from "./row.ts";

/** What all functions of a kernel share. */
export interface Form {
  readonly buffers: readonly KernelBuffer[];
  readonly lanes: LaneCount;
}

/** Where an axis is: `at + shift`, and in vectors each lane one further. */
interface Position {
  readonly axis: Axis;
  /** `null` for 0. */
  readonly at: I32 | null;
  readonly isVector: boolean;
}

/** Where a value is computed, and whether the lanes of a vector differ. */
interface Home {
  readonly scope: Scope;
  readonly varies: boolean;
}

/** A summand of an address: `stride` bytes or elements times `value`. */
interface Summand {
  readonly scope: Scope;
  readonly value: I32 | null;
  readonly stride: number;
  readonly shift: number;
  readonly key: string;
}

/** A sum that is left of an address, and what loads can add by themselves. */
interface Address {
  readonly base: I32;
  readonly offset: number;
}

/** A place in the code. */
export class Scope {
  private readonly positions: Position[] = [];
  private readonly shifts = new Map<Axis, number>();
  private readonly results = new Map<Node, Value | Row>();
  private readonly homes = new Map<Node, Home>();
  private readonly scalars = new Map<Node, Value>();
  private readonly vectors = new Map<Node, V128>();
  private readonly sums = new Map<string, I32>();
  private readonly depth: number;

  private constructor(
    readonly form: Form,
    readonly code: Code,
    private readonly parent: Scope | null,
  ) {
    this.depth = parent ? parent.depth + 1 : 0;
  }

  /** The beginning of a function. */
  static root(form: Form, code: Code): Scope {
    return new Scope(form, code, null);
  }

  /** A place inside this one; its code is a part that the caller appends. */
  child(code: Code = this.code.part()): Scope {
    return new Scope(this.form, code, this);
  }

  /** The same place, with an axis that is `by` further. */
  shifted(axis: Axis, by: number): Scope {
    const scope = new Scope(this.form, this.code, this);
    scope.shifts.set(axis, by);
    return scope;
  }

  /** Gives an axis a position; the lanes of vectors count on from there. */
  bind(
    axis: Axis,
    at: I32 | null,
    { isVector = false, shift = 0 }: {
      readonly isVector?: boolean;
      readonly shift?: number;
    } = {},
  ): this {
    this.positions.push({ axis, at, isVector });
    if (shift !== 0) this.shifts.set(axis, shift);
    return this;
  }

  /** Makes the result of a stage known. */
  set(node: Node, result: Value | Row): void {
    this.results.set(node, result);
  }

  // Values

  /** A node's value in all lanes or in one. */
  value(node: Node, wide: boolean): Value {
    return wide ? this.vector(node) : this.scalar(node);
  }

  scalar(node: Node): Value {
    if (node.op === "const") return scalarConst(node.value, node.dtype);
    const { scope } = this.homeOf(node);
    let value = scope.scalars.get(node);
    if (!value) {
      value = scope.code.let(scope.newScalar(node));
      scope.scalars.set(node, value);
    }
    return value;
  }

  vector(node: Node): V128 {
    if (node.op === "const") {
      return vectorConst(this.code, node.value, node.dtype);
    }
    const { scope, varies } = this.homeOf(node);
    let value = scope.vectors.get(node);
    if (!value) {
      value = scope.code.let(
        varies ? scope.newVector(node) : splat(scope.scalar(node), node.dtype),
      );
      scope.vectors.set(node, value);
    }
    return value;
  }

  private newScalar(node: Node): Value {
    const result = this.resultOf(node);
    if (result) return "axes" in result ? result.load(this, false) : result;
    switch (node.op) {
      case "const":
      case "reduce":
      case "contract":
        throw new Error(`A stage is missing for a ${node.op} node`);
      case "index":
        return this.index(node.index);
      case "load":
        return this.loadScalar(node);
      default:
        return this.apply(node, 1, (x) => this.scalar(x));
    }
  }

  private newVector(node: Node): V128 {
    const result = this.resultOf(node);
    if (result) {
      return ("axes" in result ? result.load(this, true) : result) as V128;
    }
    switch (node.op) {
      case "const":
      case "reduce":
      case "contract":
        throw new Error(`A stage is missing for a ${node.op} node`);
      case "index":
        return this.indexVector(node.index);
      case "load":
        return this.loadVector(node);
      default:
        return this.apply(node, this.form.lanes, (x) => this.vector(x)) as V128;
    }
  }

  private apply(
    { op, args, dtype }: Extract<Node, { readonly args: readonly Node[] }>,
    lanes: 1 | LaneCount,
    value: (node: Node) => Value,
  ): Value {
    const last = args.at(-1)!;
    return operation({
      op,
      code: this.code,
      lanes,
      args: args.map(value),
      from: last.dtype,
      to: dtype,
      known: last.op === "const" ? last.value : null,
    });
  }

  // Where a value belongs

  private homeOf(node: Node): Home {
    const known = this.knownHome(node, this);
    if (known) return known;
    const home = this.homeOfParts(node);
    home.scope.homes.set(node, home);
    return home;
  }

  /** Homes found outside of a place that shifts an axis do not hold inside. */
  private knownHome(node: Node, from: Scope, isValid = true): Home | null {
    const result = this.results.get(node);
    if (result) return this.homeOfResult(result, from);
    const home = isValid ? this.homes.get(node) : undefined;
    if (home) return home;
    const stays = isValid && !this.moves(node);
    return this.parent?.knownHome(node, from, stays) ?? null;
  }

  private moves(node: Node): boolean {
    for (const { loops } of this.shifts.keys()) {
      if (loops.some((loop) => node.loops.has(loop))) return true;
    }
    return false;
  }

  private homeOfResult(result: Value | Row, from: Scope): Home {
    if (!("axes" in result)) {
      return { scope: this, varies: result.type === "v128" };
    }
    const homes = result.axes.map((axis) => from.homeOfAxis(axis));
    const { scope, varies } = deepest(this.root(), [
      { scope: this, varies: result.isWide },
      ...homes,
    ]);
    return { scope, varies };
  }

  private homeOfParts(node: Node): Home {
    const homes = operandsOf(node).map((x) => this.homeOf(x));
    if (node.op === "index") homes.push(...this.homesOfIndex(node.index));
    if (node.op === "load") {
      const indices = [node.offset, ...node.bounds.map((b) => b.index)];
      homes.push(...indices.flatMap((index) => this.homesOfIndex(index)));
    }
    return deepest(this.root(), homes);
  }

  private homesOfIndex({ terms }: Index): readonly Home[] {
    return terms.flatMap(({ atom }) => {
      if (atom instanceof Loop) return [this.homeOfAxis(this.axisOf(atom))];
      return "node" in atom
        ? [this.homeOf(atom.node)]
        : this.homesOfIndex(atom.index);
    });
  }

  private homeOfIndex(index: Index): Home {
    return deepest(this.root(), [
      ...this.homesOfIndex(index),
      ...dynamicNodes(index).map((node) => this.homeOf(node)),
    ]);
  }

  private homeOfAxis(axis: Axis): Home {
    const { scope, position } = this.placeOf(axis);
    const shift = this.shiftOf(axis)?.scope;
    return {
      scope: shift && shift.depth > scope.depth ? shift : scope,
      varies: position.isVector,
    };
  }

  private axisOf(loop: Loop): Axis {
    const own = this.positions.find((p) => p.axis.loops.includes(loop));
    if (own) return own.axis;
    if (this.parent) return this.parent.axisOf(loop);
    throw new Error(`A loop of extent ${loop.extent} has no position here`);
  }

  private placeOf(axis: Axis): { scope: Scope; position: Position } {
    const position = this.positions.find((p) => p.axis === axis);
    if (position) return { scope: this, position };
    if (this.parent) return this.parent.placeOf(axis);
    throw new Error(`An axis of extent ${axis.extent} has no position here`);
  }

  private shiftOf(axis: Axis): { scope: Scope; by: number } | null {
    const by = this.shifts.get(axis);
    if (by !== undefined) return { scope: this, by };
    return this.parent?.shiftOf(axis) ?? null;
  }

  private root(): Scope {
    return this.parent?.root() ?? this;
  }

  private resultOf(node: Node): Value | Row | null {
    return this.results.get(node) ?? this.parent?.resultOf(node) ?? null;
  }

  // Indices

  /** An index, of the first lane where they differ. */
  index(index: Index): I32 {
    const { base, offset } = this.sum("i", null, this.summands(index, 1), {
      constant: index.constant,
      isOffsetFree: false,
    });
    return offset === 0 ? base : i32.const(offset);
  }

  /** How far an index moves from lane to lane; `null` where not evenly. */
  private step(index: Index): number | null {
    let step = 0;
    for (const { atom, stride } of index.terms) {
      if (!(atom instanceof Loop)) {
        if (this.homeOfAtom(atom).varies) return null;
        continue;
      }
      const axis = this.axisOf(atom);
      const { isVector } = this.placeOf(axis).position;
      if (isVector && axis.loops.at(-1) === atom) step += stride;
    }
    return step;
  }

  private homeOfAtom(atom: Exclude<IndexAtom, Loop>): Home {
    return "node" in atom
      ? this.homeOf(atom.node)
      : this.homeOfIndex(atom.index);
  }

  private indexVector(index: Index): V128 {
    const { code, lanes } = { code: this.code, lanes: this.form.lanes };
    const even = index.terms.filter(({ atom }) =>
      atom instanceof Loop || !this.homeOfAtom(atom).varies
    );
    const { base, offset } = this.sum(
      "i",
      null,
      even.flatMap((term) => this.summand(term.atom, term.stride)),
      { constant: index.constant, isOffsetFree: false },
    );
    let vector: V128 = i32x4.splat(offset === 0 ? base : i32.const(offset));
    const step = this.step({ ...index, terms: even } as Index)!;
    if (step !== 0) {
      const steps = code.fn.constant(v128.const([0, step, 2 * step, 3 * step]));
      vector = i32x4.add(vector, steps);
    }
    for (const { atom, stride } of index.terms) {
      if (atom instanceof Loop || !this.homeOfAtom(atom).varies) continue;
      const values = "node" in atom
        ? this.vector(atom.node)
        : this.quotientVector(atom.index, atom.divisor, lanes);
      const scaled = stride === 1
        ? values
        : i32x4.mul(values, vectorConst(code, stride, "int32"));
      vector = i32x4.add(vector, scaled);
    }
    return vector;
  }

  private quotientVector(
    index: Index,
    divisor: number,
    lanes: LaneCount,
  ): V128 {
    const { code } = this;
    const dividend = code.let(this.indexVector(index));
    return fromLanes(code, lanes, "int32", (i) =>
      floorDivide(
        index,
        i32x4.extract_lane(dividend, i),
        divisor,
      ));
  }

  // Addresses

  private summands(index: Index, scale: number): readonly Summand[] {
    return index.terms.flatMap(({ atom, stride }) =>
      this.summand(atom, stride * scale)
    );
  }

  private summand(atom: IndexAtom, stride: number): readonly Summand[] {
    if (atom instanceof Loop) {
      const axis = this.axisOf(atom);
      return axis.loops.at(-1) === atom ? [this.summandOf(axis, stride)] : [];
    }
    const { scope } = this.homeOfAtom(atom);
    const value = "node" in atom
      ? scope.scalar(atom.node) as I32
      : scope.quotient(atom.index, atom.divisor);
    return [{ scope, value, stride, shift: 0, key: `${atom.id}*${stride}` }];
  }

  private summandOf(axis: Axis, stride: number): Summand {
    const { scope, position } = this.placeOf(axis);
    const shift = this.shiftOf(axis)?.by ?? 0;
    const key = `${axis.loops.at(-1)!.id}*${stride}`;
    return { scope, value: position.at, stride, shift, key };
  }

  private quotient(index: Index, divisor: number): I32 {
    const key = `q${index.id}/${divisor}`;
    let value = this.sums.get(key);
    if (!value) {
      value = this.code.let(floorDivide(index, this.index(index), divisor));
      this.sums.set(key, value);
    }
    return value;
  }

  /**
   * A sum, part by part in the places where the parts are known. What is left
   * of the constant goes into the offset of loads, which must not be negative.
   */
  private sum(
    name: string,
    start: I32 | null,
    summands: readonly Summand[],
    { constant, isOffsetFree }: {
      readonly constant: number;
      readonly isOffsetFree: boolean;
    },
  ): Address {
    const total = summands.reduce((n, s) => n + s.shift * s.stride, constant);
    const moving = summands.filter((s) => s.value !== null);
    const offset = isOffsetFree && total >= 0 ? total : 0;
    if (start === null && moving.length === 0) {
      return { base: i32.const(0), offset: total };
    }
    let base = start;
    let key = name;
    if (total !== offset) {
      key += `+${total}`;
      base = base ? this.root().sumOf(key, base, total) : i32.const(total);
    }
    for (const scope of scopesOf(moving)) {
      const own = moving.filter((s) => s.scope === scope);
      key += own.map((s) => s.key).join("+");
      let known = scope.sums.get(key);
      if (!known) {
        const value: I32 = own.map(({ value, stride }) =>
          scaled(value!, stride)
        )
          .reduce((x, y) => i32.add(x, y));
        known = scope.code.let(base ? i32.add(base, value) : value);
        scope.sums.set(key, known);
      }
      base = known;
    }
    return { base: base!, offset };
  }

  private sumOf(key: string, base: I32, by: number): I32 {
    let known = this.sums.get(key);
    if (!known) {
      known = this.code.let(i32.add(base, i32.const(by)));
      this.sums.set(key, known);
    }
    return known;
  }

  /** Where a buffer begins. */
  buffer(i: number): I32 {
    return this.argument(i);
  }

  /** Where the workspace begins. */
  workspace(): I32 {
    return this.argument(this.form.buffers.length);
  }

  private argument(i: number): I32 {
    const root = this.root();
    let known = root.sums.get(`b${i}`);
    if (!known) {
      known = root.code.let(i32.load(i32.const(ARGUMENTS), 4 * i));
      root.sums.set(`b${i}`, known);
    }
    return known;
  }

  /** Where an element is, of the first lane where they differ. */
  address(buffer: number, index: Index): Address {
    const { bytes } = DTYPES[this.form.buffers[buffer]!.dtype];
    return this.sum(
      `b${buffer}`,
      this.buffer(buffer),
      this.summands(index, bytes),
      {
        constant: index.constant * bytes,
        // Without the constant the sum may lie before the buffer, but not before 0.
        isOffsetFree: true,
      },
    );
  }

  /** An address of something of this kernel's own that begins at `start`. */
  addressAlong(
    name: string,
    start: I32,
    strides: readonly { readonly axis: Axis; readonly stride: number }[],
  ): Address {
    const summands = strides.map(({ axis, stride }) =>
      this.summandOf(axis, stride)
    );
    return this.sum(name, start, summands, { constant: 0, isOffsetFree: true });
  }

  // Loads

  private loadScalar({ buffer, dtype, offset, bounds }: LoadNode): Value {
    const { code } = this;
    const { base, offset: by } = this.address(buffer, offset);
    if (bounds.length === 0) return loadScalar(code, dtype, base, by);
    const inside = this.isInside(bounds);
    const exact = by === 0 ? base : i32.add(base, i32.const(by));
    const safe = code.let(select(inside, exact, i32.const(ZEROS)));
    return loadScalar(code, dtype, safe, 0);
  }

  private isInside(bounds: readonly Bound[]): I32 {
    return bounds.map(({ index, extent }) =>
      i32.lt_u(this.index(index), i32.const(extent))
    ).reduce((x, y) => i32.and(x, y));
  }

  /** Lanes that are inside, of bounds whose lanes differ. */
  private insideMask(bounds: readonly Bound[]): V128 {
    return bounds.map(({ index, extent }) =>
      i32x4.lt_u(
        this.indexVector(index),
        vectorConst(this.code, extent, "int32"),
      )
    ).reduce((x, y) => v128.and(x, y));
  }

  private loadVector(node: LoadNode): V128 {
    const { buffer, dtype, offset, bounds } = node;
    const { lanes } = this.form;
    const { code } = this;
    const uneven = bounds.filter(({ index }) => this.homeOfIndex(index).varies);
    const even = bounds.filter((b) => !uneven.includes(b));
    const mask = uneven.length > 0 ? code.let(this.insideMask(uneven)) : null;
    const inside = even.length > 0 ? code.let(this.isInside(even)) : null;
    const step = this.step(offset);
    if (step === null || (step !== 1 && bounds.length > 0)) {
      return this.gather(node, mask, inside);
    }
    let { base, offset: by } = this.address(buffer, offset);
    if (step !== 1 && step !== -1) {
      const stride = step * DTYPES[dtype].bytes;
      return this.loadApart(dtype, base, by, stride);
    }
    if (step === -1) {
      const last = code.let(
        i32.add(base, i32.const(by - (lanes - 1) * DTYPES[dtype].bytes)),
      );
      return this.reversed(dtype, loadVector(code, lanes, dtype, last, 0));
    }
    if (mask || inside) {
      const some = mask ? v128.any_true(mask) : null;
      const condition = inside && some
        ? i32.and(inside, some)
        : (inside ?? some)!;
      const exact = by === 0 ? base : i32.add(base, i32.const(by));
      base = code.let(select(condition, exact, i32.const(ZEROS)));
      by = 0;
    }
    const vector = loadVector(code, lanes, dtype, base, by);
    return mask ? v128.and(vector, this.widenedMask(mask, dtype)) : vector;
  }

  private widenedMask(mask: V128, dtype: DType): V128 {
    if (dtype !== "float64") return mask;
    return i8x16.shuffle(mask, mask, [
      ...[0, 1, 2, 3, 0, 1, 2, 3],
      ...[4, 5, 6, 7, 4, 5, 6, 7],
    ]);
  }

  private loadApart(
    dtype: DType,
    base: I32,
    by: number,
    stride: number,
  ): V128 {
    const { code } = this;
    const first = stride < 0 && by + 3 * stride < 0
      ? code.let(i32.add(base, i32.const(by + 3 * stride)))
      : base;
    const from = first === base ? by : -3 * stride;
    return fromLanes(
      code,
      this.form.lanes,
      dtype,
      (i) => loadScalar(code, dtype, first, from + i * stride),
    );
  }

  private reversed(dtype: DType, vector: V128): V128 {
    const x = this.code.let(vector);
    const width = dtype === "float64" ? 8 : 4;
    const { lanes } = this.form;
    const order = Array.from({ length: 16 }, (_, byte) => {
      const from = lanes - 1 - Math.floor(byte / width);
      return from < 0 ? byte : from * width + byte % width;
    });
    return i8x16.shuffle(x, x, order);
  }

  /** Loads lane by lane from addresses of their own. */
  private gather(
    { buffer, dtype, offset }: LoadNode,
    mask: V128 | null,
    inside: I32 | null,
  ): V128 {
    const { code } = this;
    const indices = code.let(this.indexVector(offset));
    const { bytes } = DTYPES[dtype];
    return fromLanes(code, this.form.lanes, dtype, (i) => {
      const at = i32.add(
        this.buffer(buffer),
        scaled(i32x4.extract_lane(indices, i), bytes),
      );
      const own = mask ? i32x4.extract_lane(mask, i) : null;
      const condition = own && inside ? i32.and(own, inside) : own ?? inside;
      const safe = condition ? select(condition, at, i32.const(ZEROS)) : at;
      return loadScalar(code, dtype, code.let(safe), 0);
    });
  }

  // Stores

  /** Computes all values, then stores them. */
  store(stores: readonly Store[], wide: boolean): void {
    const values = stores.map(({ value }) => this.value(value, wide));
    stores.forEach((store, i) => this.put(store, values[i]!, wide));
  }

  /** Stores a given value, or one a lane. */
  put({ buffer, offset, value }: Store, given: Value, wide: boolean): void {
    const { code, form: { lanes } } = this;
    const { dtype } = value;
    const { bytes } = DTYPES[dtype];
    const step = wide ? this.step(offset) : 0;
    if (step === null) {
      const indices = code.let(this.indexVector(offset));
      return this.putLanes(dtype, given as V128, (i) => ({
        base: i32.add(
          this.buffer(buffer),
          scaled(i32x4.extract_lane(indices, i), bytes),
        ),
        offset: 0,
      }));
    }
    const { base, offset: by } = this.address(buffer, offset);
    if (!wide) {
      code.do(storeScalar(code, dtype, base, given, by));
    } else if (step === 1) {
      code.do(storeVector(code, lanes, dtype, base, given as V128, by));
    } else {
      this.putLanes(dtype, given as V128, (i) => ({
        base: i32.add(base, i32.const(by + i * step * bytes)),
        offset: 0,
      }));
    }
  }

  private putLanes(
    dtype: DType,
    vector: V128,
    address: (lane: number) => Address,
  ): void {
    const { code, form: { lanes } } = this;
    for (let i = 0; i < lanes; i++) {
      const { base, offset } = address(i);
      const one = code.let(lane(vector, i, dtype));
      code.do(storeScalar(code, dtype, code.let(base), one, offset));
    }
  }
}

function deepest(root: Scope, homes: readonly Home[]): Home {
  let home: Home = { scope: root, varies: false };
  for (const { scope, varies } of homes) {
    home = {
      scope: scope["depth"] > home.scope["depth"] ? scope : home.scope,
      varies: varies || home.varies,
    };
  }
  return home;
}

/** The places of some summands, the outermost first. */
function scopesOf(summands: readonly Summand[]): readonly Scope[] {
  return [...new Set(summands.map((s) => s.scope))]
    .sort((a, b) => a["depth"] - b["depth"]);
}

function scaled(value: I32, factor: number): I32 {
  return factor === 1 ? value : i32.mul(value, i32.const(factor));
}

/** `floor(value / divisor)` of the value of an index. */
function floorDivide(index: Index, value: I32, divisor: number): I32 {
  if (index.min >= 0) return i32.div_u(value, i32.const(divisor));
  const up = Math.ceil(-index.min / divisor);
  const raised = i32.add(value, i32.const(up * divisor));
  return i32.sub(i32.div_u(raised, i32.const(divisor)), i32.const(up));
}
