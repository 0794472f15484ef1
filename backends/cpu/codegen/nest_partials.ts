/** Partial results: what phases leave of reductions that are cut into chunks. */

import type { ReduceNode } from "../../../core/ir/scalar.ts";
import { i32 } from "../wasm/instructions.ts";
import { identityValue, joined, rounded, widerDtype } from "./accumulators.ts";
import type { Axis } from "./axes.ts";
import { all, oneByOne } from "./ranges.ts";
import { Row } from "./row.ts";
import type { Scope } from "./scope.ts";

/** Parts of equal size of one inner axis. */
export interface Chunks {
  readonly axis: Axis;
  readonly size: number;
  /** Counts the parts. */
  readonly counter: Axis;
}

/** A reduction whose partial results an earlier phase has left in the workspace. */
export interface Partial {
  readonly node: ReduceNode;
  readonly chunks: Chunks;
  /** The axes of the nest. */
  readonly outer: readonly Axis[];
  /** Where they begin in the workspace. */
  readonly at: number;
}

/** Where partial results lie: those of one chunk side by side. */
export function rowOf(place: Scope, { node, chunks, outer, at }: Partial): Row {
  const start = i32.add(place.workspace(), i32.const(at));
  const axes = [chunks.counter, ...outer];
  return new Row(start, axes, widerDtype(node.dtype), false);
}

/** Puts together what an earlier phase has left of a reduction. */
export function joinPartials(
  place: Scope,
  partial: Partial,
  wide: boolean,
): void {
  const { node, chunks } = partial;
  const sum = place.code.let(identityValue(place, node, wide));
  // The counter may be that of the chunk under way: this one is another axis.
  const counter = { ...chunks.counter };
  const row = rowOf(place, { ...partial, chunks: { ...chunks, counter } });
  const range = { axis: counter, positions: all(counter) };
  oneByOne([place], [range], ([inner]) => {
    const value = inner!.code.let(row.load(inner!, wide));
    inner!.code.set(sum, joined(inner!, node, sum, value, wide));
  });
  place.set(node, rounded(place, node, sum, wide));
}
