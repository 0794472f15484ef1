/**
 * Evaluates nodes over blocks of indices: each value is a row of lanes, one
 * lane an index. A frame inside another adds loops to each lane of that one.
 */

import { readValue, type Storage } from "../../core/storage.ts";
import {
  Dynamic,
  type Index,
  type IndexAtom,
  Loop,
} from "../../core/ir/index.ts";
import type { LoadNode, Node } from "../../core/ir/scalar.ts";
import { scalarFunction } from "../../core/ir/semantics.ts";

/** Lanes of one value. Every dtype but complex ones fits in float64. */
export type Lanes = Float64Array;

/** About how many indices are evaluated at a time. */
export const BLOCK = 2048;

/** A row of values that an earlier stage kept, over loops in order. */
interface Row {
  readonly loops: readonly Loop[];
  readonly values: Lanes;
}

/** A block of indices of the loops of `parent` and of some more. */
export class Frame {
  private readonly values = new Map<Node, Lanes>();
  private readonly indices = new Map<Index, Lanes>();
  private readonly rows = new Map<Node, Row>();
  private lanes: Int32Array | null = null;
  private hasResults = false;

  constructor(
    private readonly iteration: Iteration,
    /** Position of the first lane among all indices of the iteration. */
    private readonly start: number,
    readonly count: number,
  ) {}

  get buffers(): readonly Storage[] {
    return this.iteration.buffers;
  }

  /** The lane of the parent that each lane belongs to. */
  get parentLane(): Int32Array {
    const { size } = this.iteration;
    return this.lanes ??= new Int32Array(
      digits(this.count, this.start, size, Infinity),
    );
  }

  /** Makes `node` known, as the result of a stage. */
  set(node: Node, values: Lanes): void {
    this.values.set(node, values);
    this.hasResults = true;
  }

  setRow(node: Node, row: Row): void {
    this.rows.set(node, row);
  }

  evaluate(node: Node): Lanes {
    let values = this.values.get(node);
    if (!values) {
      values = this.inherited(node) ?? this.compute(node);
      this.values.set(node, values);
    }
    return values;
  }

  evaluateIndex(index: Index): Lanes {
    let values = this.indices.get(index);
    if (!values) {
      values = this.sumOfLoops(index);
      for (const { atom, stride } of index.terms) {
        if (atom instanceof Loop) continue;
        const terms = this.evaluateAtom(atom);
        for (let i = 0; i < values.length; i++) {
          values[i]! += stride * terms[i]!;
        }
      }
      this.indices.set(index, values);
    }
    return values;
  }

  /** The part of an index that is loops times strides. */
  sumOfLoops(index: Index): Lanes {
    const own = this.iteration.ownSum(index, this.start, this.count);
    const outer = this.iteration.outerSum(index);
    const values = new Float64Array(this.count);
    if (outer) {
      const lanes = this.parentLane;
      for (let i = 0; i < values.length; i++) {
        values[i] = own[i]! + outer[lanes[i]!]!;
      }
    } else {
      for (let i = 0; i < values.length; i++) {
        values[i] = own[i]! + index.constant;
      }
    }
    return values;
  }

  private evaluateAtom(atom: Exclude<IndexAtom, Loop>): Lanes {
    if (atom instanceof Dynamic) return this.evaluate(atom.node);
    const { divisor } = atom;
    return this.evaluateIndex(atom.index).map((x) => Math.floor(x / divisor));
  }

  /** What the frame around this one knows, for each lane. */
  private inherited(node: Node): Lanes | null {
    const { parent } = this.iteration;
    if (!parent) return null;
    const row = parent.rows.get(node);
    if (row) return this.readRow(row);
    // Even without loops of its own, a node may depend on a result set here.
    const isStage = node.op === "reduce" || node.op === "contract";
    const isOwn = (this.hasResults && !isStage) ||
      [...node.loops].some((l) => this.iteration.owns(l));
    return isOwn || node.op === "const"
      ? null
      : this.spread(parent.evaluate(node));
  }

  /** Whether a loop is one of this frame's or of those around it. */
  knows(loop: Loop): boolean {
    const { iteration } = this;
    return iteration.owns(loop) || (iteration.parent?.knows(loop) ?? false);
  }

  private spread(values: Lanes): Lanes {
    const lanes = this.parentLane;
    const out = new Float64Array(this.count);
    for (let i = 0; i < out.length; i++) out[i] = values[lanes[i]!]!;
    return out;
  }

  private readRow({ loops, values }: Row): Lanes {
    const positions = new Float64Array(this.parentLane);
    for (const loop of loops) {
      const at = this.iteration.digitsOf(loop, this.start, this.count);
      for (let i = 0; i < this.count; i++) {
        positions[i] = positions[i]! * loop.extent + at[i]!;
      }
    }
    return positions.map((at) => values[at]!);
  }

  private compute(node: Node): Lanes {
    switch (node.op) {
      case "const":
        return new Float64Array(this.count).fill(node.value);
      case "index":
        return this.evaluateIndex(node.index);
      case "load":
        return this.load(node);
      case "reduce":
      case "contract":
        throw new Error(`A stage is missing for a ${node.op} node`);
      default: {
        const [x, y = x, z = x] = node.args.map((a) => this.evaluate(a));
        const f = scalarFunction(node.op, node.args.at(-1)!.dtype, node.dtype);
        const out = new Float64Array(this.count);
        for (let i = 0; i < out.length; i++) out[i] = f(x![i]!, y![i]!, z![i]!);
        return out;
      }
    }
  }

  private load({ buffer, dtype, offset, bounds }: LoadNode): Lanes {
    const offsets = this.evaluateIndex(offset);
    const inside = new Uint8Array(this.count).fill(1);
    for (const { index, extent } of bounds) {
      const at = this.evaluateIndex(index);
      for (let i = 0; i < this.count; i++) {
        if (!(at[i]! >= 0 && at[i]! < extent)) inside[i] = 0;
      }
    }
    const storage = this.buffers[buffer]!;
    const out = new Float64Array(this.count);
    if (dtype === "bfloat16") {
      for (let i = 0; i < out.length; i++) {
        if (inside[i]) out[i] = readValue(storage, dtype, offsets[i]!);
      }
    } else {
      for (let i = 0; i < out.length; i++) {
        if (inside[i]) out[i] = storage[offsets[i]!]!;
      }
    }
    return out;
  }
}

/** The loops that some frames add to those of their parent, and what the frames share. */
class Iteration {
  readonly size: number;
  private readonly strides = new Map<Loop, number>();
  private readonly patterns = new Map<Index, Lanes>();
  private readonly outerSums = new Map<Index, Lanes | null>();

  constructor(
    readonly buffers: readonly Storage[],
    private readonly loops: readonly Loop[],
    readonly parent: Frame | null,
    private readonly block: number,
  ) {
    let stride = 1;
    for (const loop of loops.toReversed()) {
      this.strides.set(loop, stride);
      stride *= loop.extent;
    }
    this.size = stride;
  }

  owns(loop: Loop): boolean {
    return this.strides.has(loop);
  }

  digitsOf(loop: Loop, start: number, count: number): Lanes {
    return digits(count, start, this.strides.get(loop)!, loop.extent);
  }

  /** The sum of an index over the loops of this iteration, from `start` on. */
  ownSum(index: Index, start: number, count: number): Lanes {
    // Frames that start where all loops do see the same numbers.
    if (start % this.size !== 0) return this.sumFrom(index, start, count);
    let pattern = this.patterns.get(index);
    if (!pattern) {
      this.patterns.set(index, pattern = this.sumFrom(index, 0, this.block));
    }
    return pattern;
  }

  private sumFrom(index: Index, start: number, count: number): Lanes {
    const sum = new Float64Array(count);
    for (const { atom, stride } of index.terms) {
      if (!(atom instanceof Loop && this.owns(atom))) continue;
      const values = this.digitsOf(atom, start, count);
      for (let i = 0; i < count; i++) sum[i]! += stride * values[i]!;
    }
    return sum;
  }

  /** The rest of the sum and the constant, in the lanes of the parent; `null` if there is none. */
  outerSum(index: Index): Lanes | null {
    let sum = this.outerSums.get(index);
    if (sum === undefined) {
      const { parent } = this;
      const isOuter = index.terms.some(({ atom }) =>
        atom instanceof Loop && parent?.knows(atom)
      );
      sum = isOuter ? parent!.sumOfLoops(index) : null;
      this.outerSums.set(index, sum);
    }
    return sum;
  }
}

/** Calls `visit` with frames that cover `loops` in each lane of `parent`, in order. */
export function forEachFrame(
  buffers: readonly Storage[],
  loops: readonly Loop[],
  parent: Frame | null,
  visit: (frame: Frame, start: number) => void,
  most = BLOCK,
): void {
  const inner = sizeOf(loops);
  const total = inner * (parent?.count ?? 1);
  const block = inner > 0 && inner < most ? most - most % inner : most;
  const iteration = new Iteration(
    buffers,
    loops,
    parent,
    Math.min(block, total),
  );
  for (let start = 0; start < total; start += block) {
    visit(new Frame(iteration, start, Math.min(block, total - start)), start);
  }
}

/** `floor(i / stride) % extent` for `count` numbers `i` from `start` on. */
function digits(
  count: number,
  start: number,
  stride: number,
  extent: number,
): Lanes {
  const values = new Float64Array(count);
  let digit = Math.floor(start / stride) % extent;
  let position = start % stride;
  for (let i = 0; i < count; i++) {
    values[i] = digit;
    if (++position < stride) continue;
    position = 0;
    if (++digit === extent) digit = 0;
  }
  return values;
}

/** All values of a node over `loops` in each lane of `parent`. */
export function materialise(
  buffers: readonly Storage[],
  node: Node,
  loops: readonly Loop[],
  parent: Frame | null,
): Lanes {
  const values = new Float64Array(sizeOf(loops) * (parent?.count ?? 1));
  forEachFrame(buffers, loops, parent, (frame, start) => {
    values.set(frame.evaluate(node), start);
  });
  return values;
}

/** How many indices some loops have. */
export function sizeOf(loops: readonly Loop[]): number {
  return loops.reduce((n, loop) => n * loop.extent, 1);
}
