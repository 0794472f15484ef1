/** Contractions whose results lie in memory already: nests that finish them. */

import { itemSize } from "../../core/dtype.ts";
import { Index, type Loop } from "../../core/ir/index.ts";
import {
  type Contract,
  type Nest,
  nodesOfStore,
  type Store,
} from "../../core/ir/kernel.ts";
import { isApplied, type LoadNode, type Node } from "../../core/ir/scalar.ts";
import { Anatomy } from "./codegen/axes.ts";

/** A contraction in two parts. */
export interface Split {
  /** Where its sums go. */
  readonly sums: LoadNode;
  /** Bytes that they take in a buffer of their own, after those of the kernel. */
  readonly bytes: number;
  /** Reads them, and makes the stores of the contraction. */
  readonly epilogue: Nest;
}

/**
 * Takes a contraction apart: sums first, then what is computed from them. The
 * sums lie where one of the stores, the `host`, overwrites them at last, or in
 * a buffer of their own.
 */
export function splitContract(kernel: Contract, host: Store | null): Split {
  const { node, stores } = kernel;
  const loops = inOrderOfStore(kernel);
  const size = loops.reduce((n, { extent }) => n * extent, 1);
  const sums: LoadNode = {
    op: "load",
    id: -1,
    dtype: node.dtype,
    loops: new Set(loops),
    cost: 0,
    buffer: host?.buffer ?? kernel.buffers.length,
    offset: host?.offset ?? rowMajor(loops),
    bounds: [],
  };
  const own = host ? [] : [{ dtype: node.dtype, size }];
  const replaced = new Map<Node, Node>([[node, sums]]);
  const ordered = [
    ...stores.filter((store) => store !== host),
    // It may have nothing to do: other stores only read the sums.
    ...stores.filter((store) => store === host && store.value !== node),
  ];
  return {
    sums,
    bytes: own.length * size * itemSize(node.dtype),
    epilogue: {
      kind: "nest",
      buffers: [...kernel.buffers, ...own],
      loops,
      stages: ordered.map((store) => ({
        kind: "store",
        loops: [],
        store: { ...store, value: withNodes(store.value, replaced) },
      })),
    },
  };
}

/** Stores into buffers that could hold the sums before: nothing reads them. */
export function hostsOf(
  { node, stores, buffers }: Contract,
): readonly Store[] {
  const anatomy = new Anatomy();
  for (const root of [node, ...stores.flatMap(nodesOfStore)]) {
    anatomy.addNode(root);
  }
  const read = new Set(
    [...anatomy.nodes].map((n) => n.op === "load" ? n.buffer : -1),
  );
  return stores.filter(({ buffer }) =>
    buffers[buffer]!.dtype === node.dtype && !read.has(buffer)
  );
}

/** All loops, such that the first store goes through memory in order. */
function inOrderOfStore(
  { batch, rows, columns, stores }: Contract,
): readonly Loop[] {
  const { terms } = stores[0]!.offset;
  const stride = (loop: Loop) =>
    terms.find(({ atom }) => atom === loop)?.stride ?? 0;
  return [...batch, ...rows, ...columns]
    .toSorted((x, y) => stride(y) - stride(x));
}

function rowMajor(loops: readonly Loop[]): Index {
  let stride = 1;
  const terms = loops.toReversed().map((atom) => {
    const term = { atom, stride };
    stride *= atom.extent;
    return term;
  });
  return new Index(0, terms, -1);
}

/** A node with others in place of some that it is made of. */
function withNodes(node: Node, replaced: Map<Node, Node>): Node {
  let made = replaced.get(node);
  if (!made) {
    made = node;
    if (isApplied(node)) {
      const args = node.args.map((x) => withNodes(x, replaced));
      if (args.some((x, i) => x !== node.args[i])) made = { ...node, args };
    }
    replaced.set(node, made);
  }
  return made;
}
