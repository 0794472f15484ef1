/** The one memory of the CPU, on which all kernels work. */

import { ARGUMENT_WORDS, ARGUMENTS, PAGE, scratchOf, UNIT } from "./layout.ts";

/** All that 32 bits can address. */
const MOST_PAGES = 65536;

/**
 * Pages for blocks at first. The engine takes the length of a memory for memory
 * in use: seeing gigabytes at once, it would begin to collect garbage.
 */
const FIRST_PAGES = 4096;

/** Memory with what JavaScript sees of it. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  /** All of it; another view once it has grown, so do not keep this one. */
  bytes: Uint8Array;
  /** The same as words, for what Programs ask of loops and branches. */
  words: Int32Array;
  /** Where kernels find the addresses of their buffers. */
  readonly args: Int32Array;
  /** Where units for blocks begin and end at present. */
  readonly start: number;
  end: number;
  /** Where they end once the memory has grown. */
  limit: number;
}

/**
 * Memory with scratch regions for a number of threads. Its address space is
 * taken from the start; pages are committed when they are first written.
 *
 * @throws {RangeError} If not even a small memory can be had.
 */
export function createMemory(threads: number): SharedMemory {
  const taken = Math.ceil(scratchOf(threads) / PAGE);
  const [memory, pages] = largestMemory(taken);
  return {
    memory,
    ...viewsOf(memory),
    args: new Int32Array(memory.buffer, ARGUMENTS, ARGUMENT_WORDS),
    start: scratchOf(threads) / UNIT,
    end: endOf(memory.buffer.byteLength),
    limit: endOf(pages * PAGE),
  };
}

/**
 * Puts the address space to use, as far as the system allows, once. Not while
 * workers run: they may learn of it too late.
 */
export function growMemory(shared: SharedMemory): void {
  const { memory, end, limit } = shared;
  if (end === limit) return;
  for (let pages = (limit - end) * UNIT / PAGE; pages >= 1; pages >>>= 1) {
    try {
      memory.grow(pages);
    } catch {
      continue; // with half of it
    }
    Object.assign(shared, viewsOf(memory));
    break;
  }
  shared.end = shared.limit = endOf(memory.buffer.byteLength);
}

/** Views of memory that grew keep their old length, and lose writes. */
function viewsOf({ buffer }: WebAssembly.Memory) {
  return { bytes: new Uint8Array(buffer), words: new Int32Array(buffer) };
}

/** Vectors may be read beyond the end of a block, so no block has the last unit. */
function endOf(bytes: number): number {
  return bytes / UNIT - 1;
}

/** A memory of few pages, of which `taken` are not for blocks, and how many it may have. */
function largestMemory(
  taken: number,
): readonly [memory: WebAssembly.Memory, pages: number] {
  for (let pages = MOST_PAGES; pages > taken; pages >>>= 1) {
    const initial = Math.min(pages, taken + FIRST_PAGES);
    try {
      return [
        new WebAssembly.Memory({ initial, maximum: pages, shared: true }),
        pages,
      ];
    } catch {
      // The system may limit what a process can address: half of it, then.
    }
  }
  throw new RangeError(
    `Cannot open device "cpu": the system refuses ${taken * PAGE} bytes ` +
      `of address space for WebAssembly. Raise the limit of the process ` +
      `(ulimit -v), or use fewer threads`,
  );
}
