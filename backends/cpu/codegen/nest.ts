/**
 * Nests: parallel outer loops around stages.
 *
 * A phase runs some of the stages for all outer indices. Where there are too few
 * of these to keep threads busy, long reductions get phases of their own: each
 * makes partial results of chunks, which those after it put together.
 */

import { Loop } from "../../../core/ir/index.ts";
import type { Nest, Stage } from "../../../core/ir/kernel.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import { stagesWithin } from "../../../core/ir/schedule.ts";
import type { Range } from "../wasm/function.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { widerDtype } from "./accumulators.ts";
import type { Axis } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { writeColumns } from "./columns.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { NestAxes } from "./nest_axes.ts";
import {
  type Chunks,
  joinPartials,
  type Partial,
  rowOf,
} from "./nest_partials.ts";
import { type NestShape, type Work, workOf } from "./nest_work.ts";
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
  unrollOf,
  writeStages,
} from "./stages.ts";
import type { Tile } from "./tiling.ts";
import { innerChoice } from "./vector_choice.ts";

/** With fewer items than this, long reductions are cut into chunks. */
const FEW_ITEMS = 8;
/** At most so many chunks: each costs an addition in every later phase. */
const MOST_CHUNKS = 256;

/** The code of a nest. */
export function nestCode(kernel: Nest): KernelCode {
  return new NestWriter(kernel).write();
}

/** Stages that run together, for all outer indices and all chunks. */
interface NestPhase {
  readonly stages: readonly Stage[];
  readonly chunks: Chunks | null;
  readonly work: Work;
  /** The results of earlier phases that the stages read. */
  readonly partials: readonly Partial[];
  /** What is done with the results of the stages besides storing them. */
  readonly finish: (place: Scope, wide: boolean) => void;
}

class NestWriter implements StageContext {
  private readonly module: KernelModule;
  private readonly axes: NestAxes;
  private readonly shape: NestShape;
  private readonly partials: Partial[] = [];
  private chunk: { readonly axis: Axis; readonly positions: Positions } | null =
    null;
  private used = 0;
  private most = 0;
  private workspace = 0;

  constructor(private readonly kernel: Nest) {
    this.axes = new NestAxes(kernel);
    this.module = new KernelModule(kernel.buffers, this.axes.anatomy);
    this.shape = {
      outer: this.axes.of(kernel.loops),
      lanes: this.module.form.lanes,
      axesOf: (loops) => this.axes.of(loops),
    };
  }

  write(): KernelCode {
    const { stages } = this.kernel;
    const { items, total } = workOf(stages, this.shape);
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
    const { outer } = this.shape;
    const axes = [chunks.counter, ...outer];
    const partials = group.map(({ node }): Partial => {
      const at = this.workspace;
      this.workspace += Row.bytes(axes, widerDtype(node.dtype), false);
      return { node, chunks, outer, at };
    });
    this.writePhase(wider, chunks, (place, wide) => {
      partials.forEach((partial, i) => {
        const value = place.value(wider[i]!.node, wide);
        rowOf(place, partial).store(place, value, wide);
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
    const { total } = workOf(stages, this.shape);
    const count = Math.min(MOST_CHUNKS, Math.floor(total / ITEM_COST));
    const size = Math.ceil(axis.extent / Math.max(1, count) / 64) * 64;
    const extent = Math.ceil(axis.extent / size);
    const counter = {
      extent,
      loops: [new Loop(extent, -1 - this.partials.length)],
    };
    return { axis, size, counter };
  }

  /** Adds a phase that runs stages for all outer indices, and all chunks. */
  private writePhase(
    stages: readonly Stage[],
    chunks: Chunks | null,
    finish: NestPhase["finish"] = () => {},
  ): void {
    const work = workOf(stages, this.shape, chunks?.counter.extent);
    const { units, perItem, items, itemCost } = work;
    const read = new Set<Node>(stagesWithin(stages.flatMap(rootsOf)));
    const partials = this.partials.filter(({ node }) => read.has(node));
    const phase = { stages, chunks, work, partials, finish };
    const write = (scope: Scope, unit: I32 | null) =>
      this.writeUnit(scope, unit, phase);
    this.module.phase({ items, cost: itemCost }, (scope, item) => {
      if (units === 1) return write(scope, null);
      if (perItem === 1) return write(scope, item);
      const from = scope.code.let(i32.mul(item, i32.const(perItem)));
      const next = scope.code.let(i32.add(from, i32.const(perItem)));
      const to = scope.code.let(smaller(next, i32.const(units)));
      if (!chunks) this.writeReadAhead(scope, { from, to }, work, stages);
      loop(scope, { from, to, nonEmpty: true }, write);
    });
  }

  private writeUnit(
    scope: Scope,
    unit: I32 | null,
    { stages, chunks, work, partials, finish }: NestPhase,
  ): void {
    const { columns, others, tiles } = work;
    const counts = [...(chunks ? [chunks.counter] : []), ...others, ...tiles];
    const digits = digitsOf(scope, unit, counts.map((c) => c.extent));
    if (chunks) this.enterChunk(scope, chunks, digits.shift() ?? null);
    others.forEach((axis) => scope.bind(axis, digits.shift() ?? null));
    const body = (places: readonly Scope[], wide: boolean) => {
      this.used = 0;
      for (const place of places) {
        for (const partial of partials) joinPartials(place, partial, wide);
      }
      writeStages(this, places, columns?.stores ?? stages, wide);
      for (const place of places) finish(place, wide);
    };
    if (columns) {
      const { axis, size } = tiles[0]!;
      const positions = rangeOf(scope, digits[0]!, size, axis.extent);
      writeColumns(this, scope, { axis, positions }, columns, body);
    } else this.writeTiles(scope, tiles, digits, stages, body);
    this.chunk = null;
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
      inVectors(inner!, last.axis, last.positions, outerUnroll(stages), body);
    });
  }
}

/** Vectors of outer indices that are under way together. */
function outerUnroll(stages: readonly Stage[]): number {
  const hasLoops = stages.some((s) => loopsOf(s).length > 0);
  return hasLoops ? unrollOf(stages) : costOf(stages) > 8 ? 1 : 2;
}
