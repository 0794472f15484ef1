/** Writes the stages of a nest: reductions, rows and stores over inner loops. */

import { isFloating } from "../../../core/dtype.ts";
import type { Loop } from "../../../core/ir/index.ts";
import {
  nodesOfStore,
  type Stage,
  type Store,
} from "../../../core/ir/kernel.ts";
import {
  isApplied,
  type Node,
  operandsOf,
  SCALAR_OPS,
} from "../../../core/ir/scalar.ts";
import { stagesWithin } from "../../../core/ir/schedule.ts";
import type { I32 } from "../wasm/value.ts";
import { Accumulators, SplitAccumulators, type Sums } from "./accumulators.ts";
import { type Axis, sizeOf } from "./axes.ts";
import {
  type AxisRange,
  inBlocks,
  inVectors,
  oneByOne,
  type Positions,
  writtenOut,
} from "./ranges.ts";
import { Row } from "./row.ts";
import type { Scope } from "./scope.ts";

/** A stage that reduces. */
export type ReduceStage = Extract<Stage, { readonly kind: "reduce" }>;

/** What the writer of stages is told about the kernel. */
export interface StageContext {
  axesOf(loops: readonly Loop[]): readonly Axis[];
  /** Which axis runs in vectors where the outer ones do not. */
  vectorAxisOf(stages: readonly Stage[], axes: readonly Axis[]): Axis | null;
  /** Which positions of an axis to visit. */
  positionsOf(axis: Axis): Positions;
  /** Where the scratch memory begins that no one uses yet; takes `bytes` of it. */
  allocate(bytes: number): I32;
}

/** Loops of this many evaluations at most are written out. */
const UNROLL_LIMIT = 20;
/** Elements of one part of a long sum of floats. */
const SUM_BLOCK = 4096;

/** Writes stages at places that run in vectors already (`wide`) or do not. */
export function writeStages(
  context: StageContext,
  places: readonly Scope[],
  stages: readonly Stage[],
  wide: boolean,
): void {
  for (const group of groupsOf(stages)) {
    const [first] = group;
    const axes = context.axesOf(loopsOf(first!));
    if (axes.length === 0) writeHere(context, places, group, wide);
    else if (wide || isNested(first!)) {
      writeScalarLoops(context, places, group, axes, wide);
    } else {
      writeVectorLoops(context, places[0]!, group, axes);
    }
  }
}

/** The loops that a stage itself runs over. */
export function loopsOf(stage: Stage): readonly Loop[] {
  return stage.kind === "reduce" ? stage.node.inner : stage.loops;
}

/** What a stage evaluates at each index. */
export function rootsOf(stage: Stage): readonly Node[] {
  switch (stage.kind) {
    case "reduce":
      return [stage.node.body];
    case "row":
      return [stage.node];
    case "store":
      return nodesOfStore(stage.store);
  }
}

function isNested(stage: Stage): boolean {
  return stage.kind === "reduce" && stage.stages.length > 0;
}

/** Neighbours that run over the same loops and do not wait for each other. */
export function groupsOf<S extends Stage>(
  stages: readonly S[],
): readonly (readonly S[])[] {
  const groups: S[][] = [];
  for (const stage of stages) {
    const group = groups.at(-1);
    if (group && mayJoin(group, stage)) group.push(stage);
    else groups.push([stage]);
  }
  return groups;
}

function mayJoin(group: readonly Stage[], stage: Stage): boolean {
  if (isNested(stage) || group.some(isNested)) return false;
  const [loops, own] = [loopsOf(group[0]!), loopsOf(stage)].map((list) =>
    list.filter((l) => l.extent !== 1)
  );
  if (own!.length !== loops!.length) return false;
  if (!own!.every((loop, i) => loop === loops![i])) return false;
  const results = new Set<Node>(
    group.flatMap((s) => s.kind === "reduce" ? [s.node] : []),
  );
  return stagesWithin(rootsOf(stage)).every((node) => !results.has(node));
}

/** Stages without loops of their own. */
function writeHere(
  context: StageContext,
  places: readonly Scope[],
  group: readonly Stage[],
  wide: boolean,
): void {
  for (const place of places) {
    for (const stage of group) {
      if (stage.kind !== "reduce") continue;
      writeStages(context, [place], stage.stages, wide);
      const sum = new Accumulators(place, [stage], wide);
      sum.add(place, stage.node);
      sum.announce(place);
    }
    place.store(storesOf(group), wide);
  }
}

function storesOf(group: readonly Stage[]): readonly Store[] {
  return group.flatMap((s) => s.kind === "store" ? [s.store] : []);
}

/** The loops of a group one by one: lanes are indices of an outer loop, or there are none. */
function writeScalarLoops(
  context: StageContext,
  places: readonly Scope[],
  group: readonly Stage[],
  axes: readonly Axis[],
  wide: boolean,
): void {
  const rows = new Rows(context, group, axes, wide, places.length);
  const sums = places.map((place) => new Accumulators(place, group, wide));
  const body = (inner: readonly Scope[]) =>
    inner.forEach((place, i) => {
      for (const stage of group) {
        if (stage.kind === "reduce") {
          writeStages(context, [place], stage.stages, wide);
        }
      }
      writeBody(place, group, wide, rows.of(i), sums[i]!);
    });
  if (sizeOf(axes) * costOf(group) <= UNROLL_LIMIT) {
    writtenOut(places, axes, body);
  } else oneByOne(places, rangesOf(context, axes), body);
  places.forEach((place, i) => {
    rows.announce(place, i);
    sums[i]!.announce(place);
  });
}

/** The loops of a group with one axis in vectors. */
function writeVectorLoops(
  context: StageContext,
  place: Scope,
  group: readonly Stage[],
  axes: readonly Axis[],
): void {
  const axis = context.vectorAxisOf(group, axes);
  if (!axis) return writeScalarLoops(context, [place], group, axes, false);
  const rows = new Rows(context, group, axes, false, 1);
  const others = rangesOf(context, axes.filter((a) => a !== axis));
  const positions = context.positionsOf(axis);
  const write = (at: Scope, sums: SplitAccumulators, range: Positions) =>
    inVectors(at, axis, range, unrollOf(group), (inner, wide) => {
      inner.forEach((p, i) =>
        writeBody(p, group, wide, rows.of(0), sums.at(wide, i))
      );
    });
  if (isLongSum(group, axes)) {
    const totals = new Accumulators(place, group, false);
    oneByOne(
      [place],
      others,
      ([outer]) =>
        inBlocks(outer!, positions, SUM_BLOCK, (block, range) => {
          const sums = new SplitAccumulators(block, group, unrollOf(group));
          write(block, sums, range);
          sums.addTo(totals, block);
        }),
    );
    totals.announce(place);
  } else {
    const sums = new SplitAccumulators(place, group, unrollOf(group));
    oneByOne([place], others, ([outer]) => write(outer!, sums, positions));
    sums.announce(place);
  }
  rows.announce(place, 0);
}

/** Whether rounding errors of a sum would add up: then it is made of shorter ones. */
export function isLongSum(
  group: readonly Stage[],
  axes: readonly Axis[],
): boolean {
  return sizeOf(axes) > 2 * SUM_BLOCK &&
    group.some((s) =>
      s.kind === "reduce" && s.node.reducer === "add" &&
      isFloating(s.node.dtype)
    );
}

/** All positions that a context has of some axes. */
export function rangesOf(
  context: StageContext,
  axes: readonly Axis[],
): readonly AxisRange[] {
  return axes.map((axis) => ({ axis, positions: context.positionsOf(axis) }));
}

/**
 * How many vectors are under way at a time: as many as hide the latency of sums,
 * and share the addresses of what is loaded and stored.
 */
export function unrollOf(group: readonly Stage[]): number {
  const cost = costOf(group);
  if (cost > 40) return 1;
  return cost > 12 ? 2 : 4;
}

/** Rough additions of one evaluation; what stages share is computed once. */
export function costOf(group: readonly Stage[]): number {
  const known = new Set<Node>();
  let cost = group.length;
  const visit = (node: Node): void => {
    if (known.has(node)) return;
    known.add(node);
    if (isApplied(node)) cost += SCALAR_OPS[node.op];
    operandsOf(node).forEach(visit);
  };
  for (const stage of group) rootsOf(stage).forEach(visit);
  return cost;
}

function writeBody(
  place: Scope,
  group: readonly Stage[],
  wide: boolean,
  rows: ReadonlyMap<Stage, Row>,
  sums: Sums,
): void {
  const stores: Store[] = [];
  for (const stage of group) {
    switch (stage.kind) {
      case "reduce":
        sums.add(place, stage.node);
        break;
      case "row":
        rows.get(stage)!.store(place, place.value(stage.node, wide), wide);
        break;
      case "store":
        stores.push(stage.store);
    }
  }
  place.store(stores, wide);
}

/** The rows that a group of stages fills, one set for each place. */
class Rows {
  private readonly sets: Map<Stage, Row>[];

  constructor(
    context: StageContext,
    group: readonly Stage[],
    axes: readonly Axis[],
    isWide: boolean,
    places: number,
  ) {
    this.sets = Array.from({ length: places }, () => {
      const rows = new Map<Stage, Row>();
      for (const stage of group) {
        if (stage.kind !== "row") continue;
        const { dtype } = stage.node;
        const start = context.allocate(Row.bytes(axes, dtype, isWide));
        rows.set(stage, new Row(start, axes, dtype, isWide));
      }
      return rows;
    });
  }

  of(place: number): ReadonlyMap<Stage, Row> {
    return this.sets[place]!;
  }

  announce(place: Scope, at: number): void {
    for (const [stage, row] of this.sets[at]!) {
      if (stage.kind === "row") place.set(stage.node, row);
    }
  }
}
