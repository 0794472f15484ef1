/** Values that have been moved out of the shared memory. */

import type { SharedMemory } from "./memory.ts";

/** Bytes of a value, or for a small one its words: see `save`. */
export type Saved = Uint8Array<ArrayBuffer> | readonly number[];

/**
 * Values of up to so many bytes are small. They are kept as a list of numbers:
 * making any typed array takes 0.25 µs, a list of four numbers a tenth of that.
 */
export const SMALL = 256;

/** A copy of the bytes at `address`. */
export function save(
  { bytes, words }: SharedMemory,
  address: number,
  size: number,
): Saved {
  if (size > SMALL) return copied(bytes, address, size);
  const first = address / 4;
  const list: number[] = [];
  for (let i = 0; 4 * i < size; i++) list.push(words[first + i]!);
  return list;
}

/** Puts a saved value at `address`; up to 3 bytes beyond it may change. */
export function restore(
  { bytes, words }: SharedMemory,
  address: number,
  saved: Saved,
): void {
  if (saved instanceof Uint8Array) return bytes.set(saved, address);
  const first = address / 4;
  for (let i = 0; i < saved.length; i++) words[first + i] = saved[i]!;
}

/** A copy of a saved value of so many bytes. */
export function bytesOfSaved(
  saved: Saved,
  size: number,
): Uint8Array<ArrayBuffer> {
  if (saved instanceof Uint8Array) return saved.slice();
  return new Uint8Array(Int32Array.from(saved).buffer, 0, size);
}

/** A copy of bytes outside of shared memory. */
export function copied(
  bytes: Uint8Array,
  address: number,
  size: number,
): Uint8Array<ArrayBuffer> {
  // Of a view of shared memory, too, a slice is ordinary memory.
  return bytes.slice(address, address + size) as Uint8Array<ArrayBuffer>;
}
