/** What sorts move: keys alone, or with the positions that they came from. */

import { i32, i64, i8x16, v128 } from "../wasm/instructions.ts";
import type { Effect, I32, I64, V128, Value } from "../wasm/value.ts";

/** A form of words in memory. */
export interface WordForm {
  readonly bytes: 4 | 8;
  load(address: I32, offset?: number): Value;
  store(address: I32, word: Value, offset?: number): Effect;
  /** A word after all others. */
  readonly last: Value;
  keyOf(word: Value): I32;
  /** The key of a word in memory. */
  keyAt(address: I32): I32;
  /** The keys of four words that follow each other. */
  fourKeys(address: I32): V128;
  /** The key of a word in all lanes. */
  splatKey(address: I32, offset: number): V128;
}

/** Keys alone, where results can be made of them. */
export const BARE: WordForm = {
  bytes: 4,
  load: i32.load,
  store: (address, word, offset) => i32.store(address, word as I32, offset),
  last: i32.const(-1),
  keyOf: (word) => word as I32,
  keyAt: (address) => i32.load(address),
  fourKeys: (address) => v128.load(address),
  splatKey: v128.load32_splat,
};

/**
 * A 32-bit key above the 32-bit position that it came from: whatever follows
 * the key is found there in the end.
 */
export const PLACED: WordForm = {
  bytes: 8,
  load: i64.load,
  store: (address, word, offset) => i64.store(address, word as I64, offset),
  last: i64.const(-1n),
  keyOf: (word) => i32.wrap_i64(i64.shr_u(word as I64, i64.const(32n))),
  keyAt: (address) => i32.load(address, 4),
  fourKeys: (address) =>
    i8x16.shuffle(v128.load(address), v128.load(address, 16), UPPER_HALVES),
  splatKey: (address, offset) => v128.load32_splat(address, offset + 4),
};

/** Lanes of 32 bits 1 and 3 of two vectors. */
const UPPER_HALVES = [4, 12, 20, 28].flatMap((b) => [b, b + 1, b + 2, b + 3]);

/** The position in a word that has one. */
export function positionAt(address: I32): I32 {
  return i32.load(address);
}

/** Puts a word with a position together. */
export function placedWord(key: I32, position: I32): I64 {
  return i64.or(
    i64.shl(i64.extend_i32_u(key), i64.const(32n)),
    i64.extend_i32_u(position),
  );
}
