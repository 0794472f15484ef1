/**
 * Nests: parallel outer loops around stages.
 *
 * A phase runs some of the stages for all outer indices. Where there are too few
 * of these to keep threads busy, long reductions get phases of their own: each
 * makes partial results of chunks, which those after it put together.
 */

import { Loop } from "../../../core/ir/index.ts";
import {
  type Nest,
  nodesOfStore,
  type Stage,
} from "../../../core/ir/kernel.ts";
import type { ReduceNode } from "../../../core/ir/scalar.ts";
import { gcd } from "../../../core/gcd.ts";
import type { Range } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { type Columns, columnsOf, writeColumns } from "./columns.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { ITEM_COST, loop } from "./phases.ts";
import { all, inVectors, oneByOne, type Positions } from "./ranges.ts";
import { readLines, rowLoads } from "./read_ahead.ts";
import { Row } from "./row.ts";
import type { Scope } from "./scope.ts";
import {
  costOf,
  identityValue,
  joined,
  loopsOf,
  rootsOf,
  rounded,
  type StageContext,
  widerDtype,
  writeStages,
} from "./stages.ts";
import { columnTile, type Tile, tilingOf } from "./tiling.ts";
import {
  innerChoice,
  type VectorChoice,
  vectorChoice,
} from "./vector_choice.ts";

/** Rough nanoseconds of an addition. */
const ADDITION = 0.3;
/** With fewer items than this, long reductions are cut into chunks. */
const FEW_ITEMS = 8;
/** At most so many chunks: each costs an addition in every later phase. */
const MOST_CHUNKS = 256;

/** The code of a nest. */
export function nestCode(kernel: Nest): KernelCode {
  return new NestWriter(kernel).write();
}

type ReduceStage = Extract<Stage, { readonly kind: "reduce" }>;

/** Parts of equal size of one inner axis. */
interface Chunks {
  readonly axis: Axis;
  readonly size: number;
  /** Counts the parts. */
  readonly counter: Axis;
}

/** A reduction whose partial results an earlier phase has left in the workspace. */
interface Partial {
  readonly node: ReduceNode;
  readonly chunks: Chunks;
  /** Where they begin in the workspace. */
  readonly at: number;
}

/** How the indices of a phase are cut: units, some of which are an item. */
interface Work {
  /** The axis that runs in vectors, if it is an outer one. */
  readonly vector: Axis | null;
  readonly tiles: readonly Tile[];
  /** Outer axes that are not in tiles. */
  readonly others: readonly Axis[];
  readonly units: number;
  readonly perItem: number;
  readonly items: number;
  readonly itemCost: number;
  /** Rough nanoseconds of all of it. */
  readonly total: number;
}

class NestWriter implements StageContext {
  private readonly module: KernelModule;
  private readonly anatomy: Anatomy;
  private readonly axes = new Map<string, readonly Axis[]>();
  /** Equal axes are identical, so that a row's are found wherever it is read. */
  private readonly interned = new Map<string, Axis>();
  private readonly outer: readonly Axis[];
  private readonly mayJoin: (outer: Loop, inner: Loop) => boolean;
  private readonly partials: Partial[] = [];
  private chunk: { readonly axis: Axis; readonly positions: Positions } | null =
    null;
  private used = 0;
  private most = 0;
  private workspace = 0;

  constructor(private readonly kernel: Nest) {
    this.anatomy = anatomyOf(kernel);
    this.mayJoin = neighboursWhereverRead(kernel);
    this.module = new KernelModule(kernel.buffers, this.anatomy);
    this.outer = this.axesOf(kernel.loops);
  }

  write(): KernelCode {
    const { stages } = this.kernel;
    const whole = this.workOf(stages);
    if (whole.items < FEW_ITEMS && whole.total > FEW_ITEMS * ITEM_COST) {
      this.writeInChunks();
    } else this.writePhase(stages, null);
    return this.module.finish({
      workspace: this.workspace,
      scratch: this.most,
    });
  }

  // StageContext

  axesOf(loops: readonly Loop[]): readonly Axis[] {
    const key = keyOf(loops);
    let axes = this.axes.get(key);
    if (!axes) {
      axes = mergedAxes(loops, this.anatomy.indices, this.mayJoin)
        .map((axis) => this.intern(axis));
      this.axes.set(key, axes);
    }
    return axes;
  }

  private intern(axis: Axis): Axis {
    const key = keyOf(axis.loops);
    const known = this.interned.get(key) ?? axis;
    this.interned.set(key, known);
    return known;
  }

  vectorAxisOf(stages: readonly Stage[], axes: readonly Axis[]): Axis | null {
    return innerChoice(stages, axes, this.module.form.lanes).axis;
  }

  positionsOf(axis: Axis): Positions {
    return this.chunk?.axis === axis ? this.chunk.positions : all(axis);
  }

  allocate(bytes: number): I32 {
    const start = this.used;
    this.used += bytes;
    this.most = Math.max(this.most, this.used);
    return i32.add(this.module.scratch, i32.const(start));
  }

  // Phases

  private choiceFor(stages: readonly Stage[]): VectorChoice {
    return vectorChoice(
      stages,
      this.outer,
      (stage) => this.axesOf(loopsOf(stage)),
      this.module.form.lanes,
    );
  }

  /** How the outer indices are cut into units of work, and these into items. */
  private workOf(stages: readonly Stage[], chunks = 1): Work {
    const choice = this.choiceFor(stages);
    const cost = Math.max(choice.cost / chunks, 0.5) * ADDITION;
    const { lanes } = this.module.form;
    const columns = this.columnsOf(stages);
    const tiles = choice.outer
      ? columns
        ? [columnTile(choice.outer)]
        : tilingOf(stages, this.outer, choice.outer, cost, lanes)
      : [];
    const others = this.outer.filter((a) => tiles.every((t) => t.axis !== a));
    const units = sizeOf(others) * sizeOf(tiles) * chunks;
    const unitCost = tiles.reduce((c, t) => c * t.size, cost);
    const perItem = Math.max(1, Math.ceil(ITEM_COST / unitCost));
    return {
      vector: choice.outer,
      tiles,
      others,
      units,
      perItem,
      items: Math.ceil(units / perItem),
      itemCost: Math.ceil(Math.min(perItem, units) * unitCost),
      total: units * unitCost,
    };
  }

  private columnsOf(stages: readonly Stage[]): Columns | null {
    // Reductions that need the partial results of others are rare.
    if (this.partials.length > 0) return null;
    return columnsOf(stages, (loops) => this.axesOf(loops));
  }

  private writeInChunks(): void {
    // Rows only save recomputation; they do not live from phase to phase.
    const stages = this.kernel.stages.filter((s) => s.kind !== "row");
    const isLong = (stage: Stage): stage is ReduceStage =>
      stage.kind === "reduce" && stage.stages.length === 0 &&
      this.workOf([stage]).total > 2 * ITEM_COST;
    for (const stage of stages.filter(isLong)) this.writePartials(stage);
    const rest = stages.filter((stage) => !isLong(stage));
    const chunks = rest.every((stage) => stage.kind === "store")
      ? this.chunksOf(rest)
      : null;
    this.writePhase(rest, chunks);
  }

  private writePartials({ node, ...stage }: ReduceStage): void {
    const wider = { ...node, dtype: widerDtype(node.dtype) };
    const stages = [{ ...stage, node: wider }];
    const chunks = this.chunksOf(stages);
    if (!chunks) throw new Error("A reduction to be cut has no axis");
    const partial = { node, chunks, at: this.workspace };
    this.writePhase(stages, chunks, (place, wide) => {
      this.rowOf(place, partial).store(place, place.value(wider, wide), wide);
    });
    this.partials.push(partial);
    const axes = [chunks.counter, ...this.outer];
    this.workspace += Row.bytes(axes, wider.dtype, false);
  }

  /** How to cut stages that run over the same loops; `null` where they do not. */
  private chunksOf(stages: readonly Stage[]): Chunks | null {
    const [axes, ...others] = stages.map((s) => this.axesOf(loopsOf(s)));
    if (!axes || axes.length === 0 || others.some((o) => o !== axes)) {
      return null;
    }
    const axis = axes.reduce((x, y) => y.extent > x.extent ? y : x);
    const { total } = this.workOf(stages);
    const count = Math.min(MOST_CHUNKS, Math.floor(total / ITEM_COST));
    const size = Math.ceil(axis.extent / Math.max(1, count) / 64) * 64;
    const extent = Math.ceil(axis.extent / size);
    const counter = {
      extent,
      loops: [new Loop(extent, -1 - this.partials.length)],
    };
    return { axis, size, counter };
  }

  private rowOf(place: Scope, { node, chunks, at }: Partial): Row {
    const start = i32.add(place.workspace(), i32.const(at));
    return new Row(
      start,
      [chunks.counter, ...this.outer],
      widerDtype(node.dtype),
      false,
    );
  }

  /** Adds a phase that runs stages for all outer indices, and all chunks. */
  private writePhase(
    stages: readonly Stage[],
    chunks: Chunks | null,
    finish: (place: Scope, wide: boolean) => void = () => {},
  ): void {
    const work = this.workOf(stages, chunks?.counter.extent);
    const { units, perItem, others, tiles } = work;
    const columns = work.vector && this.columnsOf(stages);
    const write = (scope: Scope, unit: I32 | null) => {
      const counts = [
        ...(chunks ? [chunks.counter] : []),
        ...others,
        ...tiles,
      ];
      const digits = digitsOf(scope, unit, counts);
      if (chunks) this.enterChunk(scope, chunks, digits.shift() ?? null);
      others.forEach((axis) => scope.bind(axis, digits.shift() ?? null));
      const body = (places: readonly Scope[], wide: boolean) => {
        this.used = 0;
        for (const place of places) {
          for (const partial of this.partials) {
            this.joinPartials(place, partial, wide);
          }
        }
        writeStages(this, places, columns?.stores ?? stages, wide);
        for (const place of places) finish(place, wide);
      };
      const [tile] = tiles;
      if (columns) {
        const { axis, size } = tile!;
        const positions = rangeOf(scope, digits[0]!, size, axis.extent);
        writeColumns(this, scope, { axis, positions }, columns, body);
      } else this.writeTiles(scope, tiles, digits, stages, body);
      this.chunk = null;
    };
    this.module.phase(
      { items: work.items, cost: work.itemCost },
      (scope, item) => {
        if (units === 1) return write(scope, null);
        if (perItem === 1) return write(scope, item);
        const from = scope.code.let(i32.mul(item, i32.const(perItem)));
        const next = scope.code.let(i32.add(from, i32.const(perItem)));
        const to = scope.code.let(smaller(next, i32.const(units)));
        if (!chunks) this.writeReadAhead(scope, { from, to }, work, stages);
        loop(scope, { from, to, nonEmpty: true }, write);
      },
    );
  }

  /** Touches the rows that units will gather, before the first unit runs. */
  private writeReadAhead(
    scope: Scope,
    range: Pick<Range, "from" | "to">,
    { others, tiles }: Pick<Work, "others" | "tiles">,
    stages: readonly Stage[],
  ): void {
    const row = tiles.at(-1);
    const { buffers } = this.kernel;
    const loads = row ? rowLoads(stages, buffers, row.axis, row.size) : [];
    if (loads.length === 0) return;
    const sum = scope.code.let(i32.const(0));
    loop(scope, { ...range, nonEmpty: true }, (inner, unit) => {
      const digits = digitsOf(inner, unit, [...others, ...tiles]);
      others.forEach((axis, i) => inner.bind(axis, digits[i]!));
      tiles.forEach(({ axis, size }, i) => {
        const at = digits[others.length + i]!;
        inner.bind(axis, at && inner.code.let(i32.mul(at, i32.const(size))));
      });
      inner.code.set(sum, i32.add(sum, readLines(inner, loads)));
    });
    // The sum has no meaning; keeping it keeps the engine from dropping the loads.
    scope.code.do(i32.store(this.module.scratch, sum));
  }

  private enterChunk(scope: Scope, chunks: Chunks, at: I32 | null): void {
    const { axis, size, counter } = chunks;
    scope.bind(counter, at);
    const positions = rangeOf(scope, at, size, axis.extent);
    this.chunk = { axis, positions };
  }

  /** The innermost loops over outer axes: the last tile's axis runs in vectors. */
  private writeTiles(
    scope: Scope,
    tiles: readonly Tile[],
    digits: readonly (I32 | null)[],
    stages: readonly Stage[],
    body: (places: readonly Scope[], wide: boolean) => void,
  ): void {
    if (tiles.length === 0) return body([scope], false);
    const ranges = tiles.map(({ axis, size }, i) => ({
      axis,
      positions: rangeOf(scope, digits[i]!, size, axis.extent),
    }));
    const last = ranges.pop()!;
    oneByOne([scope], ranges, ([inner]) => {
      inVectors(inner!, last.axis, last.positions, unrollOf(stages), body);
    });
  }

  /** Puts together what an earlier phase has left of a reduction. */
  private joinPartials(place: Scope, partial: Partial, wide: boolean): void {
    const { node, chunks: { counter } } = partial;
    const sum = place.code.let(identityValue(place, node, wide));
    // The counter may be that of the chunk under way: this one is another axis.
    const own = {
      ...partial,
      chunks: { ...partial.chunks, counter: { ...counter } },
    };
    const row = this.rowOf(place, own);
    const range = { axis: own.chunks.counter, positions: all(counter) };
    oneByOne([place], [range], ([inner]) => {
      const value = inner!.code.let(row.load(inner!, wide));
      inner!.code.set(sum, joined(inner!, node, sum, value, wide));
    });
    place.set(node, rounded(place, node, sum, wide));
  }
}

/** Vectors of outer indices that are under way together. */
function unrollOf(stages: readonly Stage[]): number {
  const cost = costOf(stages);
  const hasLoops = stages.some((s) => loopsOf(s).length > 0);
  if (cost > 40) return 1;
  return hasLoops ? (cost > 12 ? 2 : 4) : (cost > 8 ? 1 : 2);
}

/** The positions of part number `at` of an axis. */
function rangeOf(
  { code }: Scope,
  at: I32 | null,
  size: number,
  extent: number,
): Positions {
  if (at === null) {
    return {
      from: 0,
      to: Math.min(size, extent),
      multiple: Math.min(size, extent),
    };
  }
  const from = code.let(i32.mul(at, i32.const(size)));
  const to = code.let(
    smaller(code.let(i32.add(from, i32.const(size))), i32.const(extent)),
  );
  const rest = extent % size;
  return { from, to, multiple: rest === 0 ? size : gcd(size, rest) };
}

/** Names the loops that run at all. */
function keyOf(loops: readonly Loop[]): string {
  return loops.filter((l) => l.extent !== 1).map((l) => l.id).join();
}

/** Whether two loops are neighbours, in this order, wherever a row is filled or read. */
function neighboursWhereverRead(
  { stages }: Nest,
): (outer: Loop, inner: Loop) => boolean {
  const flat = stages.flatMap(withStagesInside);
  if (!flat.some((s) => s.kind === "row")) return () => true;
  const lists = flat.map((s) => loopsOf(s).filter((l) => l.extent !== 1));
  return (outer, inner) =>
    lists.every((list) => {
      const at = list.indexOf(outer);
      return at < 0 ? !list.includes(inner) : list[at + 1] === inner;
    });
}

function withStagesInside(stage: Stage): readonly Stage[] {
  return stage.kind === "reduce"
    ? [stage, ...stage.stages.flatMap(withStagesInside)]
    : [stage];
}

function anatomyOf({ stages }: Nest): Anatomy {
  const anatomy = new Anatomy();
  const add = (stage: Stage): void => {
    rootsOf(stage).forEach((node) => anatomy.addNode(node));
    if (stage.kind === "reduce") stage.stages.forEach(add);
    if (stage.kind === "store") {
      anatomy.addIndex(stage.store.offset);
      nodesOfStore(stage.store).forEach((node) => anatomy.addNode(node));
    }
  };
  stages.forEach(add);
  return anatomy;
}

/** A position among all of `counts` as one in each of them. */
function digitsOf(
  { code }: Scope,
  position: I32 | null,
  counts: readonly { readonly extent: number }[],
): (I32 | null)[] {
  const digits: (I32 | null)[] = counts.map(() => null);
  const real = counts.flatMap(({ extent }, i) => extent === 1 ? [] : [i]);
  let rest = position;
  for (const i of real.toReversed()) {
    if (rest === null) break;
    if (i === real[0]) {
      digits[i] = rest;
      break;
    }
    const extent = i32.const(counts[i]!.extent);
    digits[i] = code.let(i32.rem_u(rest, extent));
    rest = code.let(i32.div_u(rest, extent));
  }
  return digits;
}
