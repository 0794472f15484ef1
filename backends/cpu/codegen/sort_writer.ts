/** What sorts of rows and of blocks share: keys on their way in, results on their way out. */

import { isFloating } from "../../../core/dtype.ts";
import type { Sort } from "../../../core/ir/kernel.ts";
import { nodesOfStore } from "../../../core/ir/kernel.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import { Anatomy, type Axis, mergedAxes, sizeOf } from "./axes.ts";
import { KernelModule } from "./kernel_module.ts";
import { loop } from "./phases.ts";
import type { Scope } from "./scope.ts";
import {
  type Column,
  columnsOf,
  orderedKey,
  valueOfKey,
  ZERO_KEYS,
} from "./sort_keys.ts";
import {
  BARE,
  PLACED,
  placedWord,
  positionAt,
  type WordForm,
} from "./sort_word.ts";
import { f32, i32 } from "../wasm/instructions.ts";
import type { Code } from "../wasm/function.ts";
import type { FunctionRef, ModuleBuilder } from "../wasm/module.ts";
import type { F32, I32, Local, Value } from "../wasm/value.ts";

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
  readonly form: WordForm;
  /** Whether zeros of either sign may have to be put back in order. */
  readonly hasZeros: boolean;
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
    const isBare = this.columns.length === 1 &&
      stores.every(({ value }) => value === nodes[0]);
    this.form = isBare ? BARE : PLACED;
    this.hasZeros = isBare && isFloating(nodes[0]!.dtype);
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
    const { form } = this;
    loop(scope, range, (inner, at) => {
      const { code } = inner;
      const word = code.let(this.wordAt(words, at));
      const position = isFirst ? at : code.let(positionAt(word));
      const value = inner.bind(this.axis, position).scalar(column.node);
      const key = code.let(orderedKey(code, column, value, form === BARE));
      if (form === BARE) code.do(form.store(word, key));
      else if (isFirst) code.do(form.store(word, placedWord(key, position)));
      else code.do(i32.store(word, key, 4));
      onKey?.(code, key);
    });
  }

  /** Stores the elements of a row in the order of its words. */
  writeResults(scope: Scope, { words, ...range }: Words): void {
    const { stores } = this.kernel;
    loop(scope, range, (inner, at) => {
      const { code } = inner;
      const word = this.wordAt(words, at);
      const to = inner.child(code).bind(this.axis, at);
      if (this.form === BARE) {
        const { dtype } = stores[0]!.value;
        const key = this.form.keyAt(word);
        const value = code.let(valueOfKey(code, dtype, key));
        for (const store of stores) to.put(store, value, false);
        return;
      }
      const position = code.let(positionAt(word));
      const from = inner.child(code).bind(this.axis, position);
      const values = stores.map(({ value }) =>
        this.isInKeys(value)
          ? this.keyedValue(inner, word, position)
          : from.scalar(value)
      );
      stores.forEach((store, i) => to.put(store, values[i]!, false));
    });
  }

  /** Whether the keys of words say what a value is, zeros aside. */
  private isInKeys(value: Node): boolean {
    return this.columns.length === 1 && this.columns[0]!.node === value;
  }

  /** The value that a word is about, without a look at memory unless it is a zero. */
  private keyedValue(scope: Scope, word: I32, position: I32): Value {
    const { code } = scope;
    const { node } = this.columns[0]!;
    const key = code.let(this.form.keyAt(word));
    const value = code.let(valueOfKey(code, node.dtype, key));
    if (!isFloating(node.dtype)) return value;
    const zero = scope.child().bind(this.axis, position);
    zero.code.set(value, zero.scalar(node));
    const isZero = i32.eq(key, i32.const(ZERO_KEYS.positive));
    code.if(isZero, (c) => c.append(zero.code));
    return value;
  }

  /**
   * Zeros of both signs have been sorted by sign, and are equal: stores them
   * anew, in the order in which they come.
   */
  writeZeros(scope: Scope, words: I32): void {
    if (!this.hasZeros) return;
    const { code } = scope;
    const { negative, positive } = ZERO_KEYS;
    const search = lowerBound(this.module.module);
    const [first, middle, end] = [negative, positive, positive + 1].map((key) =>
      code.let(search.call(words, i32.const(this.length), i32.const(key)))
    );
    const next = code.let(first!);
    const both = scope.child();
    const range = { from: i32.const(0), to: i32.const(this.length) };
    loop(both, range, (inner, at) => {
      const [store] = this.kernel.stores;
      const value = inner.bind(this.axis, at).scalar(store!.value);
      const zero = inner.child().bind(this.axis, next);
      for (const each of this.kernel.stores) zero.put(each, value, false);
      zero.code.set(next, i32.add(next, i32.const(1)));
      const isZero = f32.eq(value as F32, f32.const(0));
      inner.code.if(isZero, (c) => c.append(zero.code));
    });
    const isMixed = i32.and(i32.ne(first!, middle!), i32.ne(middle!, end!));
    code.if(isMixed, (c) => c.append(both.code));
  }

  private wordAt(words: I32, at: I32): I32 {
    return i32.add(words, i32.mul(at, i32.const(this.form.bytes)));
  }
}

/** Counts the bare words `(words, count, key)` that are below a key: they are sorted. */
function lowerBound(module: ModuleBuilder): FunctionRef<"i32"> {
  const signature = { params: ["i32", "i32", "i32"], result: "i32" } as const;
  return module.once("lower bound", signature, (fn) => {
    const [words, count, key] = fn.params as [
      Local<"i32">,
      Local<"i32">,
      Local<"i32">,
    ];
    const { body } = fn;
    const low = body.let(i32.const(0));
    const high = body.let(count);
    body.while(() => i32.lt_u(low, high), (loop) => {
      const sum = i32.add(low, high);
      const middle = loop.let(i32.shr_u(sum, i32.const(1)));
      const at = i32.add(words, i32.mul(middle, i32.const(BARE.bytes)));
      loop.if(
        i32.lt_u(BARE.keyAt(at), key),
        (then) => then.set(low, i32.add(middle, i32.const(1))),
        (otherwise) => otherwise.set(high, middle),
      );
    });
    body.result(low);
  });
}
