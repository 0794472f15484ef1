/** How counts are cut into parts, and the inner loops into blocks. */

import { type Axis, sizeOf } from "./axes.ts";

/** Positions of the inner loops for which operands are packed together. */
const INNER_BLOCK = 320;

/** A count that is cut into parts of one size; the last may be smaller. */
export interface Cut {
  readonly total: number;
  readonly size: number;
  readonly count: number;
}

/** The inner axes: those before `at` are fixed in a block, `at` is cut, the rest is whole. */
export interface InnerCut {
  readonly axes: readonly Axis[];
  readonly at: number;
  readonly cut: Cut;
  /** Blocks over all axes. */
  readonly blocks: number;
  /** Products per sum in a whole block. */
  readonly depth: number;
}

/** Blocks whose operands fit into caches: some positions of one axis, and all of those inside. */
export function innerCutOf(axes: readonly Axis[]): InnerCut {
  let depth = 1;
  for (let at = axes.length - 1; at >= 0; at--) {
    const { extent } = axes[at]!;
    if (depth * extent > INNER_BLOCK || at === 0) {
      const most = Math.max(1, Math.floor(INNER_BLOCK / depth));
      const cut = cutOf(extent, evenly(extent, most));
      const outer = sizeOf(axes.slice(0, at));
      return {
        axes,
        at,
        cut,
        blocks: outer * cut.count,
        depth: depth * cut.size,
      };
    }
    depth *= extent;
  }
  return { axes, at: 0, cut: cutOf(1, 1), blocks: 1, depth: 1 };
}

/** A count that is cut into parts of `size`. */
export function cutOf(total: number, size: number): Cut {
  return { total, size, count: Math.ceil(total / size) };
}

/** The size of equal parts of at most `most`, each a multiple of `step` but the last. */
export function evenly(total: number, most: number, step = 1): number {
  const parts = Math.ceil(total / Math.max(step, most));
  return Math.ceil(total / parts / step) * step;
}
