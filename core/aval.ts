/** What is known of an array without its values: shape, dtype, weak type. */

import { checkedDType, type DType, DTYPES } from "./dtype.ts";
import { inspectAsString } from "./inspect.ts";

/**
 * The abstract value of an array. Avals are interned: two are equal exactly
 * when they are the same object, so comparing signatures compares pointers.
 */
export class Aval {
  /** Number of elements. */
  readonly size: number;
  /** Distinguishes avals in caches. */
  readonly hash: number;

  private constructor(
    readonly shape: readonly number[],
    readonly dtype: DType,
    /** Whether the dtype yields to that of a partner, as a JavaScript number's does. */
    readonly weakType: boolean,
  ) {
    checkedDType(dtype);
    if (!areExtents(shape)) {
      throw new RangeError(
        `Cannot make an array of shape [${shape}]: extents must be whole ` +
          `numbers from 0 on`,
      );
    }
    this.size = shape.reduce((product, extent) => product * extent, 1);
    this.hash = ++Aval.count;
  }

  private static count = 0;
  private static readonly roots = new Map<DType, TrieNode>();

  /** The one aval with this shape, dtype and weak type; a bool is never weak. */
  static of(shape: readonly number[], dtype: DType, weakType = false): Aval {
    let node: TrieNode = childOf(Aval.roots, dtype);
    for (const extent of shape) node = childOf(node.children, extent);
    return weakType && dtype !== "bool"
      ? node.weak ??= new Aval(Object.freeze([...shape]), dtype, true)
      : node.strong ??= new Aval(Object.freeze([...shape]), dtype, false);
  }

  /** Number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** The same aval with other fields. */
  with(
    { shape = this.shape, dtype = this.dtype, weakType = this.weakType }: {
      shape?: readonly number[];
      dtype?: DType;
      weakType?: boolean;
    },
  ): Aval {
    const isSame = shape === this.shape && dtype === this.dtype &&
      weakType === this.weakType;
    return isSame ? this : Aval.of(shape, dtype, weakType);
  }

  /** Whether it is the same aval. */
  equals(other: unknown): boolean {
    return this === other;
  }

  /** As JAX prints it: `f32[2,3]`. */
  toString(): string {
    return `${DTYPES[this.dtype].short}[${this.shape.join(",")}]`;
  }
}

inspectAsString(Aval.prototype);

/** Whether an array can have these extents. */
export function areExtents(shape: readonly number[]): boolean {
  return shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
}

/** Whether two shapes have the same extents. */
export function sameShape(
  x: readonly number[],
  y: readonly number[],
): boolean {
  if (x === y) return true;
  if (x.length !== y.length) return false;
  for (let axis = 0; axis < x.length; axis++) {
    if (x[axis] !== y[axis]) return false;
  }
  return true;
}

interface TrieNode {
  readonly children: Map<number, TrieNode>;
  weak?: Aval;
  strong?: Aval;
}

function childOf<Key>(nodes: Map<Key, TrieNode>, key: Key): TrieNode {
  let node = nodes.get(key);
  if (!node) nodes.set(key, node = { children: new Map() });
  return node;
}
