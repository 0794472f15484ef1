/**
 * Reductions whose lanes are outer indices, over many rows of memory: rows are
 * read in order, a few at a time, and added to a row of results in scratch
 * memory. One column at a time would touch a new page with every addition.
 */

import type { Stage } from "../../../core/ir/kernel.ts";
import type { ReduceNode } from "../../../core/ir/scalar.ts";
import { stagesWithin } from "../../../core/ir/schedule.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32, Value } from "../wasm/value.ts";
import { identityValue, joined, rounded, widerDtype } from "./accumulators.ts";
import { type Axis, sizeOf } from "./axes.ts";
import {
  type AxisRange,
  type Body,
  inBlocks,
  inVectors,
  oneByOne,
} from "./ranges.ts";
import { Row } from "./row.ts";
import type { Scope } from "./scope.ts";
import {
  costOf,
  isLongSum,
  loopsOf,
  rangesOf,
  type ReduceStage,
  type StageContext,
} from "./stages.ts";

/** Rows read at a time. */
const ROWS = 8;
/** Rows of a long sum that are added up apart from the others. */
const ROW_BLOCK = 256 * ROWS;
/** Reductions of this cost hide latency by themselves: code is written once. */
const MUCH_CODE = 12;
/** With fewer rows, one column after the other is as good. */
const FEW_ROWS = 32;

/** A nest whose stages are such reductions, then stores. */
export interface Columns {
  readonly reductions: readonly ReduceStage[];
  readonly stores: readonly Stage[];
}

/** The stages as columns, or `null` where they are something else. */
export function columnsOf(
  stages: readonly Stage[],
  axesOf: StageContext["axesOf"],
): Columns | null {
  const reductions = stages.filter((s) => s.kind === "reduce");
  const stores = stages.filter((s) => s.kind === "store");
  const [first] = reductions;
  if (!first || reductions.length + stores.length < stages.length) return null;
  const isPlain =
    reductions.every((s) =>
      s.stages.length === 0 && stagesWithin([s.node.body]).length === 0 &&
      axesOf(s.node.inner) === axesOf(first.node.inner)
    ) && stores.every((s) => axesOf(loopsOf(s)).length === 0);
  const rows = sizeOf(axesOf(first.node.inner));
  return isPlain && rows >= FEW_ROWS ? { reductions, stores } : null;
}

/** Reduces the columns at some positions of an axis, then runs `finish` on them. */
export function writeColumns(
  context: StageContext,
  scope: Scope,
  columns: AxisRange,
  { reductions }: Columns,
  finish: Body,
): void {
  const { axis, positions } = columns;
  const totals = reduced(context, scope, columns, reductions);
  inVectors(scope, axis, positions, 1, (places, wide) => {
    for (const place of places) {
      for (const [node, row] of totals) {
        const sum = place.code.let(row.load(place, wide));
        place.set(node, rounded(place, node, sum, wide));
      }
    }
    finish(places, wide);
  });
}

/** Writes the loops over all rows; gives where the results lie then. */
function reduced(
  context: StageContext,
  scope: Scope,
  columns: AxisRange,
  reductions: readonly ReduceStage[],
): Results {
  const { axis, positions } = columns;
  const newResults = (): Results =>
    new Map(reductions.map(({ node }) => {
      const bytes = Row.bytes([axis], widerDtype(node.dtype), false);
      const start = context.allocate(bytes);
      return [node, rowFrom(scope, start, columns, node)];
    }));
  const unroll = costOf(reductions) > MUCH_CODE ? 1 : 2;
  const addRange = (place: Scope, range: AxisRange, to: Results) =>
    inGroups(place, range, (inner, count) => {
      inVectors(inner, axis, positions, unroll, (places, wide) => {
        for (const p of places) addRows(p, to, range.axis, count, wide);
      });
    });
  const axes = context.axesOf(reductions[0]!.node.inner);
  const ranges = [...rangesOf(context, axes)];
  const last = ranges.pop()!;
  const isBlocked = isLongSum(reductions, axes) &&
    last.axis.extent >= ROW_BLOCK;
  const totals = newResults();
  clear(scope, columns, totals);
  const parts = isBlocked ? newResults() : totals;
  oneByOne([scope], ranges, ([outer]) => {
    if (!isBlocked) return addRange(outer!, last, totals);
    inBlocks(outer!, last.positions, ROW_BLOCK, (block, rows) => {
      clear(block, columns, parts);
      addRange(block, { axis: last.axis, positions: rows }, parts);
      addResults(block, columns, parts, totals);
    });
  });
  return totals;
}

/** Where the results of columns lie, while rows are added to them. */
type Results = ReadonlyMap<ReduceNode, Row>;

/** Begins with results of no rows. */
function clear(
  scope: Scope,
  { axis, positions }: AxisRange,
  results: Results,
): void {
  inVectors(scope, axis, positions, 1, ([place], wide) => {
    for (const [node, row] of results) {
      row.store(place!, identityValue(place!, node, wide), wide);
    }
  });
}

/** Adds results of some rows to those of others. */
function addResults(
  scope: Scope,
  { axis, positions }: AxisRange,
  from: Results,
  to: Results,
): void {
  inVectors(scope, axis, positions, 1, ([place], wide) => {
    for (const [node, row] of from) {
      addTo(to.get(node)!, place!, node, row.load(place!, wide), wide);
    }
  });
}

/** A row of which only some positions exist, the first of them at `start`. */
function rowFrom(
  { code }: Scope,
  start: I32,
  { axis, positions: { from } }: AxisRange,
  { dtype }: ReduceNode,
): Row {
  const wider = widerDtype(dtype);
  const before = from === 0
    ? start
    : i32.sub(start, i32.mul(from, i32.const(wider === "float64" ? 8 : 4)));
  return new Row(code.let(before), [axis], wider, false);
}

/** Visits an axis a few positions at a time, then one by one. */
function inGroups(
  scope: Scope,
  { axis, positions: { from, to, multiple } }: AxisRange,
  add: (inner: Scope, count: number) => void,
): void {
  const { code } = scope;
  const end = typeof to === "number" ? i32.const(to) : to;
  const at = code.let(from === 0 ? i32.const(0) : from);
  for (const count of multiple % ROWS === 0 ? [ROWS] : [ROWS, 1]) {
    const inner = scope.child().bind(axis, at);
    add(inner, count);
    inner.code.set(at, i32.add(at, i32.const(count)));
    const last = code.let(i32.sub(end, i32.const(count)));
    code.while(() => i32.le_s(at, last), (c) => c.append(inner.code));
  }
}

/** Adds some neighbouring rows, two by two, and then to what is there. */
function addRows(
  place: Scope,
  results: Results,
  axis: Axis,
  count: number,
  wide: boolean,
): void {
  const places = count === 1 ? [place] : Array.from(
    { length: count },
    (_, i) => i === 0 ? place : place.shifted(axis, i),
  );
  for (const [node, row] of results) {
    let values: readonly Value[] = places.map((p) => p.value(node.body, wide));
    while (values.length > 1) {
      values = values.flatMap((x, i) =>
        i % 2 === 0
          ? [place.code.let(joined(place, node, x, values[i + 1]!, wide))]
          : []
      );
    }
    addTo(row, place, node, values[0]!, wide);
  }
}

function addTo(
  row: Row,
  place: Scope,
  node: ReduceNode,
  value: Value,
  wide: boolean,
): void {
  const before = place.code.let(row.load(place, wide));
  const after = joined(place, node, before, value, wide);
  row.store(place, place.code.let(after), wide);
}
