/** The closed set of kernel kinds: all that a backend must know how to run. */

import type { DType } from "../dtype.ts";
import type { Index, Loop } from "./index.ts";
import {
  type Bound,
  type ContractNode,
  dynamicNodes,
  type Node,
  type ReduceNode,
  type Reducer,
} from "./scalar.ts";

/** A buffer that a kernel reads or writes. */
export interface KernelBuffer {
  readonly dtype: DType;
  readonly size: number;
}

/** Writes `value` to element `offset` of a buffer, over the loops around it. */
export interface Store {
  readonly buffer: number;
  readonly offset: Index;
  readonly value: Node;
}

/** The nodes that a store computes: its value, and loads that its place needs. */
export function nodesOfStore({ value, offset }: Store): readonly Node[] {
  return [value, ...dynamicNodes(offset)];
}

/**
 * One part of a nest, run for every index of the outer loops, in order:
 * a reduction to a scalar, a row kept in scratch memory, or a store. A later
 * stage that meets the node of an earlier one reads its result.
 */
export type Stage =
  | {
    readonly kind: "reduce";
    readonly node: ReduceNode;
    /** Stages inside the reduction's own loops. */
    readonly stages: readonly Stage[];
  }
  | {
    readonly kind: "row";
    readonly node: Node;
    readonly loops: readonly Loop[];
  }
  | {
    readonly kind: "store";
    readonly loops: readonly Loop[];
    readonly store: Store;
  };

/** Parallel outer loops around a sequence of stages. */
export interface Nest {
  readonly kind: "nest";
  readonly buffers: readonly KernelBuffer[];
  readonly loops: readonly Loop[];
  readonly stages: readonly Stage[];
}

/**
 * A sum of products. Rows are the loops of the left operand, columns those of
 * the right one, batch those of both; the operands are functions of the loops,
 * evaluated while they are packed. Stores read the contraction's node: the
 * fused epilogue.
 */
export interface Contract {
  readonly kind: "contract";
  readonly buffers: readonly KernelBuffer[];
  readonly batch: readonly Loop[];
  readonly rows: readonly Loop[];
  readonly columns: readonly Loop[];
  readonly node: ContractNode;
  readonly stores: readonly Store[];
}

/** Running combination along one axis. */
export interface Cumulative {
  readonly kind: "cumulative";
  readonly buffers: readonly KernelBuffer[];
  readonly loops: readonly Loop[];
  readonly axis: Loop;
  readonly reducer: Reducer;
  readonly reverse: boolean;
  readonly store: Store;
}

/** Stable sort of several operands along one axis by the first `keys` of them. */
export interface Sort {
  readonly kind: "sort";
  readonly buffers: readonly KernelBuffer[];
  readonly loops: readonly Loop[];
  readonly axis: Loop;
  readonly keys: number;
  readonly stores: readonly Store[];
}

/** Combines values into elements of a buffer, in order of the loops. */
export interface Scatter {
  readonly kind: "scatter";
  readonly buffers: readonly KernelBuffer[];
  readonly loops: readonly Loop[];
  readonly combine: Reducer | "set";
  /** Values outside of these are dropped. */
  readonly bounds: readonly Bound[];
  readonly store: Store;
}

/** One kernel; every backend runs all kinds. */
export type Kernel = Nest | Contract | Cumulative | Sort | Scatter;
