/**
 * Divides units among blocks, in constant time: a two-level
 * segregated fit (Masmano, Ripoll, Crespo and Real 2004, "TLSF: a new dynamic
 * memory allocator for real-time systems"), whose records lie outside of the
 * memory that it divides. Free neighbours are joined at once, and what was
 * freed last is used first: its pages are there, and maybe in a cache.
 */

/** Words of a block's record; a block is named by the place of its first word. */
const STRIDE = 8;
const [START, SIZE, BEFORE, AFTER, PREVIOUS, NEXT, IS_FREE] = [
  0,
  1,
  2,
  3,
  4,
  5,
  6,
];

/** Free blocks lie in bins by size: one a size at first, then 32 a doubling. */
const STEPS = 32;
const STEP_BITS = 5;

/** Sizes have no more bits: addresses of 32 bits reach 2^26 units. */
const SIZE_BITS = 27;

const BINS = STEPS * (SIZE_BITS - STEP_BITS + 1);

/** Blocks of units. Block 0 is none. */
export class Heap {
  private records = new Int32Array(64 * STRIDE);
  private recordsUsed = STRIDE;
  /** A list, linked by `NEXT`, of records that no block uses. */
  private unused = 0;
  private readonly heads = new Int32Array(BINS);
  /** Which bins hold blocks, and which words of this have a bit set. */
  private readonly occupied = new Int32Array(BINS / STEPS);
  private occupiedWords = 0;
  /** The block with the largest address. */
  private last = 0;

  /** Adds the units `[start, end)`; blocks may lie across if the last ones ended there. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const added = this.newRecord(start, end - start);
    const { records, last } = this;
    const isNext = records[last + START]! + records[last + SIZE]! === start;
    if (last !== 0 && isNext) {
      records[last + AFTER] = added;
      records[added + BEFORE] = last;
    }
    this.last = added;
    this.free(added);
  }

  /** The first unit of a block. */
  startOf(block: number): number {
    return this.records[block + START]!;
  }

  /** Units of a block: as many as were asked for, rounded up. */
  sizeOf(block: number): number {
    return this.records[block + SIZE]!;
  }

  /** A block of `units > 0`, rounded up, or 0 if there is no room for it. */
  allocate(units: number): number {
    // Every block of the bin of a rounded size is large enough.
    const size = roundUp(units);
    const bin = this.binWithRoom(binOf(size));
    if (bin < 0) return 0;
    const block = this.heads[bin]!;
    this.remove(block, bin);
    const rest = this.records[block + SIZE]! - size;
    if (rest > 0) this.split(block, size, rest);
    return block;
  }

  /** Gives a block back. */
  free(block: number): void {
    const before = this.records[block + BEFORE]!;
    const after = this.records[block + AFTER]!;
    if (this.records[after + IS_FREE] === 1) {
      this.remove(after, binOf(this.records[after + SIZE]!));
      this.join(block, after);
    }
    if (this.records[before + IS_FREE] === 1) {
      this.remove(before, binOf(this.records[before + SIZE]!));
      this.join(before, block);
      block = before;
    }
    this.insert(block);
  }

  /** The first bin from `bin` on that holds a block, or -1. */
  private binWithRoom(bin: number): number {
    let word = bin >>> STEP_BITS;
    let bits = this.occupied[word]! & (-1 << (bin & (STEPS - 1)));
    if (bits === 0) {
      const words = this.occupiedWords & (-2 << word);
      if (words === 0) return -1;
      word = lowestBit(words);
      bits = this.occupied[word]!;
    }
    return word * STEPS + lowestBit(bits);
  }

  private insert(block: number): void {
    const { records, heads } = this;
    const bin = binOf(records[block + SIZE]!);
    const head = heads[bin]!;
    records[block + NEXT] = head;
    records[block + PREVIOUS] = 0;
    records[block + IS_FREE] = 1;
    if (head !== 0) records[head + PREVIOUS] = block;
    heads[bin] = block;
    const word = bin >>> STEP_BITS;
    this.occupied[word]! |= 1 << (bin & (STEPS - 1));
    this.occupiedWords |= 1 << word;
  }

  private remove(block: number, bin: number): void {
    const { records } = this;
    const next = records[block + NEXT]!;
    const previous = records[block + PREVIOUS]!;
    records[block + IS_FREE] = 0;
    if (next !== 0) records[next + PREVIOUS] = previous;
    if (previous !== 0) {
      records[previous + NEXT] = next;
      return;
    }
    this.heads[bin] = next;
    if (next !== 0) return;
    const word = bin >>> STEP_BITS;
    this.occupied[word]! &= ~(1 << (bin & (STEPS - 1)));
    if (this.occupied[word] === 0) this.occupiedWords &= ~(1 << word);
  }

  /** Cuts a block that is in no bin; what remains goes into one. */
  private split(block: number, size: number, rest: number): void {
    const start = this.records[block + START]!;
    const remainder = this.newRecord(start + size, rest);
    const { records } = this; // which may be new
    const after = records[block + AFTER]!;
    records[block + SIZE] = size;
    records[block + AFTER] = remainder;
    records[remainder + BEFORE] = block;
    records[remainder + AFTER] = after;
    if (after !== 0) records[after + BEFORE] = remainder;
    else if (this.last === block) this.last = remainder;
    this.insert(remainder);
  }

  /** Adds the block after `block`, which is in no bin, to it. */
  private join(block: number, gone: number): void {
    const { records } = this;
    const after = records[gone + AFTER]!;
    records[block + SIZE]! += records[gone + SIZE]!;
    records[block + AFTER] = after;
    if (after !== 0) records[after + BEFORE] = block;
    if (this.last === gone) this.last = block;
    records[gone + NEXT] = this.unused;
    this.unused = gone;
  }

  private newRecord(start: number, size: number): number {
    const record = this.unused || this.recordsUsed;
    if (this.unused !== 0) this.unused = this.records[record + NEXT]!;
    else this.recordsUsed += STRIDE;
    if (record === this.records.length) {
      const larger = new Int32Array(2 * this.records.length);
      larger.set(this.records);
      this.records = larger;
    }
    const { records } = this;
    records[record + START] = start;
    records[record + SIZE] = size;
    records[record + BEFORE] = 0;
    records[record + AFTER] = 0;
    records[record + IS_FREE] = 0;
    return record;
  }
}

/** Which bin a free block of `size` units lies in. */
function binOf(size: number): number {
  if (size < STEPS) return size;
  const shift = 31 - Math.clz32(size) - STEP_BITS;
  return (shift + 1) * STEPS + ((size >>> shift) & (STEPS - 1));
}

/** Units of a block where `size` are asked for: the next size with which a bin begins, at most 3 % more. */
export function roundUp(size: number): number {
  // What is too large for any block must not lose bits, and look small.
  if (size < 2 * STEPS || size >= 2 ** SIZE_BITS) return size;
  const step = 1 << (31 - Math.clz32(size) - STEP_BITS);
  return (size + step - 1) & -step;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
