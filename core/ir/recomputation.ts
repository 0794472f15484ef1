/** How much of what a kernel computes it computes more than once. */

import type { Loop } from "./index.ts";
import { isApplied, type Node, operandsOf, SCALAR_OPS } from "./scalar.ts";

/** How often a nest over `loops` evaluates a node: loops up to the last that it uses. */
export function evaluationsOf(node: Node, loops: readonly Loop[]): number {
  let last = loops.length - 1;
  while (last >= 0 && !node.loops.has(loops[last]!)) last--;
  let evaluations = 1;
  for (let i = 0; i <= last; i++) evaluations *= loops[i]!.extent;
  for (const loop of node.loops) {
    if (!loops.includes(loop)) evaluations *= loop.extent;
  }
  return evaluations;
}

/** Additions beyond those of making each of `size` elements once. */
export function wasteOf(
  nodes: ReadonlySet<Node>,
  size: number,
  loops: readonly Loop[],
): number {
  const [first] = nodes;
  const once = conesOf([first!]);
  let waste = 0;
  for (const node of conesOf(nodes)) {
    if (!isApplied(node)) continue;
    const evaluations = evaluationsOf(node, loops);
    const needed = once.has(node) ? Math.min(evaluations, size) : 0;
    waste += SCALAR_OPS[node.op] * (evaluations - needed);
  }
  return waste;
}

/** Nodes and all that they are computed from within their own stages. */
function conesOf(nodes: Iterable<Node>): ReadonlySet<Node> {
  const cone = new Set<Node>();
  const visit = (node: Node): void => {
    if (cone.has(node)) return;
    cone.add(node);
    operandsOf(node).forEach(visit);
  };
  for (const node of nodes) visit(node);
  return cone;
}
