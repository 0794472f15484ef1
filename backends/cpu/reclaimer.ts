/**
 * When to look for values that nobody holds any more: often enough to use warm
 * memory again and copy little out, and rarely enough to cost a few percent.
 *
 * Early looks see to the first: memory that was never written to costs 0.2 ms a
 * MiB, and on some virtual machines 3 ms. They find young values only, and take a
 * bounded share of the time. When much has been made, a look finds the others too.
 */

import { Collector } from "./collector.ts";

/** Part of the budget that is made anew between two looks. */
const PART = 1 / 8;

/** Weight between two early looks that find what is dead. */
const EARLY = 16 * 2 ** 20;

/** Part of the time that early looks may take. */
const SHARE = 1 / 32;

/** What a value counts for at least: many small ones are work, too. */
const LEAST_WEIGHT = 16 * 1024;

/** Weight between two times at which it is asked whether there has been time enough. */
const ASKED = 2 ** 20;

/**
 * Milliseconds between two times at which the engine is told to let go, if it is
 * not time for a look. Then its own collections of young objects, which cost us
 * nothing, find most of what many small operations drop.
 */
const RELEASED = 4;

/**
 * Bytes worth a millisecond of collection. To copy them out costs as much: some
 * 60 µs a MiB, most of it for fresh pages.
 */
const BYTES_PER_MILLISECOND = 16 * 2 ** 20;

/**
 * The most bytes that are copied out rather than to collect: a collection that
 * took longer did so for a large heap, of which little may be left.
 */
const MOST_COPIES = 256 * 2 ** 20;

/** Largest factor by which looks that find little become rarer. */
const RELUCTANCE = 32;

/** What a value counts for. */
export function weightOf(bytes: number): number {
  return Math.max(bytes, LEAST_WEIGHT);
}

/**
 * Watches values by weak references, which costs 0.3 µs each, and decides when
 * to look at them.
 */
export class Reclaimer {
  private budget = Infinity;
  /** Weight of what has been watched since a look has found much, or all that is dead. */
  private made = 0;
  /** What it is when it is asked next whether there has been time enough. */
  private nextAsked = EARLY;
  private lastRelease = -Infinity;
  /** What it is at the next early look, if there has been time for it. */
  private early = EARLY;
  private isEarlyTime = false;
  /** What it is at the next look that finds all. */
  private patience = Infinity;
  private reluctance = 1;
  /** When the last look ended, and how long finding young values took. */
  private lastLook = -Infinity;
  private lastCost = 0;
  /** Bytes that are copied out in the time of the last collection. */
  private worth = 0;

  constructor(
    private readonly collector = new Collector(),
    private readonly now = () => performance.now(),
  ) {}

  /** A reference to the handle of a value; `null` where that would only hold it. */
  watch<T extends WeakKey>(handle: T, bytes: number): WeakRef<T> | null {
    if (!this.collector.works) return null;
    this.made += weightOf(bytes);
    if (this.made >= this.nextAsked) this.consider(this.now());
    return new WeakRef(handle);
  }

  /** A value has been given away or disposed of: it will not be found dead. */
  settle(bytes: number): void {
    this.made = Math.max(0, this.made - weightOf(bytes));
    if (this.made < this.early) this.isEarlyTime = false;
  }

  /** Says of how many bytes a part may be made between looks. */
  resize(budget: number): void {
    this.budget = budget;
    this.patience = PART * budget;
  }

  /** Whether a look is better than copying values out for room: many may be dead, and it costs less. */
  get isBetterThanCopies(): boolean {
    const worth = Math.min(this.worth, MOST_COPIES);
    return this.made >= Math.max(PART * this.budget, worth);
  }

  /** Whether it is time for a look. */
  get isTime(): boolean {
    return this.isEarlyTime || this.made >= this.patience;
  }

  /**
   * Looks: `free` frees what has been found dead and gives its weight. Where
   * memory `isFull`, it finds all.
   */
  look(free: () => number, isFull = false): void {
    const start = this.now();
    const enough = this.made / 2;
    const isEarly = this.isEarlyTime && this.made < this.patience && !isFull;
    const found = free() >= enough || this.freeYoung(free) >= enough;
    this.lastCost = this.now() - start;
    if (!found && isEarly) {
      this.early = 2 * this.made;
    } else {
      this.patience = PART * this.budget;
      if (!found) this.collect(free, enough);
      this.made = 0;
      this.early = EARLY;
    }
    this.nextAsked = this.made + ASKED;
    this.isEarlyTime = false;
    this.lastLook = this.now();
  }

  /** Whether there has been time enough for an early look, or to let go. */
  private consider(now: number): void {
    this.nextAsked = this.made + ASKED;
    this.isEarlyTime = this.made >= this.early &&
      this.lastCost <= SHARE * (now - this.lastLook);
    if (this.isEarlyTime || now - this.lastRelease < RELEASED) return;
    this.collector.release();
    this.lastRelease = now;
  }

  private freeYoung(free: () => number): number {
    this.collector.collectYoung();
    return free();
  }

  private collect(free: () => number, enough: number): void {
    const start = this.now();
    this.collector.collect();
    this.worth = BYTES_PER_MILLISECOND * (this.now() - start);
    this.reluctance = free() >= enough
      ? 1
      : Math.min(2 * this.reluctance, RELUCTANCE);
    this.patience = this.reluctance * Math.max(this.patience, this.worth);
  }
}
