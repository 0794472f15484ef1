/** What sorts of rows and of blocks share: keys on their way in, results on their way out. */

import type { Sort } from "../../../core/ir/kernel.ts";
import { nodesOfStore } from "../../../core/ir/kernel.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf } from "./axes.ts";
import { KernelModule } from "./kernel_module.ts";
import { loop } from "./phases.ts";
import type { Scope } from "./scope.ts";
import { type Column, columnsOf, orderedKey } from "./sort_keys.ts";
import { positionAt, WORD, wordOf } from "./sort_words.ts";
import { i32, i64 } from "../wasm/instructions.ts";
import type { Code } from "../wasm/function.ts";
import type { I32 } from "../wasm/value.ts";

/** Positions of a row, and where the words for position 0 and on are. */
export interface Words {
  readonly words: I32;
  readonly from: I32;
  readonly to: I32;
}

/** Writes the parts of a sort. */
export class SortWriter {
  readonly module: KernelModule;
  /** The axes that number the rows. */
  readonly axes: readonly Axis[];
  readonly rows: number;
  /** Elements of a row. */
  readonly length: number;
  /** What to sort by, in the order of the sorts: the last one decides first. */
  readonly columns: readonly Column[];
  private readonly axis: Axis;

  constructor(private readonly kernel: Sort) {
    const { loops, axis, keys, stores } = kernel;
    const anatomy = new Anatomy();
    for (const store of stores) {
      nodesOfStore(store).forEach((node) => anatomy.addNode(node));
      anatomy.addIndex(store.offset);
    }
    this.module = new KernelModule(kernel.buffers, anatomy);
    this.axes = mergedAxes(loops, anatomy.indices);
    this.rows = sizeOf(loops);
    this.axis = { loops: [axis], extent: axis.extent };
    this.length = axis.extent;
    const nodes = stores.slice(0, keys).map(({ value }) => value);
    this.columns = columnsOf(nodes).toReversed();
  }

  /**
   * Makes words of the positions of a row, or gives words the keys of the next
   * column; `onKey` sees each key.
   */
  writeKeys(
    scope: Scope,
    { words, column, isFirst, onKey, ...range }: Words & {
      readonly column: Column;
      readonly isFirst: boolean;
      readonly onKey?: (code: Code, key: I32) => void;
    },
  ): void {
    loop(scope, range, (inner, at) => {
      const { code } = inner;
      const word = code.let(wordAt(words, at));
      const position = isFirst ? at : code.let(positionAt(word));
      const value = inner.bind(this.axis, position).scalar(column.node);
      const key = code.let(orderedKey(code, column, value));
      code.do(
        isFirst
          ? i64.store(word, wordOf(key, position))
          : i32.store(word, key, 4),
      );
      onKey?.(code, key);
    });
  }

  /** Stores the elements of a row in the order of its words. */
  writeResults(scope: Scope, { words, ...range }: Words): void {
    const { stores } = this.kernel;
    loop(scope, range, (inner, at) => {
      const { code } = inner;
      const position = code.let(positionAt(wordAt(words, at)));
      const from = inner.child(code).bind(this.axis, position);
      const to = inner.child(code).bind(this.axis, at);
      const values = stores.map(({ value }) => from.scalar(value));
      stores.forEach((store, i) => to.put(store, values[i]!, false));
    });
  }
}

function wordAt(words: I32, at: I32): I32 {
  return i32.add(words, i32.mul(at, i32.const(WORD)));
}
