/** The axes that a kernel loops over, and the loops that they are cut into. */

import { gcd } from "../gcd.ts";
import type { Index, IndexSpace, Loop } from "./index.ts";

/** By which divisors to cut the axes of a kernel, by order of their making. */
export type Cuts = ReadonlyMap<number, readonly number[]>;

/** Whether the cuts of one build are those of the next: they are only added to. */
export function sameCuts(x: Cuts, y: Cuts): boolean {
  return x.size === y.size &&
    [...x].every(([axis, limits]) => limits.length === y.get(axis)?.length);
}

/** An axis, cut into loops where quotients of it were met in an earlier build. */
export interface LoopAxis {
  readonly order: number;
  readonly index: Index;
  readonly loops: readonly Loop[];
}

/** Makes the axes of one kernel. */
export class LoopAxes {
  private readonly ofExtent = new Map<number, LoopAxis[]>();
  private readonly ofLoop = new Map<Loop, LoopAxis>();
  private count = 0;

  constructor(
    private readonly indices: IndexSpace,
    private readonly cuts: Cuts,
  ) {}

  /** The first axes of these extents that some indices do not use. */
  unused(
    extents: readonly number[],
    indices: readonly Index[],
  ): readonly LoopAxis[] {
    const used = new Set<LoopAxis>();
    for (const { loops } of indices) {
      for (const loop of loops) used.add(this.ofLoop.get(loop)!);
    }
    return extents.map((extent) => {
      const same = this.ofExtent.get(extent) ?? [];
      const axis = same.find((a) => !used.has(a)) ?? this.newAxis(extent);
      used.add(axis);
      return axis;
    });
  }

  private newAxis(extent: number): LoopAxis {
    const order = this.count++;
    const limits = [1, ...(this.cuts.get(order) ?? []), extent];
    const parts = limits.slice(1).map((limit, i) => ({
      loop: this.indices.newLoop(limit / limits[i]!),
      stride: limits[i]!,
    })).reverse();
    const index = parts.map(({ loop, stride }) => this.indices.of(loop, stride))
      .reduce((x, y) => this.indices.add(x, y));
    const axis = { order, index, loops: parts.map(({ loop }) => loop) };
    for (const { loop } of parts) this.ofLoop.set(loop, axis);
    const same = this.ofExtent.get(extent);
    if (same) same.push(axis);
    else this.ofExtent.set(extent, [axis]);
    return axis;
  }

  /** Cuts that would turn the quotients met in this build into loops. */
  neededCuts(): Cuts {
    const cuts = new Map(this.cuts);
    for (const { index, divisor } of this.indices.quotients()) {
      const [term, ...others] = index.terms;
      if (!term || others.length > 0) continue;
      const axis = this.ofLoop.get(term.atom as Loop);
      if (!axis) continue;
      const [own] = axis.index.terms.filter((t) => t.atom === term.atom);
      const limit = (own?.stride ?? 1) * divisor /
        gcd(divisor, Math.abs(term.stride));
      const extent = axis.loops.reduce((n, l) => n * l.extent, 1);
      const limits = [...(cuts.get(axis.order) ?? []), limit]
        .sort((a, b) => a - b);
      if (isChain([1, ...limits, extent])) cuts.set(axis.order, limits);
    }
    return cuts;
  }
}

/** Whether each number is a proper divisor of the next. */
function isChain(numbers: readonly number[]): boolean {
  return numbers.every((n, i) =>
    i === 0 || (n % numbers[i - 1]! === 0 && n > numbers[i - 1]!)
  );
}
