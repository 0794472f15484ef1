/** From when and until when each buffer of a Program is in use. */

import { inPlacePairs } from "./in_place.ts";
import type { KernelBuffer } from "./kernel.ts";
import type { BufferId, LoopStep, Program, Step } from "./program.ts";

/** A Program whose buffers have no memory yet. */
export interface Unplanned
  extends Pick<Program, "inputs" | "donated" | "outputs" | "steps"> {
  readonly buffers: readonly KernelBuffer[];
}

/** When a buffer is in use, in steps from the start of the Program. */
export interface Life {
  first: number;
  last: number;
}

/** A step at which `to` could take over the memory of `from`. */
export interface Takeover {
  readonly from: BufferId;
  readonly to: BufferId;
  readonly time: number;
  /** The loops around the step. */
  readonly loops: readonly LoopStep[];
}

/** Walks the steps in order and notes when each buffer is used. */
export class Uses {
  /** First and last use, in order of the walk. */
  readonly own = new Map<BufferId, Life>();
  /** As `own`, stretched over loops that need the value throughout. */
  readonly whole = new Map<BufferId, Life>();
  /** Last use of a carry in the body of its loop. */
  readonly lastInBody = new Map<LoopStep, ReadonlyMap<BufferId, number>>();
  /** In order of the walk. */
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

/** Makes the life of a buffer include these times. */
export function stretch(
  lives: Map<BufferId, Life>,
  id: BufferId,
  first: number,
  last: number,
): void {
  const life = lives.get(id);
  if (!life) {
    lives.set(id, { first, last });
    return;
  }
  life.first = Math.min(life.first, first);
  life.last = Math.max(life.last, last);
}
