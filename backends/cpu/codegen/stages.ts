/** Writes the stages of a nest: reductions, rows and stores over inner loops. */

import type { DType } from "../../../core/dtype.ts";
import { DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Loop } from "../../../core/ir/index.ts";
import {
  nodesOfStore,
  type Stage,
  type Store,
} from "../../../core/ir/kernel.ts";
import type { Node, ReduceNode } from "../../../core/ir/scalar.ts";
import { stagesWithin } from "../../../core/ir/schedule.ts";
import { identityOf } from "../../../core/ir/semantics.ts";
import { f32x4, f64x2, i8x16, v128 } from "../wasm/instructions.ts";
import type { I32, Local, V128, Value } from "../wasm/value.ts";
import { type Axis, sizeOf } from "./axes.ts";
import {
  lane,
  type LaneCount,
  scalarConst,
  scalarType,
  vectorConst,
} from "./lanes.ts";
import { fitted } from "./operation.ts";
import { combine } from "./operations.ts";
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

export function loopsOf(stage: Stage): readonly Loop[] {
  return stage.kind === "reduce" ? stage.node.inner : stage.loops;
}

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
function groupsOf(stages: readonly Stage[]): readonly (readonly Stage[])[] {
  const groups: Stage[][] = [];
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
function isLongSum(group: readonly Stage[], axes: readonly Axis[]): boolean {
  return sizeOf(axes) > 2 * SUM_BLOCK &&
    group.some((s) =>
      s.kind === "reduce" && s.node.reducer === "add" &&
      isFloating(s.node.dtype)
    );
}

function rangesOf(
  context: StageContext,
  axes: readonly Axis[],
): readonly AxisRange[] {
  return axes.map((axis) => ({ axis, positions: context.positionsOf(axis) }));
}

/** How many vectors are under way at a time: as many as hide the latency of sums. */
function unrollOf(group: readonly Stage[]): number {
  const hasSum = group.some((s) => s.kind === "reduce");
  const cost = costOf(group);
  if (cost > 40) return 1;
  return hasSum ? (cost > 12 ? 2 : 4) : (cost > 12 ? 1 : 2);
}

export function costOf(group: readonly Stage[]): number {
  return group.reduce(
    (sum, stage) => rootsOf(stage).reduce((n, node) => n + node.cost, sum + 1),
    0,
  );
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

/** What a body adds the values of its reductions to. */
interface Sums {
  add(place: Scope, node: ReduceNode): void;
}

/** One running result for each reduction of a group. */
class Accumulators implements Sums {
  private readonly locals = new Map<ReduceNode, Local>();
  /** Lanes in which a NaN was met, of largest and smallest floats. */
  private readonly notNumbers = new Map<ReduceNode, Local<"v128">>();

  constructor(
    place: Scope,
    group: readonly Stage[],
    private readonly wide: boolean,
  ) {
    const { code } = place;
    for (const stage of group) {
      if (stage.kind !== "reduce") continue;
      const { node } = stage;
      const start = identityValue(place, node, wide);
      this.locals.set(node, code.let(start));
      if (!wide || !isFloatExtremum(node)) continue;
      const none = vectorConst(code, 0, "int32");
      this.notNumbers.set(node, code.let(none));
    }
  }

  add(place: Scope, node: ReduceNode): void {
    this.addValue(place, node, place.value(node.body, this.wide));
  }

  addValue(place: Scope, node: ReduceNode, value: Value): void {
    const local = this.locals.get(node)!;
    const nans = this.notNumbers.get(node);
    if (nans) extend(place, node, local as Local<"v128">, value as V128, nans);
    else place.code.set(local, joined(place, node, local, value, this.wide));
  }

  /** The result so far. */
  of(place: Scope, node: ReduceNode): Value {
    const local = this.locals.get(node)!;
    const nans = this.notNumbers.get(node);
    if (!nans) return local;
    const nan = vectorConst(place.code, NaN, widerDtype(node.dtype));
    return place.code.let(v128.bitselect(nan, local as V128, nans));
  }

  announce(place: Scope): void {
    for (const node of this.locals.keys()) {
      const result = this.of(place, node);
      place.set(node, rounded(place, node, result, this.wide));
    }
  }
}

function isFloatExtremum({ reducer, dtype }: ReduceNode): boolean {
  return (reducer === "max" || reducer === "min") && isFloating(dtype);
}

/**
 * Takes one more vector into the largest or smallest so far. The instruction
 * that also propagates NaN is several of the machine: this is shorter.
 */
function extend(
  { code }: Scope,
  { reducer, dtype }: ReduceNode,
  local: Local<"v128">,
  value: V128,
  nans: Local<"v128">,
): void {
  const { pmax, pmin, ne } = dtype === "float64" ? f64x2 : f32x4;
  code.set(local, (reducer === "max" ? pmax : pmin)(local, value));
  code.set(nans, v128.or(nans, ne(value, value)));
}

/** What a reduction begins with. */
export function identityValue(
  { code }: Scope,
  { reducer, dtype }: ReduceNode,
  wide: boolean,
): Value {
  const start = identityOf(reducer, dtype);
  const wider = widerDtype(dtype);
  return wide ? vectorConst(code, start, wider) : scalarConst(start, wider);
}

/** Running results in several vectors and, for the rest, in a scalar. */
class SplitAccumulators {
  private readonly vectors: readonly Accumulators[];
  private readonly rest: Accumulators;
  private readonly nodes: readonly ReduceNode[];
  private hasRest = false;

  constructor(place: Scope, group: readonly Stage[], count: number) {
    this.nodes = group.flatMap((s) => s.kind === "reduce" ? [s.node] : []);
    this.vectors = Array.from(
      { length: count },
      () => new Accumulators(place, group, true),
    );
    this.rest = new Accumulators(place, group, false);
  }

  at(wide: boolean, i: number): Sums {
    this.hasRest ||= !wide;
    return wide ? this.vectors[i]! : this.rest;
  }

  /** Takes the results into others. */
  addTo(totals: Accumulators, place: Scope): void {
    for (const node of this.nodes) {
      totals.addValue(place, node, this.of(place, node));
    }
  }

  announce(place: Scope): void {
    for (const node of this.nodes) {
      place.set(node, rounded(place, node, this.of(place, node), false));
    }
  }

  private of(place: Scope, node: ReduceNode): Value {
    const { code, form: { lanes } } = place;
    const vector = this.vectors.map((v) => v.of(place, node)).reduce((x, y) =>
      code.let(joined(place, node, x, y, true))
    );
    const sum = acrossLanes(place, node, vector as V128, lanes);
    return this.hasRest
      ? code.let(joined(place, node, sum, this.rest.of(place, node), false))
      : sum;
  }
}

/** Combines the lanes of a vector: halves, then quarters. */
function acrossLanes(
  place: Scope,
  node: ReduceNode,
  vector: V128,
  lanes: LaneCount,
): Value {
  const { code } = place;
  const dtype = widerDtype(node.dtype);
  const width = scalarType(dtype) === "f64" ? 8 : 4;
  let x = vector;
  for (let half = lanes / 2; half >= 1; half /= 2) {
    const order = Array.from({ length: 16 }, (_, i) => (i + half * width) % 16);
    const moved = code.let(i8x16.shuffle(x, x, order));
    x = code.let(joined(place, node, x, moved, true) as V128);
  }
  return code.let(lane(x, 0, dtype));
}

/** Short floats and integers are combined in 32 bits, and rounded once. */
export function widerDtype(dtype: DType): DType {
  if (dtype === "bool" || DTYPES[dtype].bytes >= 4) return dtype;
  if (isFloating(dtype)) return "float32";
  return DTYPES[dtype].kind === "int" ? "int32" : "uint32";
}

export function joined(
  { code, form }: Scope,
  { reducer, dtype }: ReduceNode,
  x: Value,
  y: Value,
  wide: boolean,
): Value {
  const lanes = wide ? form.lanes : 1;
  return combine(reducer, widerDtype(dtype), { code, lanes }, [x, y]);
}

export function rounded(
  { code, form }: Scope,
  { dtype }: ReduceNode,
  value: Value,
  wide: boolean,
): Value {
  return code.let(
    fitted({ code, lanes: wide ? form.lanes : 1, to: dtype }, value),
  );
}
