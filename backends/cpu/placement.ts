/** Where the slots of a Program lie: in one arena, or in blocks of their own. */

import type { Program, Step } from "../../core/ir/program.ts";
import { spread } from "./blocks.ts";

/** Decided once for a Program. */
export interface Placement {
  /** Bytes of the block that holds all temporaries. */
  readonly arena: number;
  /** Of each slot in the arena its offset there, else -1. */
  readonly offsets: readonly number[];
  /** Slots for which a run reserves a block of their own. */
  readonly own: readonly number[];
}

/**
 * Inputs and outputs live longer or shorter than a run, and so may what loops
 * exchange with them; all else is temporary. The workspace of kernels becomes
 * one more slot, the last one.
 */
export function place(program: Program, workspace: number): Placement {
  const slotOf = (id: number) => program.buffers[id]!.slot;
  const inputs = new Set(program.inputs.map(slotOf));
  const outside = new Set([...inputs, ...program.outputs.map(slotOf)]);
  const pairs = exchanges(program.steps)
    .map(([x, y]) => [slotOf(x), slotOf(y)] as const);
  for (let before = -1; before !== outside.size;) {
    before = outside.size;
    for (const [x, y] of pairs) {
      if (outside.has(x) || outside.has(y)) outside.add(x).add(y);
    }
  }
  let arena = 0;
  const offsets = [...program.slots, workspace].map((bytes, slot) => {
    if (outside.has(slot)) return -1;
    const offset = arena;
    if (bytes > 0) arena += spread(bytes);
    return offset;
  });
  return {
    arena,
    offsets,
    own: [...outside].filter((slot) => !inputs.has(slot)),
  };
}

/** All pairs of buffers whose memory loops exchange. */
function exchanges(
  steps: readonly Step[],
): readonly (readonly [number, number])[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case "kernel":
      case "copy":
        return [];
      case "branch":
        return step.branches.flatMap(exchanges);
      case "loop":
        return [
          ...step.carries.map((c) => [c.current, c.next] as const),
          ...exchanges(step.condition?.steps ?? []),
          ...exchanges(step.body),
        ];
      default:
        return step satisfies never;
    }
  });
}

/** Where an output comes from: an input that is kept, another output, or its slot. */
export interface OutputPlan {
  readonly slot: number;
  /** Which input it is, or -1. */
  readonly input: number;
  /** Which earlier output it is, or -1. */
  readonly twin: number;
}

/** Outputs that share memory with others: each array is a handle of its own. */
export function planOutputs(program: Program): readonly OutputPlan[] {
  const slotOf = (id: number) => program.buffers[id]!.slot;
  const outputs = program.outputs.map(slotOf);
  const kept = program.inputs.map((id, i) =>
    program.donated[i] ? -1 : slotOf(id)
  );
  return outputs.map((slot, i) => {
    const first = outputs.indexOf(slot);
    return { slot, input: kept.indexOf(slot), twin: first < i ? first : -1 };
  });
}
