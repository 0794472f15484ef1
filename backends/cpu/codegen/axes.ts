/** Loops that run as one: adjacent ones through which every index moves evenly. */

import {
  Dynamic,
  type Index,
  type Loop,
  Quotient,
} from "../../../core/ir/index.ts";
import type { Node } from "../../../core/ir/scalar.ts";

/** Positions are signed words, also some that follow the last: ends of chunks. */
const MOST_POSITIONS = 2 ** 31 - 2 ** 24;

/** One loop of the machine: loops of the kernel, the outermost first. */
export interface Axis {
  readonly loops: readonly Loop[];
  readonly extent: number;
}

/** How far an index moves in one step of an axis. */
export function strideOf(index: Index, { loops }: Axis): number {
  const last = loops.at(-1);
  return index.terms.find(({ atom }) => atom === last)?.stride ?? 0;
}

/**
 * Joins neighbours among `loops` wherever all of `indices` and `mayJoin` allow it.
 *
 * @throws {RangeError} If a loop has more positions than can be counted.
 */
export function mergedAxes(
  loops: readonly Loop[],
  indices: Iterable<Index>,
  mayJoin: (outer: Loop, inner: Loop) => boolean = () => true,
): readonly Axis[] {
  const all = [...indices];
  const axes: Axis[] = [];
  for (const loop of loops) {
    if (loop.extent === 1) continue;
    checkExtent(loop.extent);
    const next: Axis = { loops: [loop], extent: loop.extent };
    const last = axes.at(-1);
    const isEven = last && last.extent * loop.extent <= MOST_POSITIONS &&
      mayJoin(last.loops.at(-1)!, loop) &&
      all.every((index) =>
        strideOf(index, last) === strideOf(index, next) * loop.extent
      );
    if (isEven) axes.push(joined(axes.pop()!, next));
    else axes.push(next);
  }
  return axes;
}

function checkExtent(extent: number): void {
  if (extent <= MOST_POSITIONS) return;
  throw new RangeError(
    `Cannot run over ${extent} positions of one axis on device "cpu": it ` +
      `counts up to ${MOST_POSITIONS}. Reshape the array to have more axes`,
  );
}

function joined(outer: Axis, inner: Axis): Axis {
  return {
    loops: [...outer.loops, ...inner.loops],
    extent: outer.extent * inner.extent,
  };
}

/** How many positions some axes have together. */
export function sizeOf(axes: readonly { readonly extent: number }[]): number {
  return axes.reduce((n, { extent }) => n * extent, 1);
}

/** Every node and every index that some nodes and indices are made of. */
export class Anatomy {
  readonly nodes = new Set<Node>();
  readonly indices = new Set<Index>();

  addNode(node: Node): void {
    if (this.nodes.has(node)) return;
    this.nodes.add(node);
    switch (node.op) {
      case "const":
        break;
      case "index":
        this.addIndex(node.index);
        break;
      case "load":
        this.addIndex(node.offset);
        for (const { index } of node.bounds) this.addIndex(index);
        break;
      case "reduce":
        this.addNode(node.body);
        break;
      case "contract":
        this.addNode(node.left);
        this.addNode(node.right);
        break;
      default:
        for (const arg of node.args) this.addNode(arg);
    }
  }

  addIndex(index: Index): void {
    if (this.indices.has(index)) return;
    this.indices.add(index);
    for (const { atom } of index.terms) {
      if (atom instanceof Quotient) this.addIndex(atom.index);
      if (atom instanceof Dynamic) this.addNode(atom.node);
    }
  }
}
