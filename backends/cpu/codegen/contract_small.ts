/**
 * Contractions too small or too thin to be worth packing: nests whose elements
 * are sums of products. The nest finds which axis runs in vectors.
 */

import type { Contract, Nest } from "../../../core/ir/kernel.ts";
import {
  type ApplyNode,
  type ContractNode,
  isApplied,
  type Node,
  type ReduceNode,
} from "../../../core/ir/scalar.ts";
import type { KernelCode } from "./code.ts";
import { nestCode } from "./nest.ts";

/** The code of a contraction that reads its operands where they are. */
export function smallContractCode(kernel: Contract): KernelCode {
  return nestCode(nestOf(kernel));
}

function nestOf(
  { buffers, batch, rows, columns, node, stores }: Contract,
): Nest {
  const sum = sumOf(node);
  const renamed = new Renaming(node, sum);
  return {
    kind: "nest",
    buffers,
    loops: [...batch, ...rows, ...columns],
    stages: [
      { kind: "reduce", node: sum, stages: [] },
      ...stores.map((store) => ({
        kind: "store" as const,
        loops: [],
        store: { ...store, value: renamed.of(store.value) },
      })),
    ],
  };
}

function sumOf({ inner, outer, left, right, ...common }: ContractNode) {
  const product: ApplyNode = {
    op: "mul",
    args: [left, right],
    id: -1,
    dtype: common.dtype,
    loops: new Set([...left.loops, ...right.loops]),
    cost: left.cost + right.cost + 1,
  };
  const node: ReduceNode = {
    ...common,
    op: "reduce",
    reducer: "add",
    inner,
    outer,
    body: product,
  };
  return node;
}

/** Nodes in which one node stands in for another. */
class Renaming {
  private readonly known: Map<Node, Node>;

  constructor(from: Node, to: Node) {
    this.known = new Map([[from, to]]);
  }

  of(node: Node): Node {
    let renamed = this.known.get(node);
    if (!renamed) this.known.set(node, renamed = this.inside(node));
    return renamed;
  }

  private inside(node: Node): Node {
    if (!isApplied(node)) return node;
    const args = node.args.map((x) => this.of(x));
    return args.every((x, i) => x === node.args[i]) ? node : { ...node, args };
  }
}
