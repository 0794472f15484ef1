/** Builds the body of one kernel out of interned nodes. */

import type { DType } from "../dtype.ts";
import { simplified } from "./algebra.ts";
import { type Index, IndexSpace, type Loop } from "./index.ts";
import type { KernelBuffer } from "./kernel.ts";
import { type Cuts, LoopAxes, type LoopAxis } from "./loop_axes.ts";
import {
  type Bound,
  dynamicNodes,
  type Node,
  type Reducer,
  SCALAR_OPS,
  type ScalarOp,
} from "./scalar.ts";
import { identityOf } from "./semantics.ts";

/** A lowered value: what is element `index`? */
export type Source = (index: readonly Index[]) => Node;

/** Bounds that hold for the loads being made. */
interface BoundsInForce {
  readonly list: readonly Bound[];
  /** Identifies them: part of the key of a memoised value. */
  readonly key: string;
}

/** Makes the nodes, indices and loops of one kernel. */
export class KernelBuilder {
  readonly indices: IndexSpace = new IndexSpace();
  readonly buffers: KernelBuffer[] = [];
  private readonly nodes = new Map<string, Node>();
  private readonly axes: LoopAxes;
  private bounds: BoundsInForce = { list: [], key: "" };

  constructor(cuts: Cuts = new Map()) {
    this.axes = new LoopAxes(this.indices, cuts);
  }

  get nodeCount(): number {
    return this.nodes.size;
  }

  /** Identifies the bounds in force: part of the key of a memoised value. */
  get boundsKey(): string {
    return this.bounds.key;
  }

  // Values

  constant(value: number, dtype: DType): Node {
    const name = Object.is(value, -0) ? "-0" : value;
    const key = `c${name}:${dtype}`;
    return this.nodes.get(key) ?? this.added(key, {
      op: "const",
      dtype,
      value,
      loops: NO_LOOPS,
      cost: 0,
      id: this.nodes.size,
    });
  }

  apply(op: ScalarOp, dtype: DType, ...args: readonly Node[]): Node {
    const simpler = simplified(op, dtype, args);
    if (typeof simpler === "number") return this.constant(simpler, dtype);
    if (simpler) return simpler;
    let key = `${op}:${dtype}`;
    for (let i = 0; i < args.length; i++) key += `,${args[i]!.id}`;
    return this.nodes.get(key) ?? this.added(key, {
      op,
      dtype,
      args,
      loops: loopsOf(args),
      cost: SCALAR_OPS[op] + costOf(args),
      id: this.nodes.size,
    });
  }

  cast(x: Node, dtype: DType): Node {
    return x.dtype === dtype ? x : this.apply("cast", dtype, x);
  }

  load(buffer: number, offset: Index): Node {
    const key = `l${buffer}[${offset.id}]${this.boundsKey}`;
    const known = this.nodes.get(key);
    if (known) return known;
    const bounds = this.bounds.list;
    const indices = [offset, ...bounds.map((b) => b.index)];
    return this.added(key, {
      op: "load",
      dtype: this.buffers[buffer]!.dtype,
      buffer,
      offset,
      bounds,
      loops: loopsOf(indices),
      cost: costOf(indices.flatMap(dynamicNodes)),
      id: this.nodes.size,
    });
  }

  /** An index as a number. */
  value(index: Index, dtype: DType): Node {
    return this.cast(this.indexNode(index), dtype);
  }

  private indexNode(index: Index): Node {
    if (index.terms.length === 0) return this.constant(index.constant, "int32");
    const key = `i${index.id}`;
    return this.nodes.get(key) ?? this.added(key, {
      op: "index",
      dtype: "int32",
      index,
      loops: index.loops,
      cost: costOf(dynamicNodes(index)),
      id: this.nodes.size,
    });
  }

  /** A number as an index; `node` must lie in `[min, max]`. */
  dynamic(node: Node, min: number, max: number): Index {
    return this.indices.dynamic(node, min, max);
  }

  /** An integer as an index, clamped to `[0, max]`. */
  clamped(node: Node, max: number): Index {
    const low = this.apply(
      "max",
      node.dtype,
      node,
      this.constant(0, node.dtype),
    );
    const high = this.constant(max, node.dtype);
    return this.dynamic(this.apply("min", node.dtype, low, high), 0, max);
  }

  // Accesses that may be out of bounds

  /** Whether all bounds hold. Bounds that always hold are dropped. */
  inBounds(bounds: readonly Bound[]): Node {
    const tests = bounds.flatMap(({ index, extent }) => {
      const value = this.value(index, "int32");
      const compare = (op: "ge" | "lt", limit: number) =>
        this.apply(op, "bool", value, this.constant(limit, "int32"));
      return [
        ...(index.min < 0 ? [compare("ge", 0)] : []),
        ...(index.max >= extent ? [compare("lt", extent)] : []),
      ];
    });
    return tests.length === 0
      ? this.constant(1, "bool")
      : tests.reduce((x, y) => this.apply("and", "bool", x, y));
  }

  /** Evaluates `f` so that its loads are 0 wherever a bound does not hold. */
  within<T>(bounds: readonly Bound[], f: () => T): T {
    const outer = this.bounds;
    const isKnown = (b: Bound) =>
      outer.list.some((o) => o.index === b.index && o.extent === b.extent);
    const needed = bounds.filter((b) =>
      (b.index.min < 0 || b.index.max >= b.extent) && !isKnown(b)
    );
    const list = [...outer.list, ...needed];
    const key = list.map((b) => `${b.index.id}<${b.extent}`).join();
    this.bounds = { list, key };
    try {
      return f();
    } finally {
      this.bounds = outer;
    }
  }

  // Loops

  /** Combines `body` over axes of the given extents, at one index of the others. */
  reduce(
    reducer: Reducer,
    extents: readonly number[],
    outer: readonly Index[],
    body: (inner: readonly Index[]) => Node,
  ): Node {
    const axes = this.innerAxes(extents, outer);
    const value = body(axes.map((axis) => axis.index));
    if (extents.includes(0)) {
      return this.constant(identityOf(reducer, value.dtype), value.dtype);
    }
    const inner = axes.flatMap((axis) => axis.loops);
    const around = loopsOf(outer);
    const key = `r${reducer}(${ids(inner)};${ids(around)})${value.id}`;
    return this.nodes.get(key) ?? this.added(key, {
      op: "reduce",
      dtype: value.dtype,
      reducer,
      inner,
      outer: around,
      body: value,
      loops: loopsAround(inner, around, [value]),
      cost: 0,
      id: this.nodes.size,
    });
  }

  /** Sums products of two operands over axes: a contract kernel's heart. */
  contract(
    extents: readonly number[],
    outer: readonly Index[],
    body: (inner: readonly Index[]) => readonly [left: Node, right: Node],
  ): Node {
    const axes = this.innerAxes(extents, outer);
    const [left, right] = body(axes.map((axis) => axis.index));
    if (extents.includes(0)) return this.constant(0, left.dtype);
    const inner = axes.flatMap((axis) => axis.loops);
    const around = loopsOf(outer);
    const key = `x(${ids(inner)};${ids(around)})${left.id},${right.id}`;
    return this.nodes.get(key) ?? this.added(key, {
      op: "contract",
      dtype: left.dtype,
      inner,
      outer: around,
      left,
      right,
      loops: loopsAround(inner, around, [left, right]),
      cost: 0,
      id: this.nodes.size,
    });
  }

  /**
   * The first axes of these extents that `outer` does not use. Reductions that
   * do not nest thus share their loops, and equal bodies are one node.
   */
  innerAxes(
    extents: readonly number[],
    outer: readonly Index[],
  ): readonly LoopAxis[] {
    const bounded = this.bounds.list.map((b) => b.index);
    return this.axes.unused(extents, [...outer, ...bounded]);
  }

  /** Cuts that would turn the quotients met in this build into loops. */
  neededCuts(): Cuts {
    return this.axes.neededCuts();
  }

  // Index arithmetic

  shift(x: Index, by: number): Index {
    return this.indices.add(x, this.indices.constant(by));
  }

  /** Row-major position of an index into an array. */
  flatten(index: readonly Index[], shape: readonly number[]): Index {
    const strides = new Array<number>(shape.length);
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= shape[axis]!;
    }
    return this.indices.weighted(index, strides);
  }

  /** The index into an array of the element at a row-major position. */
  unflatten(flat: Index, shape: readonly number[]): readonly Index[] {
    let rest = flat;
    const index = shape.map(() => this.indices.constant(0));
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const extent = shape[axis]!;
      if (extent <= 1) continue;
      const isFirst = shape.slice(0, axis).every((e) => e <= 1);
      const quotient = this.indices.quotient(rest, extent);
      index[axis] = isFirst
        ? rest
        : this.indices.remainder(rest, extent, quotient);
      rest = quotient;
    }
    return index;
  }

  private added(key: string, node: Node): Node {
    this.nodes.set(key, node);
    return node;
  }
}

const NO_LOOPS: ReadonlySet<Loop> = new Set();

/** The loops of some nodes or indices; as a rule those of one are all. */
function loopsOf(
  parts: readonly { readonly loops: ReadonlySet<Loop> }[],
): ReadonlySet<Loop> {
  let all = NO_LOOPS;
  for (let i = 0; i < parts.length; i++) {
    const { loops } = parts[i]!;
    if (all.size === 0) all = loops;
    else if (loops !== all && !loops.isSubsetOf(all)) all = all.union(loops);
  }
  return all;
}

/** The loops of a stage over `inner` loops: of what was asked for, and of the bodies. */
function loopsAround(
  inner: readonly Loop[],
  outer: ReadonlySet<Loop>,
  bodies: readonly Node[],
): ReadonlySet<Loop> {
  const loops = new Set(outer);
  for (const body of bodies) for (const loop of body.loops) loops.add(loop);
  for (const loop of inner) loops.delete(loop);
  return loops;
}

function ids(loops: Iterable<Loop>): string {
  return Array.from(loops, (l) => l.id).join();
}

/** Saturates: shared operands are counted each time they are read. */
function costOf(nodes: readonly Node[]): number {
  let cost = 0;
  for (let i = 0; i < nodes.length; i++) cost += nodes[i]!.cost;
  return Math.min(1e6, cost);
}
