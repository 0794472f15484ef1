/**
 * Nests: parallel outer loops around stages.
 *
 * A phase runs some of the stages for all outer indices. Where there are too few
 * of these to keep threads busy, long reductions get phases of their own: each
 * makes partial results of chunks, which those after it put together.
 */

import { Loop } from "../../../core/ir/index.ts";
import type { Nest, Stage } from "../../../core/ir/kernel.ts";
import type { Node, ReduceNode } from "../../../core/ir/scalar.ts";
import { stagesWithin } from "../../../core/ir/schedule.ts";
import type { Range } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { identityValue, joined, rounded, widerDtype } from "./accumulators.ts";
import { type Axis, sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { type Columns, columnsOf, writeColumns } from "./columns.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { NestAxes } from "./nest_axes.ts";
import { ITEM_COST, loop } from "./phases.ts";
import { digitsOf, rangeOf } from "./positions.ts";
import { all, inVectors, oneByOne, type Positions } from "./ranges.ts";
import { readLines, rowLoads } from "./read_ahead.ts";
import { Row } from "./row.ts";
import type { Scope } from "./scope.ts";
import {
  costOf,
  groupsOf,
  loopsOf,
  type ReduceStage,
  rootsOf,
  type StageContext,
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
  private readonly axes: NestAxes;
  private readonly outer: readonly Axis[];
  private readonly partials: Partial[] = [];
  private chunk: { readonly axis: Axis; readonly positions: Positions } | null =
    null;
  private used = 0;
  private most = 0;
  private workspace = 0;

  constructor(private readonly kernel: Nest) {
    this.axes = new NestAxes(kernel);
    this.module = new KernelModule(kernel.buffers, this.axes.anatomy);
    this.outer = this.axesOf(kernel.loops);
  }

  write(): KernelCode {
    const { stages } = this.kernel;
    const { items, total } = this.workOf(stages);
    const isUnfair = items < FEW_ITEMS && total > FEW_ITEMS * ITEM_COST;
    if (isUnfair && this.mayBeCut()) this.writeInChunks();
    else this.writePhase(stages, null);
    return this.module.finish({
      workspace: this.workspace,
      scratch: this.most,
    });
  }

  // StageContext

  axesOf(loops: readonly Loop[]): readonly Axis[] {
    return this.axes.of(loops);
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
    return columnsOf(stages, (loops) => this.axesOf(loops));
  }

  /** Whether each reduction has an axis to cut, and none is inside of another. */
  private mayBeCut(): boolean {
    return this.kernel.stages.every((stage) =>
      stage.kind !== "reduce" ||
      (stage.stages.length === 0 && this.axesOf(loopsOf(stage)).length > 0)
    );
  }

  private writeInChunks(): void {
    const { stages } = this.kernel;
    // Rows only save recomputation; they do not live from phase to phase.
    const reductions = stages.filter((stage) => stage.kind === "reduce");
    for (const group of groupsOf(reductions)) this.writePartials(group);
    const stores = stages.filter((stage) => stage.kind === "store");
    this.writePhase(stores, this.chunksOf(stores));
  }

  /** Adds a phase that leaves partial results of reductions over the same loops. */
  private writePartials(group: readonly ReduceStage[]): void {
    const wider = group.map((stage): ReduceStage => {
      const { node } = stage;
      return { ...stage, node: { ...node, dtype: widerDtype(node.dtype) } };
    });
    const chunks = this.chunksOf(wider)!;
    const axes = [chunks.counter, ...this.outer];
    const partials = group.map(({ node }): Partial => {
      const at = this.workspace;
      this.workspace += Row.bytes(axes, widerDtype(node.dtype), false);
      return { node, chunks, at };
    });
    this.writePhase(wider, chunks, (place, wide) => {
      partials.forEach((partial, i) => {
        const value = place.value(wider[i]!.node, wide);
        this.rowOf(place, partial).store(place, value, wide);
      });
    });
    this.partials.push(...partials);
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
    const known = new Set<Node>(stagesWithin(stages.flatMap(rootsOf)));
    const partials = this.partials.filter(({ node }) => known.has(node));
    const write = (scope: Scope, unit: I32 | null) => {
      const counts = [
        ...(chunks ? [chunks.counter] : []),
        ...others,
        ...tiles,
      ];
      const digits = digitsOf(scope, unit, counts.map((c) => c.extent));
      if (chunks) this.enterChunk(scope, chunks, digits.shift() ?? null);
      others.forEach((axis) => scope.bind(axis, digits.shift() ?? null));
      const body = (places: readonly Scope[], wide: boolean) => {
        this.used = 0;
        for (const place of places) {
          for (const partial of partials) {
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
      const digits = digitsOf(
        inner,
        unit,
        [...others, ...tiles].map((c) => c.extent),
      );
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
