/** The axes of a nest: which of its loops run as one. */

import type { Loop } from "../../../core/ir/index.ts";
import {
  type Nest,
  nodesOfStore,
  type Stage,
} from "../../../core/ir/kernel.ts";
import { Anatomy, type Axis, mergedAxes } from "./axes.ts";
import { loopsOf, rootsOf } from "./stages.ts";

/** Joins the loops of a nest. */
export class NestAxes {
  readonly anatomy: Anatomy;
  private readonly axes = new Map<string, readonly Axis[]>();
  /** Equal axes are identical, so that a row's are found wherever it is read. */
  private readonly interned = new Map<string, Axis>();
  private readonly mayJoin: (outer: Loop, inner: Loop) => boolean;

  constructor(kernel: Nest) {
    this.anatomy = anatomyOf(kernel);
    this.mayJoin = neighboursWhereverRead(kernel);
  }

  /** The axes that some neighbouring loops make. */
  of(loops: readonly Loop[]): readonly Axis[] {
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
