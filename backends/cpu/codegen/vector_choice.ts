/** Which axis of a nest runs in vectors: the one along which memory is read best. */

import type { Index } from "../../../core/ir/index.ts";
import { Dynamic, type Loop, Quotient } from "../../../core/ir/index.ts";
import type { Stage } from "../../../core/ir/kernel.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import { Anatomy, type Axis, sizeOf, strideOf } from "./axes.ts";
import { costOf, rootsOf } from "./stages.ts";
import type { LaneCount } from "./lanes.ts";

/** What a load or store lane by lane costs, in additions. */
const APART = 1.5;
/** What it costs to add up the lanes at the end of a reduction. */
const ACROSS = 12;

/** The best choice for a nest. */
export interface VectorChoice {
  /** The outer axis whose indices are the lanes, or `null`: stages choose their own. */
  readonly outer: Axis | null;
  /** Rough additions for one index of all outer axes. */
  readonly cost: number;
}

/** Compares running the lanes along each outer axis, and along inner ones. */
export function vectorChoice(
  stages: readonly Stage[],
  outer: readonly Axis[],
  axesOf: (stage: Stage) => readonly Axis[],
  lanes: LaneCount,
): VectorChoice {
  let best: VectorChoice = {
    outer: null,
    cost: innerCost(stages, axesOf, lanes),
  };
  for (const axis of outer) {
    const cost = outerCost(stages, axis, axesOf, lanes);
    // Of equals the last: it is where results lie side by side.
    if (cost <= best.cost) best = { outer: axis, cost };
  }
  return best;
}

/** The axis of some stages with the same loops that is best in vectors. */
export function innerChoice(
  stages: readonly Stage[],
  axes: readonly Axis[],
  lanes: LaneCount,
): { readonly axis: Axis | null; readonly cost: number } {
  const parts = partsOf(stages);
  let best: { axis: Axis | null; cost: number } = {
    axis: null,
    cost: parts.compute + parts.accesses.length,
  };
  for (const axis of axes) {
    const cost = costAlong(parts, axis, lanes);
    if (cost <= best.cost) best = { axis, cost };
  }
  return best;
}

function outerCost(
  stages: readonly Stage[],
  axis: Axis,
  axesOf: (stage: Stage) => readonly Axis[],
  lanes: LaneCount,
): number {
  return stages.reduce((sum, stage) => {
    const nested = stage.kind === "reduce"
      ? outerCost(stage.stages, axis, axesOf, lanes)
      : 0;
    const own = costAlong(partsOf([stage]), axis, lanes);
    return sum + sizeOf(axesOf(stage)) * (nested + own);
  }, 0);
}

function innerCost(
  stages: readonly Stage[],
  axesOf: (stage: Stage) => readonly Axis[],
  lanes: LaneCount,
): number {
  return stages.reduce((sum, stage) => {
    const axes = axesOf(stage);
    const nested = stage.kind === "reduce"
      ? innerCost(stage.stages, axesOf, lanes)
      : 0;
    const isNested = stage.kind === "reduce" && stage.stages.length > 0;
    const { axis, cost } = innerChoice([stage], isNested ? [] : axes, lanes);
    const across = axis && stage.kind === "reduce" ? ACROSS : 0;
    return sum + sizeOf(axes) * (nested + cost) + across;
  }, 0);
}

/** What one evaluation of some stages does. */
interface Parts {
  readonly compute: number;
  readonly accesses: readonly Index[];
}

const partsOfOne = new WeakMap<Stage, Parts>();

function partsOf(stages: readonly Stage[]): Parts {
  const [stage] = stages;
  if (!stage || stages.length > 1) return newParts(stages);
  let parts = partsOfOne.get(stage);
  if (!parts) partsOfOne.set(stage, parts = newParts(stages));
  return parts;
}

function newParts(stages: readonly Stage[]): Parts {
  const anatomy = new Anatomy();
  for (const node of stages.flatMap(rootsOf)) addUntilStages(anatomy, node);
  const accesses: Index[] = [];
  for (const node of anatomy.nodes) {
    if (node.op === "index") accesses.push(node.index);
    if (node.op !== "load") continue;
    accesses.push(node.offset, ...node.bounds.map((b) => b.index));
  }
  for (const s of stages) if (s.kind === "store") accesses.push(s.store.offset);
  return { compute: costOf(stages), accesses };
}

/** Nodes of other stages do not count: their results are there. */
function addUntilStages(anatomy: Anatomy, node: Node): void {
  if (node.op !== "reduce" && node.op !== "contract") anatomy.addNode(node);
}

/** Additions per evaluation when an axis runs in vectors and its rest does not. */
function costAlong(
  { compute, accesses }: Parts,
  axis: Axis,
  lanes: LaneCount,
): number {
  const scalar = compute + accesses.length;
  const vector = accesses.reduce(
    (sum, index) => sum + accessCost(index, axis, lanes),
    compute / lanes,
  );
  const rest = axis.extent % lanes;
  return ((axis.extent - rest) * vector + rest * scalar) / axis.extent;
}

/** What one lane of an access costs. */
function accessCost(index: Index, axis: Axis, lanes: LaneCount): number {
  if (!axis.loops.some((loop) => index.loops.has(loop))) return 0.1;
  if (isUneven(index, axis)) return APART + 1;
  const stride = Math.abs(strideOf(index, axis));
  return stride <= 1 ? 1 / lanes : APART;
}

function isUneven({ terms }: Index, { loops }: Axis): boolean {
  const moves = (inner: { readonly loops: ReadonlySet<Loop> }) =>
    loops.some((loop) => inner.loops.has(loop));
  return terms.some(({ atom }) =>
    (atom instanceof Quotient && moves(atom.index)) ||
    (atom instanceof Dynamic && moves(atom.node))
  );
}
