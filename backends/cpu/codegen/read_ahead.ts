/**
 * Rows whose place is known only from other values miss every cache, one after
 * the other. Reading a word of each of their lines some rows ahead, in a loop
 * that waits for none of them, lets the processor fetch many at a time.
 */

import { DTYPES } from "../../../core/dtype.ts";
import { Dynamic } from "../../../core/ir/index.ts";
import type { KernelBuffer, Stage } from "../../../core/ir/kernel.ts";
import type { LoadNode } from "../../../core/ir/scalar.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { Anatomy, type Axis, strideOf } from "./axes.ts";
import type { Scope } from "./scope.ts";
import { rootsOf } from "./stages.ts";

/** Bytes of a cache line. */
const LINE = 64;
/** A buffer of fewer bytes stays in the caches. */
const LARGE_BUFFER = 2 ** 20;
/** Longer rows are fetched well enough by the processor itself. */
const LONGEST_ROW = 2048;

/** A load of rows from places that other values decide. */
export interface RowLoad {
  readonly load: LoadNode;
  readonly bytes: number;
}

/** The loads of some stages that read `length` neighbours along `axis` somewhere. */
export function rowLoads(
  stages: readonly Stage[],
  buffers: readonly KernelBuffer[],
  axis: Axis,
  length: number,
): readonly RowLoad[] {
  const anatomy = new Anatomy();
  for (const node of stages.flatMap(rootsOf)) anatomy.addNode(node);
  return [...anatomy.nodes].flatMap((node) => {
    if (node.op !== "load" || node.bounds.length > 0) return [];
    const item = DTYPES[node.dtype].bytes;
    const isRow = strideOf(node.offset, axis) === 1 &&
      length * item <= LONGEST_ROW;
    const isLarge = buffers[node.buffer]!.size * item > LARGE_BUFFER;
    return isRow && isLarge && isSomewhere(node, axis)
      ? [{ load: node, bytes: length * item }]
      : [];
  });
}

function isSomewhere({ offset }: LoadNode, { loops }: Axis): boolean {
  const dynamic = offset.terms.flatMap(({ atom }) =>
    atom instanceof Dynamic ? [atom.node] : []
  );
  return dynamic.length > 0 &&
    dynamic.every((node) => !loops.some((loop) => node.loops.has(loop)));
}

/** Reads a word of each line that some loads will read at this place; gives their sum. */
export function readLines(scope: Scope, loads: readonly RowLoad[]): I32 {
  const words = loads.flatMap(({ load, bytes }) => {
    const { base, offset } = scope.address(load.buffer, load.offset);
    const lines = Math.ceil(bytes / LINE);
    return Array.from(
      { length: lines },
      (_, i) => i32.load(base, offset + Math.min(i * LINE, bytes - 4)),
    );
  });
  return words.reduce((x, y) => i32.add(x, y));
}
