/**
 * Places in the code of a kernel where some loops have a position. A value is
 * computed in the outermost place where all that it depends on is known, and
 * once: what an inner loop does not change is written before it.
 */

import { type Index, type IndexAtom, Loop } from "../../../core/ir/index.ts";
import type { KernelBuffer, Store } from "../../../core/ir/kernel.ts";
import {
  dynamicNodes,
  type Node,
  operandsOf,
} from "../../../core/ir/scalar.ts";
import { ARGUMENTS } from "../layout.ts";
import type { Code } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import {
  type Address,
  addressAlong,
  addressOf,
  scalarIndex,
  type Stride,
  vectorIndex,
} from "./indices.ts";
import { type LaneCount, scalarConst, splat, vectorConst } from "./lanes.ts";
import { loadLanes, loadOne } from "./loads.ts";
import { operation } from "./operations.ts";
import type { Row } from "./row.ts";
import { storeLanes, storeOne } from "./stores.ts";

/** What all functions of a kernel share. */
export interface Form {
  readonly buffers: readonly KernelBuffer[];
  readonly lanes: LaneCount;
}

/** Where an axis is: `at + shift`, and in vectors each lane one further. */
interface Position {
  /** The place that binds it. */
  readonly scope: Scope;
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

/** A place in the code. */
export class Scope {
  /** Of axes that are bound here, and of their loops. */
  private readonly positions = new Map<Axis | Loop, Position>();
  private readonly shifts = new Map<Axis, number>();
  private readonly results = new Map<Node, Value | Row>();
  private readonly homes = new Map<Node, Home>();
  private readonly scalars = new Map<Node, Value>();
  private readonly vectors = new Map<Node, V128>();
  private readonly numbers = new Map<string, I32>();
  /** How many places are around this one. */
  readonly depth: number;

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
    const position = { scope: this, axis, at, isVector };
    this.positions.set(axis, position);
    for (const loop of axis.loops) this.positions.set(loop, position);
    if (shift !== 0) this.shifts.set(axis, shift);
    return this;
  }

  /** Whether each lane has a position of its own on an axis. */
  isVector(axis: Axis): boolean {
    return this.positionOf(axis).isVector;
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
      value = scope.code.let(scope.newValue(node, false));
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
        varies
          ? scope.newValue(node, true) as V128
          : splat(scope.scalar(node), node.dtype),
      );
      scope.vectors.set(node, value);
    }
    return value;
  }

  private newValue(node: Node, wide: boolean): Value {
    const result = this.resultOf(node);
    if (result) return "axes" in result ? result.load(this, wide) : result;
    switch (node.op) {
      case "const":
      case "reduce":
      case "contract":
        throw new Error(`A stage is missing for a ${node.op} node`);
      case "index":
        return (wide ? vectorIndex : scalarIndex)(this, node.index);
      case "load":
        return (wide ? loadLanes : loadOne)(this, node);
      default:
        return this.apply(node, wide);
    }
  }

  private apply(
    { op, args, dtype }: Extract<Node, { readonly args: readonly Node[] }>,
    wide: boolean,
  ): Value {
    const last = args.at(-1)!;
    return operation({
      op,
      code: this.code,
      lanes: wide ? this.form.lanes : 1,
      args: args.map((x) => this.value(x, wide)),
      from: last.dtype,
      to: dtype,
      known: args.map((x) => x.op === "const" ? x.value : null),
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
    if (this.shifts.size === 0) return false;
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

  /** Where an index is known. */
  homeOfIndex(index: Index): Home {
    return deepest(this.root(), [
      ...this.homesOfIndex(index),
      ...dynamicNodes(index).map((node) => this.homeOf(node)),
    ]);
  }

  private homeOfAxis(axis: Axis): Home {
    const { scope, isVector } = this.positionOf(axis);
    const shift = this.shiftOf(axis)?.scope;
    return {
      scope: shift && shift.depth > scope.depth ? shift : scope,
      varies: isVector,
    };
  }

  /** The axis that a loop is part of. */
  axisOf(loop: Loop): Axis {
    return this.positionOf(loop).axis;
  }

  /** The position of an axis, or of that which a loop is part of. */
  positionOf(of: Axis | Loop): Position {
    const position = this.positions.get(of);
    if (position) return position;
    if (this.parent) return this.parent.positionOf(of);
    throw new Error(`A loop of extent ${of.extent} has no position here`);
  }

  /** By how much an axis is further here than where it has its position. */
  shiftOf(axis: Axis): { scope: Scope; by: number } | null {
    const by = this.shifts.get(axis);
    if (by !== undefined) return { scope: this, by };
    return this.parent?.shiftOf(axis) ?? null;
  }

  /** The beginning of the function. */
  root(): Scope {
    return this.parent?.root() ?? this;
  }

  private resultOf(node: Node): Value | Row | null {
    return this.results.get(node) ?? this.parent?.resultOf(node) ?? null;
  }

  /** Where an atom other than a loop is known. */
  homeOfAtom(atom: Exclude<IndexAtom, Loop>): Home {
    return "node" in atom
      ? this.homeOf(atom.node)
      : this.homeOfIndex(atom.index);
  }

  // Memory

  /** A number of this place that is computed when it is first asked for. */
  known(key: string, make: () => I32): I32 {
    let number = this.numbers.get(key);
    if (!number) this.numbers.set(key, number = this.code.let(make()));
    return number;
  }

  /** Where a buffer begins. */
  buffer(i: number): I32 {
    return this.root().known(
      `b${i}`,
      () => i32.load(i32.const(ARGUMENTS), 4 * i),
    );
  }

  /** Where the workspace begins. */
  workspace(): I32 {
    return this.buffer(this.form.buffers.length);
  }

  /** An index, of the first lane where they differ. */
  index(index: Index): I32 {
    return scalarIndex(this, index);
  }

  /** Where an element of a buffer is, of the first lane where they differ. */
  address(buffer: number, index: Index): Address {
    return addressOf(this, buffer, index);
  }

  /** An address of something of the kernel's own that begins at `start`. */
  addressAlong(start: I32, strides: readonly Stride[]): Address {
    return addressAlong(this, start, strides);
  }

  /** Computes all values, then stores them. */
  store(stores: readonly Store[], wide: boolean): void {
    const values = stores.map(({ value }) => this.value(value, wide));
    stores.forEach((store, i) => this.put(store, values[i]!, wide));
  }

  /** Stores a given value, or one a lane. */
  put(store: Store, value: Value, wide: boolean): void {
    if (wide) storeLanes(this, store, value as V128);
    else storeOne(this, store, value);
  }
}

function deepest(root: Scope, homes: readonly Home[]): Home {
  let scope = root;
  let varies = false;
  for (const home of homes) {
    if (home.scope.depth > scope.depth) scope = home.scope;
    varies ||= home.varies;
  }
  return { scope, varies };
}
