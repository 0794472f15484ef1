/** The one memory of the CPU, on which all kernels work. */

import { ARGUMENT_WORDS, ARGUMENTS, PAGE, scratchOf, UNIT } from "./layout.ts";

/** All that 32 bits can address. */
const MOST_PAGES = 65536;

/** Memory with what JavaScript sees of it. */
export interface SharedMemory {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  /** The same as words, for what Programs ask of loops and branches. */
  readonly words: Int32Array;
  /** Where kernels find the addresses of their buffers. */
  readonly args: Int32Array;
  /** The first unit for blocks, and the first that is for none. */
  readonly start: number;
  readonly end: number;
}

/**
 * Memory with scratch regions for a number of threads. It has its final size
 * from the start, as views of memory that grew keep their old length and lose
 * writes; pages are committed when they are first written.
 *
 * @throws {RangeError} If not even a small memory can be had.
 */
export function createMemory(threads: number): SharedMemory {
  const memory = largestMemory(Math.ceil(scratchOf(threads) / PAGE) + 1);
  const { buffer } = memory;
  return {
    memory,
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    args: new Int32Array(buffer, ARGUMENTS, ARGUMENT_WORDS),
    start: scratchOf(threads) / UNIT,
    // Vectors may be read beyond the end of a block, so there is a last unit.
    end: buffer.byteLength / UNIT - 1,
  };
}

function largestMemory(leastPages: number): WebAssembly.Memory {
  for (let pages = MOST_PAGES; pages > leastPages; pages >>>= 1) {
    try {
      return new WebAssembly.Memory({
        initial: pages,
        maximum: pages,
        shared: true,
      });
    } catch {
      // The system may limit what a process can address: half of it, then.
    }
  }
  throw new RangeError(
    `Cannot open device "cpu": the system refuses ${leastPages * PAGE} bytes ` +
      `of address space for WebAssembly. Raise the limit of the process ` +
      `(ulimit -v), or use fewer threads`,
  );
}
