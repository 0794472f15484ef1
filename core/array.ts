/** Arrays: the type that users hold. */

import type { Aval } from "./aval.ts";
import type { DType } from "./dtype.ts";
import { TracerError } from "./errors.ts";
import type { Axes, Indexer, IndexUpdater, KeepDims } from "./methods.ts";
import { methods } from "./methods.ts";
import type { Storage } from "./storage.ts";

/** What functions accept where they need an array. */
export type ArrayLike = NDArray | number | boolean;

/** Nested lists of numbers, or one number, as `js()` returns them. */
export type NestedList = number | boolean | readonly NestedList[];

/** Values of an array outside the device. bfloat16 is decoded to float32. */
export type Values = Storage;

/** Values that can be read. */
interface Readable {
  readSync(): Values;
  read(): Promise<Values>;
}

/**
 * An immutable n-dimensional array.
 *
 * Its methods are those of NumPy; each equals the function of the same name in
 * `numpy`, applied to the array.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np } from "@dinograd/dinograd";
 *
 * const x = np.array([[1, 2], [3, 4]]);
 * assertEquals(x.shape, [2, 2]);
 * assertEquals(x.mul(2).sum(0).js(), [8, 12]);
 * ```
 */
export abstract class NDArray {
  /** Shape, dtype and weak type. */
  abstract readonly aval: Aval;
  /** Name of the device that holds the array. */
  abstract get device(): string;
  /** As NumPy prints it. */
  abstract toString(): string;

  /**
   * The values, which `method` reads; inside a transform they are not known.
   *
   * @internal
   */
  protected known(method: string): Readable {
    throw new TracerError(
      `Cannot read values with ${method} of ${this}: inside a transformed ` +
        `function only shape and dtype are known. Return the array, use ` +
        `where(), cond() or whileLoop() to depend on values, or mark the ` +
        `argument static`,
    );
  }

  /** Number of elements along each axis. */
  get shape(): readonly number[] {
    return this.aval.shape;
  }
  /** Type of the elements. */
  get dtype(): DType {
    return this.aval.dtype;
  }
  /** Number of axes. */
  get ndim(): number {
    return this.aval.shape.length;
  }
  /** Number of elements. */
  get size(): number {
    return this.aval.size;
  }
  /** Whether the dtype yields to that of a partner, as that of a number does. */
  get weakType(): boolean {
    return this.aval.weakType;
  }

  /** Values in row-major order, as a new typed array. */
  dataSync(): Values {
    return this.known("dataSync()").readSync();
  }
  /** As `dataSync`, where the device cannot answer at once. */
  data(): Promise<Values> {
    return this.known("data()").read();
  }
  /** Nested lists of numbers (of booleans for bool), or one number. */
  js(): NestedList {
    return nest(this.known("js()").readSync(), this.shape, this.dtype);
  }
  /** What `JSON.stringify` writes: the nested lists; NaN and infinities become null. */
  toJSON(): NestedList {
    return this.js();
  }
  /** As `js`, where the device cannot answer at once. */
  async jsAsync(): Promise<NestedList> {
    const values = await this.known("jsAsync()").read();
    return nest(values, this.shape, this.dtype);
  }
  /**
   * The only element as a number (0 or 1 for bool).
   *
   * @throws {TypeError} If the array has not exactly one element.
   */
  item(): number {
    const known = this.known("item()");
    if (this.size !== 1) {
      throw new TypeError(
        `Cannot convert an array of shape [${this.shape}] to a number: ` +
          `item() needs exactly one element. Use js() for all of them`,
      );
    }
    return known.readSync()[0]!;
  }

  /** Releases memory early; never needed. The array cannot be used afterwards. */
  dispose(): void {}
  /** Releases memory at the end of a `using` declaration. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Refuses use as a number: arrays have methods instead of operators. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === "string") return this.toString();
    throw new TracerError(
      `Cannot use an array as a JavaScript number or boolean (${this}): ` +
        `operators do not apply to arrays. Use methods such as add() and ` +
        `less(), or item() outside of transformed functions`,
    );
  }

  /** What `console.log` shows. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
  /** What `console.log` shows in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** Iterates over the first axis. */
  *[Symbol.iterator](): Generator<NDArray> {
    if (this.ndim === 0) {
      throw new TypeError("Cannot iterate over a 0-d array: use item()");
    }
    for (let i = 0; i < this.shape[0]!; i++) yield this.slice(i);
  }

  /** `x + y`, broadcast. */
  add(y: ArrayLike): NDArray {
    return methods().add(this, y);
  }
  /** `x - y`, broadcast. */
  sub(y: ArrayLike): NDArray {
    return methods().subtract(this, y);
  }
  /** `x * y`, broadcast. */
  mul(y: ArrayLike): NDArray {
    return methods().multiply(this, y);
  }
  /** `x / y`, broadcast. */
  div(y: ArrayLike): NDArray {
    return methods().trueDivide(this, y);
  }
  /** Remainder with the sign of `y`. */
  mod(y: ArrayLike): NDArray {
    return methods().remainder(this, y);
  }
  /** `x` to the power of `y`. */
  pow(y: ArrayLike): NDArray {
    return methods().power(this, y);
  }
  /** `-x`. */
  neg(): NDArray {
    return methods().negative(this);
  }
  /** Magnitudes. */
  abs(): NDArray {
    return methods().absolute(this);
  }
  /** `x == y`, element by element. */
  equal(y: ArrayLike): NDArray {
    return methods().equal(this, y);
  }
  /** `x != y`, element by element. */
  notEqual(y: ArrayLike): NDArray {
    return methods().notEqual(this, y);
  }
  /** `x > y`, element by element. */
  greater(y: ArrayLike): NDArray {
    return methods().greater(this, y);
  }
  /** `x >= y`, element by element. */
  greaterEqual(y: ArrayLike): NDArray {
    return methods().greaterEqual(this, y);
  }
  /** `x < y`, element by element. */
  less(y: ArrayLike): NDArray {
    return methods().less(this, y);
  }
  /** `x <= y`, element by element. */
  lessEqual(y: ArrayLike): NDArray {
    return methods().lessEqual(this, y);
  }
  /** Sum over axes; all of them unless given. */
  sum(axis?: Axes, options?: KeepDims): NDArray {
    return methods().sum(this, axis, options);
  }
  /** Product over axes. */
  prod(axis?: Axes, options?: KeepDims): NDArray {
    return methods().prod(this, axis, options);
  }
  /** Mean over axes. */
  mean(axis?: Axes, options?: KeepDims): NDArray {
    return methods().mean(this, axis, options);
  }
  /** Variance over axes; divides by the count less `correction`. */
  var(
    axis?: Axes,
    options?: KeepDims & { readonly correction?: number },
  ): NDArray {
    return methods().var(this, axis, options);
  }
  /** Standard deviation over axes. */
  std(
    axis?: Axes,
    options?: KeepDims & { readonly correction?: number },
  ): NDArray {
    return methods().std(this, axis, options);
  }
  /** Maximum over axes; NaN if any is. */
  max(axis?: Axes, options?: KeepDims): NDArray {
    return methods().max(this, axis, options);
  }
  /** Minimum over axes; NaN if any is. */
  min(axis?: Axes, options?: KeepDims): NDArray {
    return methods().min(this, axis, options);
  }
  /** Whether all are true. */
  all(axis?: Axes, options?: KeepDims): NDArray {
    return methods().all(this, axis, options);
  }
  /** Whether any is true. */
  any(axis?: Axes, options?: KeepDims): NDArray {
    return methods().any(this, axis, options);
  }
  /** Position of the first maximum. */
  argmax(axis?: number | null, options?: KeepDims): NDArray {
    return methods().argmax(this, axis, options);
  }
  /** Position of the first minimum. */
  argmin(axis?: number | null, options?: KeepDims): NDArray {
    return methods().argmin(this, axis, options);
  }
  /** Running sums along an axis. */
  cumsum(axis?: number | null): NDArray {
    return methods().cumsum(this, axis);
  }
  /** Running products along an axis. */
  cumprod(axis?: number | null): NDArray {
    return methods().cumprod(this, axis);
  }
  /** Sorted along an axis, the last unless given. */
  sort(axis?: number | null): NDArray {
    return methods().sort(this, axis);
  }
  /** Positions that sort, stably. */
  argsort(axis?: number | null): NDArray {
    return methods().argsort(this, axis);
  }
  /** NumPy's dot product. */
  dot(y: ArrayLike): NDArray {
    return methods().dot(this, y);
  }
  /** Matrix product. */
  matmul(y: NDArray): NDArray {
    return methods().matmul(this, y);
  }
  /** Axes in another order; reversed unless given. */
  transpose(axes?: readonly number[]): NDArray {
    return methods().transpose(this, axes);
  }
  /** The transpose: axes in reverse order. */
  get T(): NDArray {
    return methods().transpose(this);
  }
  /** The same elements in another shape; -1 is inferred. */
  reshape(shape: number | readonly number[]): NDArray {
    return methods().reshape(this, shape);
  }
  /** As a vector. */
  ravel(): NDArray {
    return methods().reshape(this, -1);
  }
  /** As a vector. */
  flatten(): NDArray {
    return methods().reshape(this, -1);
  }
  /** Without axes of one element. */
  squeeze(axis?: Axes): NDArray {
    return methods().squeeze(this, axis);
  }
  /** Elements whose positions along two axes are equal. */
  diagonal(offset?: number, axis1?: number, axis2?: number): NDArray {
    return methods().diagonal(this, offset, axis1, axis2);
  }
  /** Limited to a range. */
  clip(low?: ArrayLike | null, high?: ArrayLike | null): NDArray {
    return methods().clip(this, low, high);
  }
  /** Rounded to decimals, halves to even. */
  round(decimals?: number): NDArray {
    return methods().round(this, decimals);
  }
  /** Converted to another dtype. */
  astype(dtype: DType): NDArray {
    return methods().astype(this, dtype);
  }
  /** The same bits as another dtype. */
  view(dtype: DType): NDArray {
    return methods().view(this, dtype);
  }
  /** Part of the array: one index per axis, as NumPy's `x[...]`. */
  slice(...index: readonly Indexer[]): NDArray {
    return methods().slice(this, index);
  }
  /** The elements that `index` selects, for functional updates. */
  at(...index: readonly Indexer[]): IndexUpdater {
    return methods().at(this, index);
  }
}

function nest(
  values: Values,
  shape: readonly number[],
  dtype: DType,
): NestedList {
  let position = 0;
  const next = (axis: number): NestedList => {
    if (axis === shape.length) {
      const value = values[position++]!;
      return dtype === "bool" ? value !== 0 : value;
    }
    return Array.from({ length: shape[axis]! }, () => next(axis + 1));
  };
  return next(0);
}
