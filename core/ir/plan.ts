/** Which memory each buffer of a Program lives in, and until when. */

import { itemSize } from "../dtype.ts";
import type { KernelBuffer, Nest, Stage, Store } from "./kernel.ts";
import type { BufferId, LoopStep, Program, Step } from "./program.ts";
import {
  dynamicNodes,
  type LoadNode,
  type Node,
  operandsOf,
} from "./scalar.ts";

/** A Program whose buffers have no memory yet. */
export interface Unplanned
  extends Pick<Program, "inputs" | "donated" | "outputs" | "steps"> {
  readonly buffers: readonly KernelBuffer[];
}

/** When a buffer is in use, in steps from the start of the Program. */
interface Life {
  first: number;
  last: number;
}

/** A step at which `to` could take over the memory of `from`. */
interface Takeover {
  readonly from: BufferId;
  readonly to: BufferId;
  readonly time: number;
  /** The loops around the step. */
  readonly loops: readonly LoopStep[];
}

/** Gives each buffer a slot; removes copies whose memory is taken over. */
export function plan(program: Unplanned): Program {
  const uses = new Uses(program);
  const owners = new Owners(program, uses);
  for (const takeover of uses.takeovers) owners.tryMerge(takeover);
  const { slots, slotOf } = assignSlots(program, uses, owners);
  const settle = (steps: readonly Step[]): Step[] =>
    steps.flatMap((step): Step[] => {
      switch (step.kind) {
        case "kernel":
          return [step];
        case "copy":
          return slotOf(step.from) === slotOf(step.to) ? [] : [step];
        case "branch":
          return [{ ...step, branches: step.branches.map(settle) }];
        case "loop":
          return [{
            ...step,
            condition: step.condition &&
              { ...step.condition, steps: settle(step.condition.steps) },
            body: settle(step.body),
            carries: step.carries.filter((c) =>
              slotOf(c.current) !== slotOf(c.next)
            ),
          }];
        default:
          return step satisfies never;
      }
    });
  return {
    ...program,
    buffers: program.buffers.map((b, id) => ({ ...b, slot: slotOf(id) })),
    slots,
    steps: settle(program.steps),
  };
}

/** Walks the steps in order and notes when each buffer is used. */
class Uses {
  /** First and last use, in order of the walk. */
  readonly own = new Map<BufferId, Life>();
  /** As `own`, stretched over loops that need the value throughout. */
  readonly whole = new Map<BufferId, Life>();
  /** Last use of a carry in the body of its loop. */
  readonly lastInBody = new Map<LoopStep, ReadonlyMap<BufferId, number>>();
  readonly takeovers: Takeover[] = [];
  private clock = 0;

  constructor({ inputs, outputs, donated, steps }: Unplanned) {
    inputs.forEach((id, i) => {
      this.touch(id, -1);
      if (!donated[i]) this.touch(id, Infinity);
    });
    this.walk(steps, []);
    for (const id of outputs) this.touch(id, Infinity);
    for (const [id, life] of this.own) {
      stretch(this.whole, id, life.first, life.last);
    }
  }

  private touch(id: BufferId, time: number): void {
    stretch(this.own, id, time, time);
  }

  private walk(steps: readonly Step[], loops: readonly LoopStep[]): void {
    for (const step of steps) {
      const time = ++this.clock;
      switch (step.kind) {
        case "kernel":
          for (const id of step.buffers) this.touch(id, time);
          if (step.kernel.kind === "nest") {
            for (const [from, to] of inPlacePairs(step.kernel)) {
              this.offer(step.buffers[from]!, step.buffers[to]!, time, loops);
            }
          }
          break;
        case "copy":
          this.touch(step.from, time);
          this.touch(step.to, time);
          this.offer(step.from, step.to, time, loops);
          break;
        case "branch":
          this.touch(step.index, time);
          for (const branch of step.branches) this.walk(branch, loops);
          break;
        case "loop":
          this.walkLoop(step, time, loops);
          break;
        default:
          step satisfies never;
      }
    }
  }

  private walkLoop(
    step: LoopStep,
    start: number,
    loops: readonly LoopStep[],
  ): void {
    const around = [...loops, step];
    this.walk(step.condition?.steps ?? [], around);
    if (step.condition) this.touch(step.condition.flag, ++this.clock);
    this.walk(step.body, around);
    const end = ++this.clock;
    const carried = step.carries.flatMap((c) => [c.current, c.next]);
    this.lastInBody.set(
      step,
      new Map(
        step.carries.map((
          { current },
        ) => [current, this.own.get(current)?.last ?? start]),
      ),
    );
    for (
      const id of [...carried, ...(step.counter === null ? [] : [step.counter])]
    ) {
      stretch(this.whole, id, start, end);
    }
    // What was there before the loop must be there in every iteration.
    const currents = new Set(step.carries.map((c) => c.current));
    for (const [id, life] of this.own) {
      if (life.first < start && life.last >= start && !currents.has(id)) {
        life.last = Math.max(life.last, end);
      }
    }
    for (const { next } of step.carries) {
      this.touch(next, end);
    }
  }

  private offer(
    from: BufferId,
    to: BufferId,
    time: number,
    loops: readonly LoopStep[],
  ): void {
    this.takeovers.push({ from, to, time, loops });
  }
}

function stretch(
  lives: Map<BufferId, Life>,
  id: BufferId,
  first: number,
  last: number,
): void {
  const life = lives.get(id);
  if (!life) lives.set(id, { first, last });
  else {[life.first, life.last] = [
      Math.min(life.first, first),
      Math.max(life.last, last),
    ];}
}

/** Sets of buffers that share memory because each took over from another. */
class Owners {
  private readonly parent: number[];

  constructor(
    private readonly program: Unplanned,
    private readonly uses: Uses,
  ) {
    this.parent = program.buffers.map((_, id) => id);
  }

  find(id: BufferId): BufferId {
    const parent = this.parent[id]!;
    return parent === id ? id : this.parent[id] = this.find(parent);
  }

  members(id: BufferId): readonly BufferId[] {
    const root = this.find(id);
    return this.parent.flatMap((_, other) =>
      this.find(other) === root ? [other] : []
    );
  }

  tryMerge(takeover: Takeover): void {
    if (this.mayMerge(takeover)) {
      this.parent[this.find(takeover.to)] = this.find(takeover.from);
    }
  }

  private mayMerge({ from, to, time, loops }: Takeover): boolean {
    if (this.find(from) === this.find(to)) return false;
    if (this.bytes(from) !== this.bytes(to)) return false;
    if (this.uses.own.get(to)!.first !== time) return false;
    if (this.members(to).length > 1) return false; // has taken over another already
    const members = this.members(from);
    if (!members.every((id) => this.lastUse(id, loops) <= time)) return false;
    // A carry's memory may only become the next value of that same carry.
    return loops.every(({ carries }) => {
      const isNext = carries.some((c) => c.next === to);
      return !isNext ||
        carries.every((c) => c.next === to || !members.includes(c.current));
    });
  }

  private lastUse(id: BufferId, loops: readonly LoopStep[]): number {
    for (const loop of loops.toReversed()) {
      const last = this.uses.lastInBody.get(loop)!.get(id);
      if (last !== undefined) return last;
    }
    return this.uses.own.get(id)!.last;
  }

  private bytes(id: BufferId): number {
    return bytesOf(this.program.buffers[id]!);
  }
}

function bytesOf({ dtype, size }: KernelBuffer): number {
  return itemSize(dtype) * size;
}

/** Slots for sets of buffers; those never alive together share one. */
function assignSlots(
  program: Unplanned,
  uses: Uses,
  owners: Owners,
): {
  readonly slots: readonly number[];
  readonly slotOf: (id: BufferId) => number;
} {
  const pinned = new Set(
    [...program.inputs, ...program.outputs].map((id) => owners.find(id)),
  );
  pinExchanged(program.steps, owners, pinned);
  const lives = new Map<BufferId, Life>();
  const bytes = new Map<BufferId, number>();
  for (const [id, { first, last }] of uses.whole) {
    const owner = owners.find(id);
    stretch(lives, owner, first, last);
    bytes.set(owner, bytesOf(program.buffers[id]!));
  }
  const slots: { size: number; busyUntil: number }[] = [];
  const slotOfOwner = new Map<BufferId, number>();
  for (
    const [owner, life] of [...lives].sort(([, a], [, b]) => a.first - b.first)
  ) {
    const size = bytes.get(owner)!;
    const free = pinned.has(owner) ? -1 : bestFit(slots, size, life.first);
    const slot = free >= 0 ? free : slots.push({ size, busyUntil: 0 }) - 1;
    slots[slot]!.size = Math.max(slots[slot]!.size, size);
    slots[slot]!.busyUntil = pinned.has(owner) ? Infinity : life.last;
    slotOfOwner.set(owner, slot);
  }
  return {
    slots: slots.map((s) => s.size),
    slotOf: (id) => slotOfOwner.get(owners.find(id)) ?? -1,
  };
}

/** The free slot that wastes or grows least, or -1. */
function bestFit(
  slots: readonly { size: number; busyUntil: number }[],
  size: number,
  from: number,
): number {
  let best = -1;
  slots.forEach((slot, i) => {
    if (slot.busyUntil >= from) return;
    const misfit = Math.abs(slot.size - size);
    if (best < 0 || misfit < Math.abs(slots[best]!.size - size)) best = i;
  });
  return best;
}

/** Memory that loops exchange cannot be shared with buffers of other sizes. */
function pinExchanged(
  steps: readonly Step[],
  owners: Owners,
  pinned: Set<BufferId>,
): void {
  for (const step of steps) {
    if (step.kind === "branch") {
      for (const branch of step.branches) pinExchanged(branch, owners, pinned);
    } else if (step.kind === "loop") {
      for (const { current, next } of step.carries) {
        if (owners.find(current) === owners.find(next)) continue;
        pinned.add(owners.find(current)).add(owners.find(next));
      }
      pinExchanged(step.body, owners, pinned);
      pinExchanged(step.condition?.steps ?? [], owners, pinned);
    }
  }
}

/**
 * Buffers of a nest, read and written, such that writing in place is safe:
 * each element is read only where it is written, and not after that.
 */
function inPlacePairs(
  { stages }: Nest,
): readonly (readonly [from: number, to: number])[] {
  const loads = stages.map(loadsOf);
  return stages.flatMap((stage, at) => {
    if (stage.kind !== "store") return [];
    const { buffer, offset } = stage.store;
    const candidates = new Set(loads[at]!.map((load) => load.buffer));
    return [...candidates].filter((from) =>
      from !== buffer &&
      loads.every((list, i) =>
        list.every((load) =>
          load.buffer !== from ||
          (i <= at && load.offset === offset && load.bounds.length === 0)
        )
      )
    ).map((from) => [from, buffer] as const);
  });
}

function loadsOf(stage: Stage): readonly LoadNode[] {
  switch (stage.kind) {
    case "store":
      return loadsIn(storeOperands(stage.store));
    case "row":
      return loadsIn([stage.node]);
    case "reduce":
      return [...loadsIn([stage.node.body]), ...stage.stages.flatMap(loadsOf)];
    default:
      return stage satisfies never;
  }
}

function storeOperands({ value, offset }: Store): readonly Node[] {
  return [value, ...dynamicNodes(offset)];
}

function loadsIn(roots: readonly Node[]): readonly LoadNode[] {
  const found = new Set<LoadNode>();
  const seen = new Set<Node>();
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.op === "load") found.add(node);
    operandsOf(node).forEach(visit);
  };
  roots.forEach(visit);
  return [...found];
}
