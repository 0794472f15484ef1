/** Which buffers a kernel may overwrite with its results. */

import type { Index } from "./index.ts";
import { type Nest, nodesOfStore, type Stage } from "./kernel.ts";
import { type LoadNode, type Node, operandsOf } from "./scalar.ts";

/** How a nest reads a buffer. */
interface Reads {
  /** The one element that is read; `null` if there are others, or bounds. */
  readonly offset: Index | null;
  /** The last stage that reads. */
  readonly last: number;
}

/**
 * Buffers of a nest, read and written, such that writing in place is safe:
 * each element is read only where it is written, and not after that.
 */
export function inPlacePairs(
  { stages }: Nest,
): readonly (readonly [from: number, to: number])[] {
  const loads = stages.map(loadsOf);
  const reads = new Map<number, Reads>();
  loads.forEach((list, at) => {
    for (const { buffer, offset, bounds } of list) {
      const known = reads.get(buffer);
      const isSame = bounds.length === 0 && (!known || known.offset === offset);
      reads.set(buffer, { offset: isSame ? offset : null, last: at });
    }
  });
  return stages.flatMap((stage, at) => {
    if (stage.kind !== "store") return [];
    const { buffer, offset } = stage.store;
    const candidates = new Set(loads[at]!.map((load) => load.buffer));
    return [...candidates].filter((from) => {
      const known = reads.get(from)!;
      return from !== buffer && known.last === at && known.offset === offset;
    }).map((from) => [from, buffer] as const);
  });
}

function loadsOf(stage: Stage): readonly LoadNode[] {
  switch (stage.kind) {
    case "store":
      return loadsIn(nodesOfStore(stage.store));
    case "row":
      return loadsIn([stage.node]);
    case "reduce":
      return [...loadsIn([stage.node.body]), ...stage.stages.flatMap(loadsOf)];
    default:
      return stage satisfies never;
  }
}

function loadsIn(roots: readonly Node[]): readonly LoadNode[] {
  const found = new Set<LoadNode>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.op === "load") found.add(node);
    operandsOf(node).forEach(visit);
  };
  roots.forEach(visit);
  return [...found];
}
