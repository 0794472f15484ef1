/** Nodes of a kernel body: what a kernel computes for one element. */

import type { DType } from "../dtype.ts";
import type { Index, Loop } from "./index.ts";

/** Scalar operations and roughly what each costs, in additions. */
export const SCALAR_OPS = {
  neg: 1,
  abs: 1,
  sign: 1,
  floor: 1,
  ceil: 1,
  round: 1,
  not: 1,
  isFinite: 1,
  isNan: 1,
  populationCount: 2,
  sqrt: 4,
  rsqrt: 6,
  cbrt: 12,
  exp: 10,
  exp2: 10,
  expm1: 12,
  log: 10,
  log1p: 12,
  logistic: 12,
  sin: 12,
  cos: 12,
  tan: 14,
  asin: 12,
  acos: 12,
  atan: 12,
  sinh: 14,
  cosh: 14,
  tanh: 12,
  asinh: 14,
  acosh: 14,
  atanh: 14,
  erf: 16,
  erfc: 18,
  erfInv: 20,
  add: 1,
  sub: 1,
  mul: 1,
  div: 4,
  rem: 6,
  max: 1,
  min: 1,
  pow: 20,
  atan2: 14,
  nextafter: 4,
  logAddExp: 24,
  and: 1,
  or: 1,
  xor: 1,
  shiftLeft: 1,
  shiftRightLogical: 1,
  shiftRightArithmetic: 1,
  eq: 1,
  ne: 1,
  lt: 1,
  le: 1,
  gt: 1,
  ge: 1,
  select: 1,
  cast: 1,
  bitcast: 0,
} as const; // deno-fmt-ignore

/** The closed set of operations on scalars that every backend spells. */
export type ScalarOp = keyof typeof SCALAR_OPS;

/** How a reduction combines two values; its identity is in `identityOf`. */
export type Reducer =
  | "add"
  | "mul"
  | "max"
  | "min"
  | "and"
  | "or"
  | "logAddExp";

/** A condition `0 <= index < extent` on the elements that an access reads. */
export interface Bound {
  readonly index: Index;
  readonly extent: number;
}

interface Common {
  readonly id: number;
  readonly dtype: DType;
  /** The loops that the value depends on. */
  readonly loops: ReadonlySet<Loop>;
  /** Cost of one evaluation in additions, without stages of its own. */
  readonly cost: number;
}

/** A number. */
export interface ConstNode extends Common {
  readonly op: "const";
  readonly value: number;
}

/** The value of an index, as int32. */
export interface IndexNode extends Common {
  readonly op: "index";
  readonly index: Index;
}

/** Element `offset` of a buffer; 0 where a bound does not hold. */
export interface LoadNode extends Common {
  readonly op: "load";
  /** Which of the kernel's buffers. */
  readonly buffer: number;
  readonly offset: Index;
  readonly bounds: readonly Bound[];
}

/** A scalar operation. Where dtypes differ (casts, comparisons), `dtype` is the result's. */
export interface ApplyNode extends Common {
  readonly op: ScalarOp;
  readonly args: readonly Node[];
}

/** `body` combined over inner loops; a stage of its own in a nest. */
export interface ReduceNode extends Common {
  readonly op: "reduce";
  readonly reducer: Reducer;
  readonly inner: readonly Loop[];
  /** Loops of the element that was asked for, whether the body uses them or not. */
  readonly outer: ReadonlySet<Loop>;
  readonly body: Node;
}

/** The sum of `left * right` over inner loops: the heart of a contract kernel. */
export interface ContractNode extends Common {
  readonly op: "contract";
  readonly inner: readonly Loop[];
  /** Loops of the element that was asked for, whether the operands use them or not. */
  readonly outer: ReadonlySet<Loop>;
  readonly left: Node;
  readonly right: Node;
}

/** A scalar value in the body of a kernel. */
export type Node =
  | ConstNode
  | IndexNode
  | LoadNode
  | ApplyNode
  | ReduceNode
  | ContractNode;

/** Whether a node is a scalar operation on others. */
export function isApplied(node: Node): node is ApplyNode {
  return node.op in SCALAR_OPS;
}

const NONE: readonly Node[] = [];

/** The nodes that `node` is computed from directly, within its own stage. */
export function operandsOf(node: Node): readonly Node[] {
  switch (node.op) {
    case "const":
    case "reduce":
    case "contract":
      return NONE;
    case "index":
      return dynamicNodes(node.index);
    case "load": {
      const { offset, bounds } = node;
      const nodes = dynamicNodes(offset);
      if (bounds.length === 0) return nodes;
      return [...nodes, ...bounds.flatMap((b) => dynamicNodes(b.index))];
    }
    default:
      return node.args;
  }
}

/** The nodes that an index is computed from. */
export function dynamicNodes(index: Index): readonly Node[] {
  let nodes = NONE;
  const { terms } = index;
  for (let i = 0; i < terms.length; i++) {
    const { atom } = terms[i]!;
    if ("node" in atom) nodes = [...nodes, atom.node];
    else if ("index" in atom) nodes = [...nodes, ...dynamicNodes(atom.index)];
  }
  return nodes;
}
