/** Blocks of memory by bytes and addresses; small ones lie apart from large ones. */

import { Heap, roundUp } from "./heap.ts";
import { UNIT } from "./layout.ts";

/**
 * Smaller blocks have a part of memory to themselves, so that they do not
 * cut the large free blocks whose pages programs use again and again.
 */
const SMALL = 32 * 1024;

/** The part of each range that is for small blocks. */
const SMALL_PART = 1 / 8;

/** Names a block by a positive number; 0 is none. */
export type Block = number;

/** Set in the names of small blocks: a heap gives even ones. */
const IS_SMALL = 1;

/** Blocks of units of memory, 64 bytes each. */
export class Blocks {
  private readonly small = new Heap();
  private readonly large = new Heap();

  /** Blocks of the units `[start, end)`, and of what `grow` adds where it gives true. */
  constructor(
    start: number,
    private end: number,
    private readonly grow: () => boolean = () => false,
  ) {
    const border = start + smallPart(end - start);
    this.small.add(start, border);
    this.large.add(border, end);
  }

  /** Makes the units from the present end to `end` available. */
  extend(end: number): void {
    const border = end - smallPart(end - this.end);
    this.large.add(this.end, border); // next to the large blocks so far
    this.small.add(border, end);
    this.end = end;
  }

  /** A block of at least so many bytes, or 0 if there is no room for it. */
  allocate(bytes: number): Block {
    const units = unitsOf(bytes);
    const isSmall = bytes < SMALL;
    const own = isSmall ? this.small : this.large;
    let block = own.allocate(units);
    if (block === 0 && this.grow()) block = own.allocate(units);
    if (!isSmall) return block;
    return block !== 0 ? block | IS_SMALL : this.large.allocate(units);
  }

  /** Gives a block back. */
  free(block: Block): void {
    if (block & IS_SMALL) this.small.free(block ^ IS_SMALL);
    else this.large.free(block);
  }

  /** Address of a block as a signed word: `>>> 0` makes it a number of bytes. */
  addressOf(block: Block): number {
    const unit = block & IS_SMALL
      ? this.small.startOf(block ^ IS_SMALL)
      : this.large.startOf(block);
    return Math.imul(unit, UNIT);
  }
}

function smallPart(units: number): number {
  return Math.floor(units * SMALL_PART);
}

function unitsOf(bytes: number): number {
  return roundUp(Math.max(1, spread(bytes) / UNIT));
}

/** Bytes that a block takes of which so many are asked for. */
export function blockBytes(bytes: number): number {
  return unitsOf(bytes) * UNIT;
}

/** Addresses that agree modulo this look alike to a load that looks for stores. */
const ALIAS = 4096;

/** Values of so many bytes and more come from outside of the fastest cache. */
const FAR = 65536;

/**
 * Bytes for a value such that the next one is aligned and, if it is small, does
 * not begin at the same place of a page. A load that seems to hit a store under
 * way waits for it: three vectors of 16 KiB are multiplied and added in 0.65 ns
 * an element then, else in 0.45.
 */
export function spread(bytes: number): number {
  const aligned = Math.ceil(bytes / UNIT) * UNIT;
  return aligned % ALIAS === 0 && aligned < FAR ? aligned + UNIT : aligned;
}
