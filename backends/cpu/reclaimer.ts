/**
 * When to look for values that nobody holds any more: often enough to use warm
 * memory again and copy little out, and rarely enough to cost a few percent.
 */

import { Collector } from "./collector.ts";

/** Part of the budget that is made anew between two collections. */
const PART = 1 / 4;

/**
 * Bytes worth a millisecond of collection. To copy them out costs four: some
 * 60 µs a MiB, most of it for fresh pages.
 */
const BYTES_PER_MILLISECOND = 16 * 2 ** 20;

/** Largest factor by which collections that bring little become rarer. */
const RELUCTANCE = 32;

/** Bytes that wait to be let go, at most. */
const HELD = 16 * 2 ** 20;

/** Watches large values by weak references, and decides when to look at them. */
export class Reclaimer {
  /** Bytes watched since the last collection. */
  private made = 0;
  /** Bytes to be watched before the next one. */
  private patience = Infinity;
  private budget = Infinity;
  private reluctance = 1;
  /** Bytes copied out of values that the engine may still hold for us. */
  private held = 0;

  constructor(
    private readonly collector = new Collector(),
    private readonly now = () => performance.now(),
  ) {}

  /** A reference to the handle of a value; `null` where that would only hold it. */
  watch<T extends WeakKey>(handle: T, bytes: number): WeakRef<T> | null {
    if (!this.collector.works) return null;
    this.made += bytes;
    return new WeakRef(handle);
  }

  /** Notes that a value which was watched has been copied out. */
  forget(bytes: number): void {
    this.held += bytes;
    if (this.held < HELD) return;
    this.held = 0;
    this.collector.release();
  }

  /** Says of how many bytes a part may be made between collections. */
  resize(budget: number): void {
    this.budget = budget;
    this.patience = PART * budget;
  }

  /** Whether enough has been made since the last collection. */
  get isTime(): boolean {
    return this.made >= this.patience;
  }

  /** Collects; `free` then frees what is dead and says how many bytes that was. */
  run(free: () => number): void {
    const start = this.now();
    this.collector.collect();
    const duration = this.now() - start;
    const isWorthwhile = free() > this.made / 2;
    this.reluctance = isWorthwhile
      ? 1
      : Math.min(2 * this.reluctance, RELUCTANCE);
    this.patience = this.reluctance *
      Math.max(PART * this.budget, duration * BYTES_PER_MILLISECOND);
    this.made = 0;
  }
}
