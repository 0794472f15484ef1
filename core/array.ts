/** Arrays: the type that users hold, and arrays whose values are known. */

import { Aval } from "./aval.ts";
import type { Backend, Buffer } from "./backend.ts";
import { backendNamed, currentBackend } from "./backend.ts";
import { castValue } from "./casting.ts";
import type { DType } from "./dtype.ts";
import { TracerError } from "./errors.ts";
import { yieldToEventLoop } from "./event_loop.ts";
import type {
  ArrayMethods,
  Axes,
  Indexer,
  IndexUpdater,
  KeepDims,
} from "./methods.ts";
import { methods } from "./methods.ts";
import { formatArray } from "./printing.ts";
import {
  allocate,
  readValue,
  type Storage,
  storageOf,
  writeValue,
} from "./storage.ts";

/** What functions accept where they need an array. */
export type ArrayLike = NDArray | number | boolean;

/** Nested lists of numbers, or one number, as `js()` returns them. */
export type NestedList = number | boolean | readonly NestedList[];

/** Values of an array outside the device. bfloat16 is decoded to float32. */
export type Values = Storage;

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
    return requireConcrete(this, "dataSync()").readSync();
  }
  /** As `dataSync`, where the device cannot answer at once. */
  data(): Promise<Values> {
    return requireConcrete(this, "data()").read();
  }
  /** Nested lists of numbers (of booleans for bool), or one number. */
  js(): NestedList {
    return nest(
      requireConcrete(this, "js()").readSync(),
      this.shape,
      this.dtype,
    );
  }
  /** As `js`, where the device cannot answer at once. */
  async jsAsync(): Promise<NestedList> {
    const values = await requireConcrete(this, "jsAsync()").read();
    return nest(values, this.shape, this.dtype);
  }
  /**
   * The only element as a number (0 or 1 for bool).
   *
   * @throws {TypeError} If the array has not exactly one element.
   */
  item(): number {
    const array = requireConcrete(this, "item()");
    if (this.size !== 1) {
      throw new TypeError(
        `Cannot convert an array of shape [${this.shape}] to a number: ` +
          `item() needs exactly one element. Use js() for all of them`,
      );
    }
    return readValue(array.readSync(), valuesDtype(this.dtype), 0);
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

function requireConcrete(x: NDArray, what: string): ConcreteArray {
  if (x instanceof ConcreteArray) return x;
  throw new TracerError(
    `Cannot read values with ${what} of ${x}: inside a transformed ` +
      `function only shape and dtype are known. Return the array, use ` +
      `where(), cond() or whileLoop() to depend on values, or mark the ` +
      `argument static`,
  );
}

/** An array whose values are in the memory of a device, or one known number. */
export class ConcreteArray extends NDArray {
  private readonly buffers = new Map<Backend, Buffer>();
  private gone: string | null = null;

  private constructor(
    readonly aval: Aval,
    /** The value of an array that was made from a number, else `null`. */
    readonly literal: number | null,
    /** The device that the array was put on by name, else `null`. */
    readonly committed: Backend | null,
  ) {
    super();
  }

  /** A 0-d array of one number, which needs no memory until it is used. */
  static scalar(value: number, dtype: DType, weakType = false): ConcreteArray {
    return new ConcreteArray(
      Aval.of([], dtype, weakType),
      castValue(value, dtype),
      null,
    );
  }

  /** An array over memory that a backend made. */
  static of(
    aval: Aval,
    buffer: Buffer,
    backend: Backend,
    committed = false,
  ): ConcreteArray {
    const array = new ConcreteArray(aval, null, committed ? backend : null);
    array.buffers.set(backend, buffer);
    return array;
  }

  /** The memory of the array on `backend`; copied there at the first use. */
  bufferOn(backend: Backend): Buffer {
    this.checkAlive();
    let buffer = this.buffers.get(backend);
    if (!buffer) {
      buffer = backend.put(bytesOf(this.storage()));
      this.buffers.set(backend, buffer);
    }
    return buffer;
  }

  /** The same values on a device, and bound to it. */
  on(backend: Backend): ConcreteArray {
    if (this.committed === backend) return this;
    return ConcreteArray.of(this.aval, this.bufferOn(backend), backend, true);
  }

  override get device(): string {
    return this.home().name;
  }

  /** Forgets the memory; later uses throw and say why. */
  discard(reason: string): void {
    this.buffers.clear();
    this.gone = reason;
  }

  override dispose(): void {
    if (this.gone !== null) return;
    for (const [backend, buffer] of this.buffers) backend.free(buffer);
    this.discard("disposed");
  }

  readSync(): Values {
    return decoded(this.storage(), this.dtype);
  }

  /** The values as they are now: what happens to the array later does not show. */
  async read(): Promise<Values> {
    this.checkAlive();
    if (this.literal !== null) return this.readSync();
    const backend = this.home();
    const reading = backend.read(this.buffers.get(backend)!);
    await yieldToEventLoop();
    return decoded(this.view8(await reading), this.dtype);
  }

  override toString(): string {
    if (this.gone !== null) return `NDArray<${this.aval}> (${this.gone})`;
    return formatArray(this.readSync(), this.shape, this.dtype);
  }

  private home(): Backend {
    const [first] = this.buffers.keys();
    return this.committed ?? first ?? currentBackend();
  }

  private storage(): Storage {
    this.checkAlive();
    if (this.literal !== null) {
      const values = allocate(this.dtype, 1);
      writeValue(values, this.dtype, 0, this.literal);
      return values;
    }
    const backend = this.home();
    if (!backend.readSync) {
      throw new TypeError(
        `Cannot read values at once from device "${backend.name}": use ` +
          `await x.data() or await x.jsAsync()`,
      );
    }
    return this.view8(backend.readSync(this.buffers.get(backend)!));
  }

  private view8(bytes: Uint8Array): Storage {
    return storageOf(this.dtype, bytes.buffer, bytes.byteOffset, this.size);
  }

  private checkAlive(): void {
    if (this.gone === null) return;
    throw new ReferenceError(
      `Cannot use an array of shape [${this.shape}] that was ${this.gone}: ` +
        `its memory has been given away. Keep the result instead, or do not ` +
        `donate or dispose of the array`,
    );
  }
}

/** Copies `data` to a device; later changes of `data` do not show. */
export function arrayFromStorage(
  data: Storage,
  shape: readonly number[],
  dtype: DType,
  device?: string,
): ConcreteArray {
  const backend = device === undefined
    ? currentBackend()
    : backendNamed(device);
  return ConcreteArray.of(
    Aval.of(shape, dtype),
    backend.put(bytesOf(data)),
    backend,
    device !== undefined,
  );
}

function bytesOf(data: Storage): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function valuesDtype(dtype: DType): DType {
  return dtype === "bfloat16" ? "float32" : dtype;
}

function decoded(storage: Storage, dtype: DType): Values {
  if (dtype !== "bfloat16") return storage.slice();
  return Float32Array.from(storage, (_, i) => readValue(storage, dtype, i));
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
