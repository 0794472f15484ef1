/**
 * The memory of arrays: a cache over values that the collector owns.
 *
 * An array holds a handle, and the handle a cell; a cell holds a block of the
 * shared memory or, once that was needed for others, a copy in ordinary memory.
 * The blocks least recently used are copied out first. Cells with a block are
 * held here, the others by their handles alone: so a loop that never returns to
 * the event loop runs in bounded memory, although nobody frees anything.
 */

import type { Buffer } from "../../core/backend.ts";
import { type Block, blockBytes, Blocks } from "./blocks.ts";
import { UNIT } from "./layout.ts";
import { growMemory, type SharedMemory } from "./memory.ts";
import { Reclaimer, weightOf } from "./reclaimer.ts";
import {
  bytesOfSaved,
  copied,
  restore,
  save,
  type Saved,
  SMALL,
} from "./saved.ts";

/**
 * How many small values have a block at the same time: they are bounded by
 * their number, not by their bytes. Each costs the collector, and once they fill
 * the caches of the processor, an operation on four elements takes 1000 ns
 * instead of 140.
 */
const MOST_SMALL = 8192;

/** A value, wherever it lies at present. */
export class Cell {
  /** Where it lies in the shared memory, or 0. */
  block: Block = 0;
  /** Where it lies otherwise. */
  saved: Saved | null = null;
  /** Handles that have not been released: the block may be taken over from one. */
  owners = 1;
  /** The handle of a large value that has only one. */
  handle: WeakRef<CpuBuffer> | null = null;
  /** Uses by the program that runs: the block must stay. */
  pins = 0;
  /** Neighbours in its line, of those that have a block and no pins. */
  older: Cell = this;
  newer: Cell = this;

  constructor(readonly bytes: number) {}
}

/** The handle that an array holds; without a cell once that was given away. */
export class CpuBuffer implements Buffer {
  constructor(readonly bytes: number, public cell: Cell | null) {}
}

/** All cells that have a block. */
export class Cells {
  private readonly blocks: Blocks;
  private limit: number;
  /** Bytes of all blocks. */
  private used = 0;
  /** How many blocks have been copied out. */
  evictions = 0;
  private readonly small = new Line();
  private readonly large = new Line();

  constructor(
    private readonly memory: SharedMemory,
    /** Bytes that all blocks may take. */
    budget: number,
    private readonly reclaimer = new Reclaimer(),
  ) {
    const { start, end } = memory;
    this.blocks = new Blocks(start, end, () => this.useAllMemory());
    this.limit = Math.min(budget, this.capacity);
    reclaimer.resize(this.limit);
  }

  /** Bytes of all blocks, also those of the program that runs. */
  get bytesInUse(): number {
    return this.used;
  }

  /** Bytes that there are addresses for. */
  get capacity(): number {
    return (this.memory.limit - this.memory.start) * UNIT;
  }

  get budget(): number {
    return this.limit;
  }

  set budget(bytes: number) {
    this.limit = Math.min(bytes, this.capacity);
    this.reclaimer.resize(this.limit);
    while (this.used > this.limit && this.evictOldest());
  }

  /** A handle on a copy of `data`, or `null` if there is no room. */
  put(data: Uint8Array): CpuBuffer | null {
    const block = this.reserve(data.byteLength);
    if (block === 0) return null;
    this.memory.bytes.set(data, this.addressOf(block) >>> 0);
    return this.adopt(block, data.byteLength);
  }

  /** A copy of the value of a handle, outside of shared memory. */
  read(buffer: CpuBuffer): Uint8Array<ArrayBuffer> {
    const cell = cellOf(buffer);
    if (cell.saved) return bytesOfSaved(cell.saved, cell.bytes);
    if (cell.pins === 0) {
      this.lineOf(cell).remove(cell);
      this.enter(cell);
    }
    const address = this.addressOf(cell.block) >>> 0;
    return copied(this.memory.bytes, address, cell.bytes);
  }

  /** Releases what a handle holds, unless other handles share it. */
  release(buffer: CpuBuffer): void {
    const { cell } = buffer;
    if (cell === null) return;
    buffer.cell = null;
    if (--cell.owners > 0 || cell.block === 0) return;
    this.dropBlock(cell);
    if (cell.bytes > SMALL) this.reclaimer.settle(cell.bytes);
  }

  /** A further handle on the same cell. */
  share(cell: Cell): CpuBuffer {
    // Of several handles it is not known which is the last. Age ends the cell.
    cell.handle = null;
    cell.owners++;
    return new CpuBuffer(cell.bytes, cell);
  }

  /** A handle on a block that has been filled. */
  adopt(block: Block, bytes: number): CpuBuffer {
    const cell = new Cell(bytes);
    cell.block = block;
    this.enter(cell);
    const buffer = new CpuBuffer(bytes, cell);
    this.watch(buffer, cell);
    return buffer;
  }

  /** Takes the block of a pinned cell away from its only handle. */
  take(buffer: CpuBuffer): Block {
    const cell = cellOf(buffer);
    const { block } = cell;
    buffer.cell = null;
    cell.block = 0;
    if (cell.bytes > SMALL) this.reclaimer.settle(cell.bytes);
    return block;
  }

  /** A block of at least so many bytes, or 0 if there is no room for it. */
  reserve(bytes: number): Block {
    const needed = blockBytes(bytes);
    const isFull = this.used + needed > this.limit;
    const isTime = isFull
      ? this.reclaimer.isBetterThanCopies
      : this.reclaimer.isTime;
    if (bytes > SMALL && isTime) {
      this.reclaimer.look(() => this.freeUnheld(), isFull);
    }
    while (this.used + needed > this.limit) {
      if (!this.evictOldest()) return 0;
    }
    let block = this.blocks.allocate(bytes);
    while (block === 0) {
      if (!this.evictOldest()) return 0;
      block = this.blocks.allocate(bytes);
    }
    this.used += needed;
    return block;
  }

  /** Lets the memory grow to its full size; whether it was smaller. */
  useAllMemory(): boolean {
    const { end } = this.memory;
    growMemory(this.memory);
    if (this.memory.end === end) return false;
    this.blocks.extend(this.memory.end);
    this.budget = this.limit; // of which there may be less than was expected
    return true;
  }

  /** Gives back a block of so many bytes. */
  free(block: Block, bytes: number): void {
    this.blocks.free(block);
    this.used -= blockBytes(bytes);
  }

  /** Address of a block as a signed word. */
  addressOf(block: Block): number {
    return this.blocks.addressOf(block);
  }

  /** Copies bytes from one address to another, both signed words. */
  copyWithin(from: number, to: number, bytes: number): void {
    const start = from >>> 0;
    this.memory.bytes.copyWithin(to >>> 0, start, start + bytes);
  }

  /** Keeps a cell where it is until `unpin`. */
  pin(cell: Cell): void {
    if (cell.pins++ === 0 && cell.block !== 0) this.lineOf(cell).remove(cell);
  }

  /** Ends one `pin`, and counts as a use. */
  unpin(cell: Cell): void {
    if (--cell.pins === 0 && cell.block !== 0) this.enter(cell);
  }

  /** Gives a pinned cell a block; whether there was room. */
  bringIn(buffer: CpuBuffer): boolean {
    const cell = cellOf(buffer);
    if (cell.block !== 0) return true;
    const block = this.reserve(cell.bytes);
    if (block === 0) return false;
    restore(this.memory, this.addressOf(block) >>> 0, cell.saved!);
    cell.block = block;
    cell.saved = null;
    if (cell.owners === 1) this.watch(buffer, cell);
    return true;
  }

  /** Moves a cell, pinned or not, out of the shared memory. */
  copyOut(cell: Cell): void {
    if (cell.block === 0) return;
    const address = this.addressOf(cell.block) >>> 0;
    cell.saved = save(this.memory, address, cell.bytes);
    cell.handle = null;
    this.dropBlock(cell);
    this.evictions++;
  }

  /** Frees the blocks of values that nobody holds any more; gives their weight. */
  private freeUnheld(): number {
    let weight = 0;
    for (const cell of this.large) {
      const { handle } = cell;
      if (!handle || handle.deref()) continue;
      this.dropBlock(cell);
      weight += weightOf(cell.bytes);
    }
    return weight;
  }

  private evictOldest(): boolean {
    const oldest = this.large.oldest ?? this.small.oldest;
    if (oldest === null) return false;
    this.copyOut(oldest);
    return true;
  }

  private dropBlock(cell: Cell): void {
    if (cell.pins === 0) this.lineOf(cell).remove(cell);
    this.free(cell.block, cell.bytes);
    cell.block = 0;
  }

  /** Puts a cell last in its line. */
  private enter(cell: Cell): void {
    this.lineOf(cell).append(cell);
    if (this.small.length > MOST_SMALL) this.copyOut(this.small.oldest!);
  }

  private lineOf({ bytes }: Cell): Line {
    return bytes <= SMALL ? this.small : this.large;
  }

  private watch(buffer: CpuBuffer, cell: Cell): void {
    if (cell.bytes <= SMALL) return;
    cell.handle = this.reclaimer.watch(buffer, cell.bytes);
  }
}

/** Cells in the order in which they were last used. */
class Line {
  length = 0;
  /** Closes the line: its `newer` is the oldest cell, its `older` the newest. */
  private readonly ends = new Cell(0);

  get oldest(): Cell | null {
    return this.length > 0 ? this.ends.newer : null;
  }

  append(cell: Cell): void {
    const { ends } = this;
    const last = ends.older;
    cell.older = last;
    cell.newer = ends;
    last.newer = cell;
    ends.older = cell;
    this.length++;
  }

  /** From the oldest on; the cell given may be removed. */
  *[Symbol.iterator](): Iterator<Cell> {
    let next: Cell;
    for (let cell = this.ends.newer; cell !== this.ends; cell = next) {
      next = cell.newer;
      yield cell;
    }
  }

  remove(cell: Cell): void {
    cell.older.newer = cell.newer;
    cell.newer.older = cell.older;
    // Or else a cell would keep neighbours alive that nobody else holds.
    cell.older = cell;
    cell.newer = cell;
    this.length--;
  }
}

/**
 * The cell of a handle.
 *
 * @throws {ReferenceError} If it has been released or donated.
 */
export function cellOf(buffer: CpuBuffer): Cell {
  if (buffer.cell) return buffer.cell;
  throw new ReferenceError(
    `Cannot use ${buffer.bytes} bytes on device "cpu" that were disposed of ` +
      `or donated: another array shared this memory. Keep a copy instead, or ` +
      `do not donate or dispose of the array`,
  );
}
