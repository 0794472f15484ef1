/** Stable sorts of words by their keys, in one thread. */

import type { Code, FunctionBuilder } from "../wasm/function.ts";
import { i32, i32x4, memoryFill, v128 } from "../wasm/instructions.ts";
import type { FunctionRef, ModuleBuilder } from "../wasm/module.ts";
import type { I32, Local, V128 } from "../wasm/value.ts";
import type { WordForm } from "./sort_word.ts";

/** Some bits of keys, by which one pass of a radix sort distributes words. */
export interface Digit {
  readonly shift: number;
  readonly bits: number;
}

/** From this length on, distributing words is faster than counting them. */
const RADIX_ROW = 112;

/** Words for which a row needs room: vectors hold the keys of four. */
export function paddedRow(n: number): number {
  return Math.ceil(n / 4) * 4;
}

/**
 * Cuts the key bits `[low, high)` into digits for rows of `n` words. 2^11
 * counters are fast as long as the places they name stay in the caches.
 */
export function digitsOf(
  { low, high }: { readonly low: number; readonly high: number },
  n: number,
): readonly Digit[] {
  const most = n >= 1 << 14 && n < 1 << 22 ? 11 : 8;
  const count = Math.ceil((high - low) / most);
  // Counters are handled four at a time: a digit has at least two bits.
  const bits = Math.max(2, Math.ceil((high - low) / count));
  return Array.from({ length: count }, (_, i) => {
    const shift = low + i * bits;
    return { shift, bits: Math.max(2, Math.min(bits, high - shift)) };
  });
}

/** Calls `body` with the address of each of `count` elements; there is at least one. */
export function sweep(
  code: Code,
  { from, count, bytes }: {
    readonly from: I32;
    readonly count: I32;
    readonly bytes: number;
  },
  body: (code: Code, address: Local<"i32">) => void,
): void {
  const address = code.let(from);
  const size = i32.const(bytes);
  const end = code.let(i32.add(address, i32.mul(count, size)));
  code.doWhile((loop) => {
    body(loop, address);
    loop.set(address, i32.add(address, size));
    // Addresses are unsigned: an order by sign would break at 2 GiB.
    return i32.ne(address, end);
  });
}

/** Offset of the counter of a key's digit in a table of 32-bit counters. */
export function counterOffset(key: I32, { shift, bits }: Digit): I32 {
  return i32.shl(
    i32.and(i32.shr_u(key, i32.const(shift)), i32.const(2 ** bits - 1)),
    i32.const(2),
  );
}

/** Adds 1 to a counter. */
export function countOne(code: Code, counter: I32): void {
  const at = code.let(counter);
  code.do(i32.store(at, i32.add(i32.load(at), i32.const(1))));
}

/** Words in memory. */
export interface WordRange {
  readonly form: WordForm;
  readonly from: I32;
  readonly count: I32;
}

/** Moves words to where the counters of their digits point, in order. */
export function distribute(
  code: Code,
  { form, table, digit, ...range }: WordRange & {
    readonly table: I32;
    readonly digit: Digit;
  },
): void {
  const size = i32.const(form.bytes);
  sweep(code, { ...range, bytes: form.bytes }, (loop, address) => {
    const word = loop.let(form.load(address));
    const offset = counterOffset(form.keyOf(word), digit);
    const counter = loop.let(i32.add(table, offset));
    const place = loop.let(i32.load(counter));
    loop.do(
      form.store(place, word),
      i32.store(counter, i32.add(place, size)),
    );
  });
}

/** Sorts one row of words at its first argument; says where the result is. */
export type RowSort = FunctionRef<"i32">;

/** Bytes of counters that a row sort needs beside two rows of words. */
export function rowCounters(n: number, digits: readonly Digit[]): number {
  return n < RADIX_ROW ? 0 : 4 * tableOffset(digits, digits.length);
}

/** The sort of rows of `n` words at `(words, other, counters)`. */
export function rowSort(
  module: ModuleBuilder,
  form: WordForm,
  n: number,
  digits: readonly Digit[],
): RowSort {
  const signature = {
    params: ["i32", "i32", "i32"],
    result: "i32",
  } as const;
  const name = `sort ${n} ${form.bytes} ${
    digits.map((d) => [d.shift, d.bits])
  }`;
  return module.once(name, signature, (fn) => {
    if (n < RADIX_ROW) buildRankSort(fn, form, n);
    else buildRadixSort(fn, form, n, digits);
  });
}

/**
 * Counts for each word how many come before it, four words at a time: without
 * a branch, and for short rows with fewer instructions than sorting by halves.
 */
function buildRankSort(
  fn: FunctionBuilder,
  form: WordForm,
  n: number,
): void {
  const [words, other] = fn.params as [Local<"i32">, Local<"i32">];
  const { body } = fn;
  const end = body.let(at(form, words, paddedRow(n)));
  for (let i = n; i < paddedRow(n); i++) {
    // After all others, so that nobody counts them.
    body.do(form.store(at(form, words, i), form.last));
  }
  sweep(body, {
    from: words,
    count: i32.const(paddedRow(n) / 4),
    bytes: 4 * form.bytes,
  }, (code, four) => {
    const keys = code.let(form.fourKeys(four));
    const rank = code.let(v128.const([0, 0, 0, 0]));
    const count = (part: Code, isBefore: V128) =>
      part.set(rank, i32x4.sub(rank, isBefore));
    const next = code.let(words);
    const countAll = (
      until: I32,
      isBefore: (x: V128, y: V128) => V128,
    ) =>
      code.while(() => i32.ne(next, until), (loop) => {
        for (let j = 0; j < 4; j++) {
          count(loop, isBefore(form.splatKey(next, form.bytes * j), keys));
        }
        loop.set(next, at(form, next, 4));
      });
    countAll(four, i32x4.le_u);
    for (let j = 0; j < 4; j++) {
      const key = code.let(form.splatKey(four, form.bytes * j));
      const isLater = v128.const([0, 1, 2, 3].map((i) => i > j ? -1 : 0));
      const isTie = v128.and(i32x4.eq(key, keys), fn.constant(isLater));
      count(code, v128.or(i32x4.lt_u(key, keys), isTie));
    }
    code.set(next, at(form, next, 4));
    countAll(end, i32x4.lt_u);
    for (let j = 0; j < 4; j++) {
      const place = scaled(form, i32x4.extract_lane(rank, j));
      const word = form.load(four, form.bytes * j);
      code.do(form.store(i32.add(other, place), word));
    }
  });
  body.result(other);
}

function at({ bytes }: WordForm, words: I32, index: number): I32 {
  return i32.add(words, i32.const(bytes * index));
}

function scaled({ bytes }: WordForm, count: I32): I32 {
  return i32.mul(count, i32.const(bytes));
}

/** Index of the first counter of a digit's table. */
function tableOffset(digits: readonly Digit[], which: number): number {
  return digits.slice(0, which).reduce((n, { bits }) => n + 2 ** bits, 0);
}

function buildRadixSort(
  fn: FunctionBuilder,
  form: WordForm,
  n: number,
  digits: readonly Digit[],
): void {
  const [words, other, counters] = fn.params as [
    Local<"i32">,
    Local<"i32">,
    Local<"i32">,
  ];
  const { body } = fn;
  const count = i32.const(n);
  const tableOf = (which: number) =>
    i32.add(counters, i32.const(4 * tableOffset(digits, which)));
  body.do(
    memoryFill(counters, i32.const(0), i32.const(rowCounters(n, digits))),
  );
  sweep(body, { from: words, count, bytes: form.bytes }, (code, address) => {
    const key = code.let(form.keyAt(address));
    digits.forEach((digit, which) => {
      countOne(code, i32.add(tableOf(which), counterOffset(key, digit)));
    });
  });
  const swapped = fn.local("i32");
  digits.forEach((digit, which) => {
    const table = body.let(tableOf(which));
    const first = i32.load(
      i32.add(table, counterOffset(form.keyAt(words), digit)),
    );
    // A digit that is the same everywhere leaves the order as it is.
    body.if(i32.ne(first, count), (code) => {
      placesOf(code, form, { table, digit, start: other });
      distribute(code, { form, from: words, count, table, digit });
      code.set(swapped, words);
      code.set(words, other);
      code.set(other, swapped);
    });
  });
  body.result(words);
}

/** Turns counts into the addresses where the words of each digit begin. */
function placesOf(
  code: Code,
  form: WordForm,
  { table, digit, start }: {
    readonly table: I32;
    readonly digit: Digit;
    readonly start: I32;
  },
): void {
  const place = code.let(start);
  const count = i32.const(2 ** digit.bits);
  sweep(code, { from: table, count, bytes: 4 }, (loop, counter) => {
    const size = loop.let(scaled(form, i32.load(counter)));
    loop.do(i32.store(counter, place));
    loop.set(place, i32.add(place, size));
  });
}
