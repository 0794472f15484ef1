/**
 * Places in the code of a kernel where some loops have a position. A value is
 * computed once, and where it belongs (`homes.ts`): what an inner loop does not
 * change is written before it.
 */

import type { Index } from "../../../core/ir/index.ts";
import type { KernelBuffer, Store } from "../../../core/ir/kernel.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import { ARGUMENTS } from "../layout.ts";
import type { Code } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import { Homes } from "./homes.ts";
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

/** A place in the code. */
export class Scope {
  /** Where axes are and values belong. */
  readonly homes: Homes;
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
    this.homes = new Homes(this, parent?.homes ?? null);
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
    scope.homes.shift(axis, by);
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
    this.homes.bind(axis, at, isVector);
    if (shift !== 0) this.homes.shift(axis, shift);
    return this;
  }

  /** Makes the result of a stage known. */
  set(node: Node, result: Value | Row): void {
    this.homes.set(node, result);
  }

  // Values

  /** A node's value in all lanes or in one. */
  value(node: Node, wide: boolean): Value {
    return wide ? this.vector(node) : this.scalar(node);
  }

  scalar(node: Node): Value {
    if (node.op === "const") return scalarConst(node.value, node.dtype);
    const { scope } = this.homes.of(node);
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
    const { scope, varies } = this.homes.of(node);
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
    const result = this.homes.resultOf(node);
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

  /** The beginning of the function. */
  root(): Scope {
    return this.parent?.root() ?? this;
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
