/**
 * What lies where in the memory that all kernels and threads share:
 *
 *     0       arguments of the running kernel
 *     64 KiB  scratch memory of each thread
 *     ...     blocks of arrays and programs
 */

/** Bytes of a page of WebAssembly memory. */
export const PAGE = 65536;

/** Where zeros lie that nobody overwrites: what loads out of bounds read. */
export const ZEROS = 0;

/**
 * Where kernels find the addresses of their buffers, in order, then that of
 * their workspace: one 32-bit word each.
 */
export const ARGUMENTS = 1024;

/** How many words there are: bounds the buffers of a kernel. */
export const ARGUMENT_WORDS = 256;

/** More threads than this have no scratch memory. */
export const MAX_THREADS = 32;

/** Scratch memory of one thread. Pages that are never written cost nothing. */
export const SCRATCH_BYTES = 16 * 2 ** 20;

/** Address of the scratch memory of a thread; the main thread is number 0. */
export function scratchOf(thread: number): number {
  return PAGE + thread * SCRATCH_BYTES;
}

/** Bytes to which blocks are aligned, and by which they are counted: a cache line. */
export const UNIT = 64;
