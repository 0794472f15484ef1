/** Sort kernels: rows one by one on all threads, or blocks of long rows. */

import type { Sort } from "../../../core/ir/kernel.ts";
import type { KernelCode } from "./code.ts";
import { rowPhase } from "./phases.ts";
import { bindAll } from "./positions.ts";
import { sortBlocks } from "./sort_blocks.ts";
import { digitsOf, paddedRow, rowCounters, rowSort } from "./sort_words.ts";
import { SortWriter } from "./sort_writer.ts";
import { i32 } from "../wasm/instructions.ts";

/** Rows longer than this are cut into blocks, unless there are many. */
const LONG_ROW = 1 << 16;
/** Rows longer than this do not fit in the scratch memory of a thread. */
const LONGEST_ROW = 1 << 18;
/** So many rows keep all threads busy. */
const MANY_ROWS = 8;

/** The code of a sort. */
export function sortCode(kernel: Sort): KernelCode {
  const writer = new SortWriter(kernel);
  const { length, rows } = writer;
  if (length * rows === 0) return writer.module.finish();
  const isWhole = length <= LONG_ROW ||
    (length <= LONGEST_ROW && rows >= MANY_ROWS);
  return isWhole ? sortRows(writer) : sortBlocks(writer);
}

/** Each item sorts a row in the scratch memory of its thread. */
function sortRows(writer: SortWriter): KernelCode {
  const { module, form, length, columns } = writer;
  const bytes = form.bytes * paddedRow(length);
  const sorts = columns.map((column) =>
    rowSort(module.module, form, length, digitsOf(column, length))
  );
  const counters = Math.max(
    ...columns.map((c) => rowCounters(length, digitsOf(c, length))),
  );
  const cost = 20 + 10 * length * columns.length;
  rowPhase(module, { rows: writer.rows, cost }, (scope, row) => {
    bindAll(scope, writer.axes, row);
    const { code } = scope;
    const first = module.scratch;
    const second = i32.add(first, i32.const(bytes));
    const table = i32.add(first, i32.const(2 * bytes));
    const all = { from: i32.const(0), to: i32.const(length) };
    const words = code.let(first);
    columns.forEach((column, i) => {
      writer.writeKeys(scope, { ...all, words, column, isFirst: i === 0 });
      // What of the two rows is not `words`.
      const other = i32.sub(i32.add(first, second), words);
      code.set(words, sorts[i]!.call(words, other, table));
    });
    writer.writeResults(scope, { ...all, words });
    writer.writeZeros(scope, words);
  });
  return module.finish({ scratch: 2 * bytes + counters });
}
