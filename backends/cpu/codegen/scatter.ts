/**
 * Scatter kernels. Updates of one element keep the order of the loops; threads
 * share the work along axes whose positions never meet in one element.
 */

import { DTYPES } from "../../../core/dtype.ts";
import { Loop } from "../../../core/ir/index.ts";
import { nodesOfStore, type Scatter } from "../../../core/ir/kernel.ts";
import type { Bound } from "../../../core/ir/scalar.ts";
import { i32 } from "../wasm/instructions.ts";
import type { FunctionRef } from "../wasm/module.ts";
import type { I32, Local } from "../wasm/value.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf, strideOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { loadScalar, loadVector } from "./lanes.ts";
import { combine } from "./operations.ts";
import { loop } from "./phases.ts";
import { bindAll } from "./positions.ts";
import { all, inVectors, type Positions } from "./ranges.ts";
import { isOwned } from "./scatter_owner.ts";
import { Scope } from "./scope.ts";

/** Fewer updates than this are not worth reading the indices more than once. */
const SHARED_SIZE = 1 << 15;
/** How many parts share the windows at most. */
const PARTS = 8;
/** Elements of a row of windows that a part has at least: two cache lines of float32. */
const PART = 32;
/** Elements in a cache line of float32, which threads do not share. */
const LINE = 16;
/** Vectors of a row that are written out: the fewer instructions, the more rows are under way. */
const UNROLL = 16;
/** Updates after which a call returns, so that the engine can put faster code in place. */
const CALL_SIZE = 1 << 14;
/** Rows that are read ahead: they fit in the nearest cache. */
const AHEAD_ROWS = 64;
/** Cache lines of a row that are read ahead; the machine guesses the rest. */
const AHEAD_LINES = 8;
const LINE_BYTES = 64;

/** The code of a scatter. */
export function scatterCode(kernel: Scatter): KernelCode {
  return new ScatterWriter(kernel).write();
}

/** Positions of an axis, a part for each item. */
interface Parts {
  readonly axis: Axis;
  readonly size: number;
  readonly count: number;
}

/** What is left to do at a place. */
interface Rest {
  readonly axes: readonly Axis[];
  readonly bounds: readonly Bound[];
  /** The loops that have positions. */
  readonly known: ReadonlySet<Loop>;
  /** Which positions of some axes to visit, if not all. */
  readonly positions: ReadonlyMap<Axis, Positions>;
  /** What rows are read into if they are only read. */
  readonly ahead: Local<"i32"> | null;
}

class ScatterWriter {
  private readonly module: KernelModule;
  /** Axes whose positions are items. */
  private readonly outer: readonly Axis[];
  /** The other axes, in order. */
  private readonly inner: readonly Axis[];
  private readonly parts: Parts | null;
  /** Cache lines that are read of each row before a call updates any. */
  private readonly linesAhead: number;

  constructor(private readonly kernel: Scatter) {
    const { store, bounds, loops, combine: how } = kernel;
    const anatomy = new Anatomy();
    nodesOfStore(store).forEach((node) => anatomy.addNode(node));
    for (const { index } of [...bounds, { index: store.offset }]) {
      anatomy.addIndex(index);
    }
    const { dtype } = store.value;
    this.module = new KernelModule(kernel.buffers, anatomy, [
      { op: how, dtype },
    ]);
    const axes = mergedAxes(loops, anatomy.indices);
    const owned = axes.map((axis) => isOwned(axis, store.offset));
    const first = owned.includes(false) ? owned.indexOf(false) : axes.length;
    // One axis is kept, to be run in vectors.
    const split = Math.min(first, axes.length - 1);
    [this.outer, this.inner] = split > 0
      ? [axes.slice(0, split), axes.slice(split)]
      : [[], axes];
    const shared = this.inner.find((axis) => owned[axes.indexOf(axis)]);
    this.parts = shared ? this.partsOf(shared) : null;
    this.linesAhead = this.linesToRead();
  }

  write(): KernelCode {
    const { module, outer, inner, parts } = this;
    if (sizeOf(this.kernel.loops) === 0) return module.finish();
    const size = sizeOf(inner);
    const count = parts?.count ?? 1;
    const cost = Math.ceil(size / count);
    const call = this.callFunction();
    module.phase({ items: sizeOf(outer) * count, cost }, ({ code }, item) => {
      const [first] = inner;
      if (!first || first === parts?.axis) {
        return code.do(call.run(item, i32.const(0), i32.const(0)));
      }
      const step = this.linesAhead > 0
        ? AHEAD_ROWS
        : Math.max(1, Math.ceil(CALL_SIZE / (size / first.extent)));
      const from = code.fn.local("i32");
      const range = { from: i32.const(0), to: i32.const(first.extent), step };
      code.for(from, range, (c) => {
        const end = c.let(i32.add(from, i32.const(step)));
        c.do(call.run(item, from, smaller(end, i32.const(first.extent))));
      });
    });
    return module.finish({ scratch: LINE_BYTES });
  }

  /**
   * Rows at random are as slow as the misses of the cache. A loop that only
   * reads has more of them under way than one that also adds: reading some rows
   * ahead makes the whole faster by a quarter. Stores alone wait for nothing.
   */
  private linesToRead(): number {
    const { inner, parts, kernel: { combine: how, store } } = this;
    const last = inner.at(-1);
    const isRow = inner.length === 2 && this.isEven(last!) &&
      inner[0] !== parts?.axis;
    if (how === "set" || !isRow) return 0;
    const size = parts?.axis === last
      ? last!.extent - (parts!.count - 1) * parts!.size
      : last!.extent;
    const bytes = size * DTYPES[store.value.dtype].bytes;
    return Math.min(AHEAD_LINES, Math.floor(bytes / LINE_BYTES));
  }

  /** How to share a window axis between threads, if that is worth it. */
  private partsOf(axis: Axis): Parts | null {
    const size = sizeOf(this.kernel.loops);
    if (size < SHARED_SIZE || sizeOf(this.outer) >= PARTS) return null;
    const isLast = axis === this.inner.at(-1);
    const most = Math.floor(axis.extent / (isLast ? PART : 1));
    const wanted = Math.ceil(axis.extent / Math.min(PARTS, most));
    const length = isLast ? Math.ceil(wanted / LINE) * LINE : wanted;
    const count = Math.ceil(axis.extent / length);
    return count > 1 ? { axis, size: length, count } : null;
  }

  /** A function that handles some positions of the first inner axis in one item. */
  private callFunction(): FunctionRef<null> {
    const { module, outer, inner, parts } = this;
    const signature = { params: ["i32", "i32", "i32"], result: null } as const;
    return module.module.function(signature, (fn) => {
      const [item, from, to] = fn.params as [
        Local<"i32">,
        Local<"i32">,
        Local<"i32">,
      ];
      const scope = Scope.root(module.form, fn.body);
      const positions = new Map<Axis, Positions>();
      if (inner[0]) positions.set(inner[0], { from, to, multiple: 1 });
      let number: I32 = item;
      if (parts) {
        const count = i32.const(parts.count);
        number = fn.body.let(i32.div_u(item, count));
        const part = fn.body.let(i32.rem_u(item, count));
        positions.set(parts.axis, positionsOf(scope, parts, part));
      }
      bindAll(scope, outer, number);
      const known = new Set(outer.flatMap((axis) => axis.loops));
      const { bounds } = this.kernel;
      const rest = { axes: inner, bounds, known, positions };
      if (this.linesAhead > 0) {
        const ahead = fn.body.let(i32.const(0));
        this.writeRest(scope, { ...rest, ahead });
        // Otherwise the engine would leave the reads out.
        fn.body.do(i32.store(module.scratch, ahead));
      }
      this.writeRest(scope, { ...rest, ahead: null });
    });
  }

  /** Conditions as soon as they are known, then the next axis. */
  private writeRest(scope: Scope, rest: Rest): void {
    const isReady = ({ index }: Bound) =>
      [...index.loops].every((l) => l.extent === 1 || rest.known.has(l));
    const ready = rest.bounds.filter(isReady);
    if (ready.length === 0) return this.writeLoop(scope, rest);
    const bounds = rest.bounds.filter((bound) => !ready.includes(bound));
    const isInside = ready.map(({ index, extent }) =>
      i32.lt_u(scope.index(index), i32.const(extent))
    ).reduce((x, y) => i32.and(x, y));
    const inside = scope.child();
    this.writeRest(inside, { ...rest, bounds });
    scope.code.if(isInside, (code) => code.append(inside.code));
  }

  private writeLoop(scope: Scope, { axes, known, ...rest }: Rest): void {
    const [axis, ...others] = axes;
    if (!axis) return this.update(scope, false);
    const positions = rest.positions.get(axis) ?? all(axis);
    if (others.length === 0 && rest.bounds.length === 0 && this.isEven(axis)) {
      if (rest.ahead) return this.readAhead(scope, axis, positions, rest.ahead);
      const unroll = this.unrollOf(axis, scope.form.lanes);
      return inVectors(scope, axis, positions, unroll, (places, wide) => {
        for (const place of places) this.update(place, wide);
      });
    }
    const { from, to } = positions;
    const range = {
      from: from === 0 ? i32.const(0) : from,
      to: typeof to === "number" ? i32.const(to) : to,
    };
    loop(scope, range, (inner, at) => {
      this.writeRest(inner.bind(axis, at), {
        ...rest,
        axes: others,
        known: new Set([...known, ...axis.loops]),
      });
    });
  }

  private readAhead(
    scope: Scope,
    axis: Axis,
    { from }: Positions,
    ahead: Local<"i32">,
  ): void {
    const { buffer, offset } = this.kernel.store;
    const { code } = scope;
    const start = scope.child(code).bind(axis, from === 0 ? null : from);
    const row = start.address(buffer, offset);
    for (let line = 0; line < this.linesAhead; line++) {
      const word = i32.load(row.base, row.offset + LINE_BYTES * line);
      code.set(ahead, i32.or(ahead, word));
    }
  }

  /** Whether neighbours along an axis update neighbours. */
  private isEven(axis: Axis): boolean {
    const { offset } = this.kernel.store;
    const dependsOnAxis = (loops: ReadonlySet<Loop>) =>
      axis.loops.some((l) => loops.has(l));
    return strideOf(offset, axis) === 1 &&
      offset.terms.every(({ atom }) =>
        atom instanceof Loop ||
        !dependsOnAxis("node" in atom ? atom.node.loops : atom.index.loops)
      );
  }

  /** Vectors that are written out: a whole row, if it is short enough. */
  private unrollOf(axis: Axis, lanes: number): number {
    const size = this.parts?.axis === axis ? this.parts.size : axis.extent;
    const vectors = Math.max(1, Math.floor(size / lanes));
    return Math.min(UNROLL, 2 ** Math.floor(Math.log2(vectors)));
  }

  private update(scope: Scope, wide: boolean): void {
    const { store, combine: how } = this.kernel;
    if (how === "set") return scope.store([store], wide);
    const { code, form: { lanes } } = scope;
    const { dtype } = store.value;
    const value = scope.value(store.value, wide);
    const { base, offset } = scope.address(store.buffer, store.offset);
    const present = code.let(
      wide
        ? loadVector(code, lanes, dtype, base, offset)
        : loadScalar(code, dtype, base, offset),
    );
    const given = { code, lanes: wide ? lanes : 1 } as const;
    const result = code.let(combine(how, dtype, given, [present, value]));
    scope.put(store, result, wide);
  }
}

/** The positions of a part; all parts but the last have whole cache lines. */
function positionsOf(
  { code }: Scope,
  { axis: { extent }, size }: Parts,
  part: I32,
): Positions {
  const from = code.let(i32.mul(part, i32.const(size)));
  const end = code.let(i32.add(from, i32.const(size)));
  const to = code.let(smaller(end, i32.const(extent)));
  return { from, to, multiple: extent % size || size };
}
