/** Nests: parallel outer loops around stages. */

import type { Loop } from "../../../core/ir/index.ts";
import {
  type Nest,
  nodesOfStore,
  type Stage,
} from "../../../core/ir/kernel.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf } from "./axes.ts";
import type { KernelCode } from "./code.ts";
import { KernelModule, smaller } from "./kernel_module.ts";
import { inVectors } from "./ranges.ts";
import type { Scope } from "./scope.ts";
import {
  costOf,
  loopsOf,
  rootsOf,
  type StageContext,
  writeStages,
} from "./stages.ts";
import { innerChoice, vectorChoice } from "./vector_choice.ts";

/** Rough nanoseconds of work that an item should have. */
const ITEM_COST = 16_000;
/** Rough nanoseconds of a unit, the part of an item between two looks at the clock. */
const UNIT_COST = 2_000;
/** Rough nanoseconds of an addition. */
const ADDITION = 0.3;

/** The code of a nest. */
export function nestCode(kernel: Nest): KernelCode {
  return new NestWriter(kernel).write();
}

/** Positions of one outer axis that a unit covers, a tile of them at a time. */
interface Tiling {
  readonly axis: Axis;
  readonly tile: number;
  readonly tiles: number;
}

class NestWriter implements StageContext {
  private readonly module: KernelModule;
  private readonly anatomy: Anatomy;
  private readonly axes = new Map<string, readonly Axis[]>();
  private used = 0;
  private most = 0;

  constructor(private readonly kernel: Nest) {
    this.anatomy = anatomyOf(kernel);
    this.module = new KernelModule(kernel.buffers, this.anatomy);
  }

  write(): KernelCode {
    this.writeUnits();
    return this.module.finish({ scratch: this.most });
  }

  axesOf(loops: readonly Loop[]): readonly Axis[] {
    const key = loops.map((l) => l.id).join();
    let axes = this.axes.get(key);
    if (!axes) {
      axes = mergedAxes(loops, this.anatomy.indices);
      this.axes.set(key, axes);
    }
    return axes;
  }

  vectorAxisOf(stages: readonly Stage[], axes: readonly Axis[]): Axis | null {
    return innerChoice(stages, axes, this.module.form.lanes).axis;
  }

  allocate(bytes: number): I32 {
    const start = this.used;
    this.used += bytes;
    this.most = Math.max(this.most, this.used);
    return i32.add(this.module.scratch, i32.const(start));
  }

  /** One phase over all outer indices, cut into units of similar work. */
  private writeUnits(): void {
    const { stages } = this.kernel;
    const outer = this.axesOf(this.kernel.loops);
    const { lanes } = this.module.form;
    const choice = vectorChoice(
      stages,
      outer,
      (stage) => this.axesOf(loopsOf(stage)),
      lanes,
    );
    const cost = Math.max(choice.cost, 0.5) * ADDITION;
    const tiling = choice.outer && tilingOf(choice.outer, cost, lanes);
    const others = outer.filter((axis) => axis !== choice.outer);
    const units = sizeOf(others) * (tiling?.tiles ?? 1);
    const unitCost = cost * (tiling?.tile ?? 1);
    const perItem = Math.max(1, Math.ceil(ITEM_COST / unitCost));
    const items = Math.ceil(units / perItem);
    this.module.phase(
      { items, cost: Math.ceil(Math.min(perItem, units) * unitCost) },
      (scope, item) => {
        if (units === 1) return this.writeUnit(scope, others, tiling, null);
        const from = scope.code.let(i32.mul(item, i32.const(perItem)));
        const to = scope.code.let(
          smaller(
            scope.code.let(i32.add(from, i32.const(perItem))),
            i32.const(units),
          ),
        );
        const unit = scope.code.fn.local("i32");
        const inner = scope.child();
        this.writeUnit(inner, others, tiling, unit);
        scope.code.for(
          unit,
          { from, to, nonEmpty: true },
          (code) => code.append(inner.code),
        );
      },
    );
  }

  private writeUnit(
    scope: Scope,
    others: readonly Axis[],
    tiling: Tiling | null,
    unit: I32 | null,
  ): void {
    const counts = [...others, ...(tiling ? [{ extent: tiling.tiles }] : [])];
    const digits = digitsOf(scope, unit, counts);
    others.forEach((axis, i) => scope.bind(axis, digits[i]!));
    if (!tiling) return this.writeStages([scope], false);
    const { axis, tile, tiles } = tiling;
    const { code } = scope;
    const from = tiles === 1
      ? 0
      : code.let(i32.mul(digits.at(-1)!, i32.const(tile)));
    const to: I32 | number = from === 0 ? axis.extent : code.let(
      smaller(
        code.let(i32.add(from, i32.const(tile))),
        i32.const(axis.extent),
      ),
    );
    const multiple = axis.extent % tile === 0 ? tile : axis.extent % tile;
    inVectors(
      scope,
      axis,
      { from, to, multiple },
      this.unroll(),
      (places, wide) => this.writeStages(places, wide),
    );
  }

  /** Vectors of outer indices that are under way together. */
  private unroll(): number {
    const cost = costOf(this.kernel.stages);
    const hasLoops = this.kernel.stages.some((s) => loopsOf(s).length > 0);
    if (cost > 40) return 1;
    return hasLoops ? (cost > 12 ? 2 : 4) : (cost > 8 ? 1 : 2);
  }

  private writeStages(places: readonly Scope[], wide: boolean): void {
    this.used = 0;
    writeStages(this, places, this.kernel.stages, wide);
  }
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

function tilingOf(axis: Axis, cost: number, lanes: number): Tiling {
  const step = 4 * lanes;
  const wanted = Math.ceil(UNIT_COST / cost / step) * step;
  const tile = Math.min(axis.extent, wanted);
  return { axis, tile, tiles: Math.ceil(axis.extent / tile) };
}

/** A position among all of `counts` as one in each of them. */
function digitsOf(
  { code }: Scope,
  position: I32 | null,
  counts: readonly { readonly extent: number }[],
): readonly (I32 | null)[] {
  let rest = position;
  const digits: (I32 | null)[] = [];
  for (const { extent } of counts.toReversed()) {
    if (rest === null || extent === 1) {
      digits.push(null);
      continue;
    }
    const isLast = counts.length - digits.length === 1 ||
      counts.slice(0, counts.length - digits.length - 1)
        .every((c) => c.extent === 1);
    if (isLast) {
      digits.push(rest);
      rest = null;
    } else {
      digits.push(code.let(i32.rem_u(rest, i32.const(extent))));
      rest = code.let(i32.div_u(rest, i32.const(extent)));
    }
  }
  return digits.reverse();
}
