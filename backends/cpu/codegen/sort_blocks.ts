/**
 * Sorts long rows block by block, in a workspace. For each digit every block
 * counts its words, the counts become places in the row's other half of the
 * workspace, and every block moves its words there.
 */

import type { KernelCode } from "./code.ts";
import { bindAll } from "./positions.ts";
import {
  counterOffset,
  countOne,
  type Digit,
  digitsOf,
  distribute,
  sweep,
} from "./sort_words.ts";
import type { SortWriter } from "./sort_writer.ts";
import type { Scope } from "./scope.ts";
import type { Code } from "../wasm/function.ts";
import { i32, i32x4, memoryFill, v128 } from "../wasm/instructions.ts";
import type { I32, Local } from "../wasm/value.ts";

/** Words of a block. */
const BLOCK = 1 << 15;

/** One pass over the words, and the digit by which it moves them. */
interface Pass {
  readonly digit: Digit;
  /** Of which column. */
  readonly column: number;
  readonly isFirstOfColumn: boolean;
}

/** A block while its code is written. */
interface Block {
  readonly row: I32;
  /** Positions in the row. */
  readonly from: Local<"i32">;
  readonly to: Local<"i32">;
  /** Where its counters begin. */
  readonly table: Local<"i32">;
}

/** Each item of a phase handles a block of a row, or merges the counts of a row. */
export function sortBlocks(writer: SortWriter): KernelCode {
  return new BlockSort(writer).write();
}

class BlockSort {
  private readonly passes: readonly Pass[];
  private readonly blocks: number;
  private readonly counters: number;
  /** Bytes of the words of all rows; the workspace holds them twice. */
  private readonly half: number;

  constructor(private readonly writer: SortWriter) {
    const { columns, length, rows, form } = writer;
    this.passes = columns.flatMap((bits, column) =>
      digitsOf(bits, length).map((digit, i) => ({
        digit,
        column,
        isFirstOfColumn: i === 0,
      }))
    );
    this.blocks = Math.ceil(length / BLOCK);
    this.counters = Math.max(...this.passes.map((p) => 2 ** p.digit.bits));
    this.half = rows * length * form.bytes;
  }

  write(): KernelCode {
    const { module, rows } = this.writer;
    this.passes.forEach((pass, i) => {
      if (pass.isFirstOfColumn) this.writeKeys(pass, i);
      else this.writeCounts(pass, i);
      this.writePlaces(pass, i);
      this.writeMoves(pass, i);
    });
    this.writeResults();
    const tables = 4 * rows * this.blocks * this.counters;
    const halves = 4 * rows * (this.passes.length + 1);
    return module.finish({
      workspace: 2 * this.half + tables + halves,
      scratch: 4 * this.counters,
    });
  }

  private writeKeys({ column, digit }: Pass, i: number): void {
    const isFirst = i === 0;
    this.blockPhase(4, (scope, block) => {
      const { code } = scope;
      if (isFirst) {
        code.do(i32.store(this.halfOf(scope, block.row, 0), i32.const(0)));
      }
      const words = code.let(
        this.words(scope, block.row, this.halfAt(scope, block.row, i)),
      );
      code.do(this.clear(block, digit));
      this.writer.writeKeys(scope, {
        ...block,
        words,
        column: this.writer.columns[column]!,
        isFirst,
        onKey: (inner, key) =>
          countOne(inner, i32.add(block.table, counterOffset(key, digit))),
      });
    });
  }

  private writeCounts({ digit }: Pass, i: number): void {
    this.blockPhase(1, (scope, block) => {
      const { code } = scope;
      code.do(this.clear(block, digit));
      sweep(code, this.wordsOf(scope, block, i), (inner, word) => {
        const counter = i32.add(
          block.table,
          counterOffset(this.writer.form.keyAt(word), digit),
        );
        countOne(inner, counter);
      });
    });
  }

  /** Turns the counts of a row into places, and decides whether words move at all. */
  private writePlaces({ digit }: Pass, i: number): void {
    const { module, rows, length, form } = this.writer;
    const counters = 2 ** digit.bits;
    const cost = this.blocks * counters;
    module.phase({ items: rows, cost }, (scope, row) => {
      const { code } = scope;
      const first = i32.mul(row, i32.const(this.blocks));
      const table = code.let(this.table(scope, first));
      const totals = code.let(module.scratch);
      const half = code.let(this.halfAt(scope, row, i));
      const offset = code.fn.local("i32");
      const offsets = {
        from: i32.const(0),
        to: i32.const(4 * counters),
        step: 16,
        nonEmpty: true,
      };
      code.for(offset, offsets, (inner) => {
        const sums = this.sumsOver(inner, i32.add(table, offset));
        inner.do(v128.store(i32.add(totals, offset), sums));
      });
      const key = form.keyAt(this.words(scope, row, half));
      const alike = i32.load(i32.add(totals, counterOffset(key, digit)));
      const moves = code.let(i32.ne(alike, i32.const(length)));
      const other = code.let(i32.xor(half, moves));
      code.do(i32.store(this.halfOf(scope, row, i + 1), other));
      code.if(moves, (then) => {
        const start = then.let(this.words(scope, row, other));
        this.placeKeys(then, totals, counters, start);
        then.for(offset, offsets, (inner) => {
          const places = inner.let(v128.load(i32.add(totals, offset)));
          this.placeBlocks(inner, inner.let(i32.add(table, offset)), places);
        });
      });
    });
  }

  /** The counts of all blocks for four keys, of which the first block's are at `from`. */
  private sumsOver(code: Code, from: I32): Local<"v128"> {
    const total = code.let(v128.const([0, 0, 0, 0]));
    sweep(code, this.tables(code.let(from)), (each, at) => {
      each.set(total, i32x4.add(total, v128.load(at)));
    });
    return total;
  }

  /** Turns how many words have each key into where these go, from `place` on. */
  private placeKeys(
    code: Code,
    from: I32,
    keys: number,
    place: Local<"i32">,
  ): void {
    const { bytes } = this.writer.form;
    sweep(code, { from, count: i32.const(keys), bytes: 4 }, (each, at) => {
      const size = each.let(i32.mul(i32.load(at), i32.const(bytes)));
      each.do(i32.store(at, place));
      each.set(place, i32.add(place, size));
    });
  }

  /** The same for four keys in each block, one block after the other. */
  private placeBlocks(code: Code, from: I32, places: Local<"v128">): void {
    const shift = i32.const(Math.log2(this.writer.form.bytes));
    sweep(code, this.tables(from), (each, at) => {
      const counts = each.let(v128.load(at));
      each.do(v128.store(at, places));
      each.set(places, i32x4.add(places, i32x4.shl(counts, shift)));
    });
  }

  private writeMoves({ digit }: Pass, i: number): void {
    this.blockPhase(3, (scope, block) => {
      const before = this.halfAt(scope, block.row, i);
      const after = this.halfAt(scope, block.row, i + 1);
      scope.code.if(i32.ne(before, after), (code) => {
        distribute(code, {
          ...this.wordsOf(scope, block, i),
          table: block.table,
          digit,
        });
      });
    });
  }

  private writeResults(): void {
    const last = this.passes.length;
    this.blockPhase(4, (scope, block) => {
      const half = this.halfAt(scope, block.row, last);
      const words = scope.code.let(this.words(scope, block.row, half));
      this.writer.writeResults(scope, { ...block, words });
    });
    if (!this.writer.hasZeros) return;
    const { module, rows, axes } = this.writer;
    module.phase({ items: rows, cost: 200 }, (scope, row) => {
      bindAll(scope, axes, row);
      const half = this.halfAt(scope, row, last);
      const words = scope.code.let(this.words(scope, row, half));
      this.writer.writeZeros(scope, words);
    });
  }

  /** A phase of which each item is a block of a row. */
  private blockPhase(
    nanoseconds: number,
    build: (scope: Scope, block: Block) => void,
  ): void {
    const { module, rows, length, axes } = this.writer;
    const items = rows * this.blocks;
    const cost = nanoseconds * Math.min(BLOCK, length);
    module.phase({ items, cost }, (scope, item) => {
      const { code } = scope;
      const blocks = i32.const(this.blocks);
      const row = code.let(i32.div_u(item, blocks));
      const from = code.let(i32.mul(i32.rem_u(item, blocks), i32.const(BLOCK)));
      const to = code.let(i32.add(from, i32.const(BLOCK)));
      code.if(
        i32.gt_u(to, i32.const(length)),
        (then) => then.set(to, i32.const(length)),
      );
      bindAll(scope, axes, row);
      const table = code.let(this.table(scope, item));
      build(scope, { row, from, to, table });
    });
  }

  private clear({ table }: Block, { bits }: Digit) {
    return memoryFill(table, i32.const(0), i32.const(4 * 2 ** bits));
  }

  /** The counters of a row's blocks, from one on that the first block has. */
  private tables(from: I32) {
    const count = i32.const(this.blocks);
    return { from, count, bytes: 4 * this.counters };
  }

  private wordsOf(scope: Scope, { row, from, to }: Block, pass: number) {
    const { form } = this.writer;
    const words = this.words(scope, row, this.halfAt(scope, row, pass));
    return {
      form,
      from: i32.add(words, i32.mul(from, i32.const(form.bytes))),
      count: i32.sub(to, from),
      bytes: form.bytes,
    };
  }

  // Addresses in the workspace

  /** The words of a row in one half. */
  private words(scope: Scope, row: I32, half: I32): I32 {
    const { form, length } = this.writer;
    const start = i32.mul(row, i32.const(form.bytes * length));
    const side = i32.mul(half, i32.const(this.half));
    return i32.add(i32.add(scope.workspace(), start), side);
  }

  /** The counters of a block. */
  private table(scope: Scope, block: I32): I32 {
    const start = i32.add(scope.workspace(), i32.const(2 * this.half));
    return i32.add(start, i32.mul(block, i32.const(4 * this.counters)));
  }

  /** Where it is noted in which half a row is before a pass. */
  private halfOf(scope: Scope, row: I32, pass: number): I32 {
    const { rows } = this.writer;
    const tables = this.table(scope, i32.const(rows * this.blocks));
    const passes = this.passes.length + 1;
    const index = i32.add(i32.mul(row, i32.const(passes)), i32.const(pass));
    return i32.add(tables, i32.mul(index, i32.const(4)));
  }

  private halfAt(scope: Scope, row: I32, pass: number): I32 {
    return i32.load(this.halfOf(scope, row, pass));
  }
}
