/** How the operands of a contraction can be read. */

import { DTYPES } from "../../../core/dtype.ts";
import { gcd } from "../../../core/gcd.ts";
import { Loop } from "../../../core/ir/index.ts";
import type { LoadNode, Node } from "../../../core/ir/scalar.ts";
import { Anatomy, type Axis, mergedAxes, strideOf } from "./axes.ts";
import type { InnerCut } from "./contract_cuts.ts";

/** Bytes after which places in the first cache repeat, and how many there are of each. */
const CACHE_WAY = 4096;
const CACHE_WAYS = 8;

/** One of the two operands. */
export interface Side {
  readonly node: Node;
  /** The axes of the result that it has for itself. */
  readonly axes: readonly Axis[];
  /** How many bytes apart its elements are, if it is read where it lies. */
  readonly direct: {
    readonly load: LoadNode;
    readonly outer: number;
    readonly inner: number;
  } | null;
  /** What is loaded, if it is read where it lies at distances that are listed. */
  readonly gathered: LoadNode | null;
}

/** How an operand is read, of which `copies` says in what buffer copies are: they need lists. */
export function sideOf(
  node: Node,
  axes: readonly Axis[],
  inner: InnerCut,
  copies: number,
): Side {
  const isCopy = node.op === "load" && node.buffer === copies;
  const direct = isCopy ? null : directOf(node, axes, inner);
  return { node, axes, direct, gathered: null };
}

/** Whether an operand is a load of neighbours as they are multiplied, at any place. */
function isPlainLoad(node: Node): node is LoadNode {
  return node.op === "load" && node.bounds.length === 0 &&
    ["float32", "float64", "int32", "uint32"].includes(node.dtype) &&
    node.offset.terms.every(({ atom }) => atom instanceof Loop);
}

function directOf(
  node: Node,
  axes: readonly Axis[],
  inner: InnerCut,
): Side["direct"] {
  if (!isPlainLoad(node)) return null;
  const { bytes } = DTYPES[node.dtype];
  const outer = evenStride(node, axes);
  const along = evenStride(node, inner.axes.slice(inner.at));
  if (outer === null || along === null) return null;
  if (along !== 0 && conflicts(along * bytes)) return null;
  return { load: node, outer: outer * bytes, inner: along * bytes };
}

/** The load of an operand, if its elements may be found by lists of distances. */
export function gatheredOf(node: Node, inner: InnerCut): LoadNode | null {
  if (!isPlainLoad(node)) return null;
  const { bytes } = DTYPES[node.dtype];
  const isConflicting = inner.axes.some((axis) => {
    const stride = strideOf(node.offset, axis) * bytes;
    return conflicts(stride) && isCrowded(stride, axis.extent);
  });
  return isConflicting ? null : node;
}

/** Whether what lies so far apart competes for one place of the first cache. */
function conflicts(bytes: number): boolean {
  return bytes % CACHE_WAY === 0;
}

/** Whether so many elements, so many bytes apart, do not find places in the first cache. */
export function isCrowded(bytes: number, count: number): boolean {
  if (bytes === 0) return false;
  return count * gcd(Math.abs(bytes), CACHE_WAY) > CACHE_WAYS * CACHE_WAY;
}

/** Whether blocks of an operand are copied. */
export function isPacked({ direct, gathered }: Side): boolean {
  return !direct && !gathered;
}

/** The stride of an access in the positions of some axes together, if there is one. */
export function evenStride(
  { offset }: Pick<LoadNode, "offset">,
  axes: readonly Axis[],
): number | null {
  const merged = mergedAxes(axes.flatMap((axis) => axis.loops), [offset]);
  if (merged.length > 1) return null;
  const stride = merged[0] ? strideOf(offset, merged[0]) : 0;
  return stride >= 0 ? stride : null;
}

/** How many loads of an operand read neighbours along an axis from far apart. */
export function scatteredLoads(node: Node, axis: Axis): number {
  const anatomy = new Anatomy();
  anatomy.addNode(node);
  return [...anatomy.nodes].filter((n) => {
    if (n.op !== "load") return false;
    const isMoved = axis.loops.some((loop) => n.loops.has(loop));
    return isMoved && Math.abs(strideOf(n.offset, axis)) !== 1;
  }).length;
}

/** Whether all that an operand reads is at sums of loops. */
export function isEven(node: Node): boolean {
  const anatomy = new Anatomy();
  anatomy.addNode(node);
  return [...anatomy.indices].every(({ terms }) =>
    terms.every(({ atom }) => atom instanceof Loop)
  );
}
