/**
 * Turns stores of scalar nodes into one kernel: which loops are outside, which
 * reductions become stages and in what order, which rows are kept.
 */

import type { KernelBuilder } from "./builder.ts";
import type { Loop } from "./index.ts";
import {
  type Contract,
  type Kernel,
  type Nest,
  nodesOfStore,
  type Stage,
  type Store,
} from "./kernel.ts";
import {
  type ContractNode,
  isApplied,
  type Node,
  operandsOf,
  type ReduceNode,
  SCALAR_OPS,
} from "./scalar.ts";

/** Reductions and contractions that cannot be part of this kernel. */
export class Unschedulable {
  constructor(readonly nodes: readonly Node[]) {}
}

/** A nest without outer loops runs on one core: only up to this many elements. */
const SERIAL_LIMIT = 1 << 16;
/** Rows longer than this are computed twice rather than kept. */
const ROW_LIMIT = 1 << 16;
/** What a node must cost before it is worth keeping in a row. */
const ROW_COST = 8;

/** A kernel that makes all `stores` over `loops`, or the nodes that prevent it. */
export function schedule(
  k: KernelBuilder,
  loops: readonly Loop[],
  stores: readonly Store[],
): Kernel | Unschedulable {
  const heads = stagesWithin(stores.flatMap(nodesOfStore));
  const contractions = contractionsIn(heads);
  if (contractions.length > 0) {
    return scheduleContract(k, loops, stores, heads, contractions);
  }
  return scheduleNest(k, loops, stores, heads as readonly ReduceNode[]);
}

function scheduleContract(
  k: KernelBuilder,
  loops: readonly Loop[],
  stores: readonly Store[],
  heads: readonly (ReduceNode | ContractNode)[],
  contractions: readonly ContractNode[],
): Contract | Unschedulable {
  const [node] = contractions;
  const isAlone = heads.length === 1 && heads[0] === node &&
    stagesWithin([node!.left, node!.right]).length === 0;
  const isWhole = loops.every((l) => l.extent === 1 || node!.loops.has(l));
  if (!isAlone || !isWhole) {
    const inOperands = contractions.flatMap((c) =>
      stagesWithin([c.left, c.right])
    );
    return new Unschedulable(inOperands.length > 0 ? inOperands : contractions);
  }
  const within = (operand: Node, loop: Loop) => operand.loops.has(loop);
  const { left, right } = node!;
  const real = loops.filter((l) => l.extent !== 1);
  return {
    kind: "contract",
    buffers: k.buffers,
    batch: real.filter((l) => within(left, l) && within(right, l)),
    rows: real.filter((l) => within(left, l) && !within(right, l)),
    columns: real.filter((l) => !within(left, l)),
    node: node!,
    stores,
  };
}

function scheduleNest(
  k: KernelBuilder,
  loops: readonly Loop[],
  stores: readonly Store[],
  heads: readonly ReduceNode[],
): Nest | Unschedulable {
  const real = loops.filter((l) => l.extent !== 1);
  // Reductions outside of every other decide which loops are outside.
  const widest = heads.reduce<ReadonlySet<Loop> | null>(
    (most, { loops }) => most && most.size >= loops.size ? most : loops,
    null,
  );
  const outer = real.filter((l) => !widest || widest.has(l));
  const inner = real.filter((l) => !outer.includes(l));
  const misplaced = heads.filter((r) => !sameLoops(r.loops, outer));
  if (misplaced.length > 0) return new Unschedulable(misplaced);
  const isSerial = outer.every((l) => l.extent === 1) && inner.length > 0;
  if (isSerial && product(inner) > SERIAL_LIMIT) {
    return new Unschedulable(heads);
  }

  const reductions = reduceStages(heads, outer);
  if (reductions instanceof Unschedulable) return reductions;
  const stages = withRows([
    ...reductions,
    ...stores.map((store): Stage => ({ kind: "store", loops: inner, store })),
  ], outer);
  return { kind: "nest", buffers: k.buffers, loops: outer, stages };
}

/** The loops around a place, and the stages that run there. */
interface Scope {
  readonly loops: readonly Loop[];
  readonly stages: Stage[];
  readonly placed: Set<Node>;
}

/** Stages for reductions, each in the scope whose loops are just its own. */
function reduceStages(
  heads: readonly ReduceNode[],
  outer: readonly Loop[],
): readonly Stage[] | Unschedulable {
  const root: Scope = { loops: outer, stages: [], placed: new Set() };
  const bad: Node[] = [];
  /** Places `node` in the innermost fitting scope of `chain`, innermost first. */
  const place = (node: ReduceNode, chain: readonly Scope[]): void => {
    const at = chain.findIndex((scope) => sameLoops(node.loops, scope.loops));
    if (at < 0) {
      bad.push(node);
      return;
    }
    const here = chain[at]!;
    if (here.placed.has(node)) return;
    here.placed.add(node);
    const inside: Scope = {
      loops: [...here.loops, ...node.inner],
      stages: [],
      placed: new Set(),
    };
    const around = [inside, ...chain.slice(at)];
    for (const r of stagesWithin([node.body])) place(r as ReduceNode, around);
    here.stages.push({ kind: "reduce", node, stages: inside.stages });
  };
  heads.forEach((node) => place(node, [root]));
  return bad.length > 0 ? new Unschedulable(bad) : root.stages;
}

/** Adds a row stage for each costly node that two stages share. */
function withRows(stages: readonly Stage[], outer: readonly Loop[]): Stage[] {
  const users = new Map<Node, number[]>();
  stages.forEach((stage, i) => {
    const loops = stageLoops(stage);
    if (loops.length === 0 || product(loops) > ROW_LIMIT) return;
    for (const node of rowCandidates(stage, [...outer, ...loops])) {
      const list = users.get(node);
      if (list) list.push(i);
      else users.set(node, [i]);
    }
  });
  const before = new Map<number, Node[]>();
  for (const [node, [first, second]] of users) {
    if (second === undefined) continue;
    before.set(first!, [...(before.get(first!) ?? []), node]);
  }
  return stages.flatMap((stage, i) => [
    ...(before.get(i) ?? []).map((node): Stage => ({
      kind: "row",
      node,
      loops: stageLoops(stage),
    })),
    stage,
  ]);
}

function stageLoops(stage: Stage): readonly Loop[] {
  const loops = stage.kind === "reduce" ? stage.node.inner : stage.loops;
  return loops.filter((l) => l.extent !== 1);
}

/** The outermost costly nodes of a stage that depend on all of its loops. */
function rowCandidates(
  stage: Stage,
  loops: readonly Loop[],
): ReadonlySet<Node> {
  const found = new Set<Node>();
  if (
    stage.kind === "row" || (stage.kind === "reduce" && stage.stages.length > 0)
  ) {
    return found;
  }
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const isWhole = node.op !== "load" && sameLoops(node.loops, loops);
    if (node.cost >= ROW_COST && isWhole && !isCheapTop(node)) found.add(node);
    else operandsOf(node).forEach(visit);
  };
  const roots = stage.kind === "reduce"
    ? [stage.node.body]
    : nodesOfStore(stage.store);
  roots.forEach(visit);
  return found;
}

/** Whether the costly part of a node lies below a cheap operation. */
function isCheapTop(node: Node): boolean {
  const below = [...new Set(operandsOf(node))].map((x) => x.cost);
  const own = isApplied(node) ? SCALAR_OPS[node.op] : 0;
  const beside = below.reduce((x, y) => x + y, 0) - Math.max(0, ...below);
  return own + beside < ROW_COST;
}

/** Reductions and contractions met first on the way down from `roots`. */
export function stagesWithin(
  roots: readonly Node[],
): readonly (ReduceNode | ContractNode)[] {
  const found = new Set<ReduceNode | ContractNode>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.op === "reduce" || node.op === "contract") found.add(node);
    else operandsOf(node).forEach(visit);
  };
  roots.forEach(visit);
  return [...found];
}

/** Each once, though reductions of reductions lead to it on many ways. */
function contractionsIn(
  heads: readonly (ReduceNode | ContractNode)[],
): readonly ContractNode[] {
  const found = new Set(heads);
  for (const head of found) { // which also visits what is added meanwhile
    if (head.op === "contract") continue;
    for (const inner of stagesWithin([head.body])) found.add(inner);
  }
  return [...found].filter((head) => head.op === "contract");
}

function sameLoops(loops: ReadonlySet<Loop>, scope: readonly Loop[]): boolean {
  const real = scope.filter((l) => l.extent !== 1);
  const own = [...loops].filter((l) => l.extent !== 1);
  return own.length === real.length && real.every((l) => loops.has(l));
}

function product(loops: readonly Loop[]): number {
  return loops.reduce((n, l) => n * l.extent, 1);
}
