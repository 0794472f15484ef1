/** Indices that a kernel loads: where parts of arrays begin. */

import { itemSize } from "../dtype.ts";
import type { KernelBuilder } from "../ir/builder.ts";
import type { Index } from "../ir/index.ts";
import type { Node } from "../ir/scalar.ts";

/** A loaded integer, clamped to `[0, max]`. */
export function clampedStart(k: KernelBuilder, node: Node, max: number): Index {
  return k.clamped(widened(k, node), max);
}

/** A loaded integer as it is, which may lie anywhere. */
export function anyStart(k: KernelBuilder, node: Node): Index {
  return k.dynamic(widened(k, node), -(2 ** 31), 2 ** 32 - 1);
}

/** The limits of an axis may not fit in a narrow integer. */
function widened(k: KernelBuilder, node: Node): Node {
  return itemSize(node.dtype) < 4 ? k.cast(node, "int32") : node;
}
