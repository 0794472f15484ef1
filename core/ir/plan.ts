/** Which memory each buffer of a Program lives in. */

import { itemSize } from "../dtype.ts";
import type { KernelBuffer } from "./kernel.ts";
import {
  type Life,
  stretch,
  type Takeover,
  type Unplanned,
  Uses,
} from "./lifetimes.ts";
import type { BufferId, LoopStep, Program, Step } from "./program.ts";

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

/** Sets of buffers that share memory because each took over from another. */
class Owners {
  /** For each buffer the set that it belongs to. */
  private readonly sets: BufferId[][];

  constructor(
    private readonly program: Unplanned,
    private readonly uses: Uses,
  ) {
    this.sets = program.buffers.map((_, id) => [id]);
  }

  find(id: BufferId): BufferId {
    return this.sets[id]![0]!;
  }

  members(id: BufferId): readonly BufferId[] {
    return this.sets[id]!;
  }

  tryMerge(takeover: Takeover): void {
    if (!this.mayMerge(takeover)) return;
    const [from, to] = [this.sets[takeover.from]!, this.sets[takeover.to]!];
    for (const id of to) this.sets[id] = from;
    from.push(...to);
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
