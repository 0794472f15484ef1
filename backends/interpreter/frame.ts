/**
 * Evaluates nodes over blocks of indices: each value is a row of lanes, one
 * lane an index. A frame inside another adds loops to each lane of that one.
 */

import { readValue, type Storage } from "../../core/dtype.ts";
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
  private readonly loopValues = new Map<Loop, Lanes>();
  private hasResults = false;

  constructor(
    readonly buffers: readonly Storage[],
    readonly count: number,
    private readonly parent: Frame | null = null,
    /** The lane of the parent that each lane belongs to. */
    readonly parentLane: Int32Array | null = null,
  ) {}

  setLoop(loop: Loop, values: Lanes): void {
    this.loopValues.set(loop, values);
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
      values = new Float64Array(this.count).fill(index.constant);
      for (const { atom, stride } of index.terms) {
        const terms = this.evaluateAtom(atom);
        for (let i = 0; i < this.count; i++) values[i]! += stride * terms[i]!;
      }
      this.indices.set(index, values);
    }
    return values;
  }

  private evaluateAtom(atom: IndexAtom): Lanes {
    if (atom instanceof Loop) return this.loop(atom);
    if (atom instanceof Dynamic) return this.evaluate(atom.node);
    const { divisor } = atom;
    return this.evaluateIndex(atom.index).map((x) => Math.floor(x / divisor));
  }

  private loop(loop: Loop): Lanes {
    let values = this.loopValues.get(loop);
    if (!values) {
      values = this.spread(this.parent!.loop(loop));
      this.loopValues.set(loop, values);
    }
    return values;
  }

  /** What the frame around this one knows, for each lane. */
  private inherited(node: Node): Lanes | null {
    if (!this.parent) return null;
    const row = this.parent.rows.get(node);
    if (row) return this.readRow(row);
    // Even without loops of its own, a node may depend on a result set here.
    const isStage = node.op === "reduce" || node.op === "contract";
    const isOwn = (this.hasResults && !isStage) ||
      [...node.loops].some((l) =>
        this.loopValues.has(l) && !this.parent!.knows(l)
      );
    return isOwn || node.op === "const"
      ? null
      : this.spread(this.parent.evaluate(node));
  }

  private knows(loop: Loop): boolean {
    return this.loopValues.has(loop) || (this.parent?.knows(loop) ?? false);
  }

  private spread(values: Lanes): Lanes {
    const lanes = this.parentLane!;
    const out = new Float64Array(this.count);
    for (let i = 0; i < out.length; i++) out[i] = values[lanes[i]!]!;
    return out;
  }

  private readRow({ loops, values }: Row): Lanes {
    const positions = new Float64Array(this.parentLane!);
    for (const loop of loops) {
      const at = this.loop(loop);
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

/** Calls `visit` with frames that cover `loops` in each lane of `parent`, in order. */
export function forEachFrame(
  buffers: readonly Storage[],
  loops: readonly Loop[],
  parent: Frame | null,
  visit: (frame: Frame, start: number) => void,
  block = BLOCK,
): void {
  const inner = sizeOf(loops);
  const total = inner * (parent?.count ?? 1);
  for (let start = 0; start < total; start += block) {
    const count = Math.min(block, total - start);
    const lanes = new Int32Array(digits(count, start, inner, Infinity));
    const frame = new Frame(buffers, count, parent, lanes);
    let stride = 1;
    for (const loop of loops.toReversed()) {
      frame.setLoop(loop, digits(count, start, stride, loop.extent));
      stride *= loop.extent;
    }
    visit(frame, start);
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
