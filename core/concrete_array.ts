/** Arrays whose values are known. */

import { NDArray, type Values } from "./array.ts";
import { formatArray } from "./array_print.ts";
import { Aval } from "./aval.ts";
import type { Backend, Buffer } from "./backend.ts";
import { backendNamed, currentBackend } from "./backend.ts";
import { castValue } from "./casting.ts";
import type { DType } from "./dtype.ts";
import { yieldToEventLoop } from "./event_loop.ts";
import {
  allocate,
  readValue,
  type Storage,
  storageOf,
  writeValue,
} from "./storage.ts";

/** An array whose values are in the memory of a device, or one known number. */
export class ConcreteArray extends NDArray {
  /** Copies on other devices than the first that had one. */
  private copies: Map<Backend, Buffer> | null = null;
  private gone: string | null = null;

  private constructor(
    readonly aval: Aval,
    /** The value of an array that was made from a number, else `null`. */
    readonly literal: number | null,
    /** The device that the array was put on by name, else `null`. */
    readonly committed: Backend | null,
    /** The first device that has the values in memory, and that memory. */
    private backend: Backend | null,
    private buffer: Buffer | null,
  ) {
    super();
  }

  /** A 0-d array of one number, which needs no memory until it is used. */
  static scalar(value: number, dtype: DType, weakType = false): ConcreteArray {
    return new ConcreteArray(
      Aval.of([], dtype, weakType),
      castValue(value, dtype),
      null,
      null,
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
    const device = committed ? backend : null;
    return new ConcreteArray(aval, null, device, backend, buffer);
  }

  /** The memory of the array on `backend`; copied there at the first use. */
  bufferOn(backend: Backend): Buffer {
    if (this.backend === backend) return this.buffer!;
    const known = this.copies?.get(backend);
    if (known) return known;
    this.checkAlive();
    const buffer = backend.put(
      this.literal === null
        ? bytesOf(this.storage())
        : bytesOfNumber(this.literal, this.dtype),
    );
    if (this.backend === null) [this.backend, this.buffer] = [backend, buffer];
    else (this.copies ??= new Map()).set(backend, buffer);
    return buffer;
  }

  /** The same values on a device, and bound to it. */
  on(backend: Backend): ConcreteArray {
    if (this.committed === backend) return this;
    const buffer = backend.share(this.bufferOn(backend));
    return ConcreteArray.of(this.aval, buffer, backend, true);
  }

  protected override known(): this {
    return this;
  }

  override get device(): string {
    return (this.backend ?? currentBackend()).name;
  }

  /** Forgets the memory; later uses throw and say why. */
  discard(reason: string): void {
    this.backend = this.buffer = this.copies = null;
    this.gone = reason;
  }

  override dispose(): void {
    if (this.gone !== null) return;
    this.backend?.free(this.buffer!);
    this.copies?.forEach((buffer, backend) => backend.free(buffer));
    this.discard("disposed");
  }

  /** The values, where the device can answer at once. */
  readSync(): Values {
    return decoded(this.storage(), this.dtype);
  }

  /** The values as they are now: what happens to the array later does not show. */
  async read(): Promise<Values> {
    this.checkAlive();
    if (this.literal !== null) return this.readSync();
    const reading = this.backend!.read(this.buffer!);
    await yieldToEventLoop();
    return decoded(this.view8(await reading), this.dtype);
  }

  override toString(): string {
    if (this.gone !== null) return `NDArray<${this.aval}> (${this.gone})`;
    return formatArray(this.readSync(), this.shape, this.dtype);
  }

  /** The values, in memory of their own. */
  private storage(): Storage {
    this.checkAlive();
    if (this.literal !== null) {
      const values = allocate(this.dtype, 1);
      writeValue(values, this.dtype, 0, this.literal);
      return values;
    }
    const backend = this.backend!;
    if (!backend.readSync) {
      throw new TypeError(
        `Cannot read values at once from device "${backend.name}": use ` +
          `await x.data() or await x.jsAsync()`,
      );
    }
    return this.view8(backend.readSync(this.buffer!));
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

/** Memory for one element of each dtype that was needed. */
const elements = new Map<DType, { values: Storage; bytes: Uint8Array }>();

/** The bytes of one element, until the next call. */
function bytesOfNumber(value: number, dtype: DType): Uint8Array {
  let element = elements.get(dtype);
  if (!element) {
    const values = allocate(dtype, 1);
    elements.set(dtype, element = { values, bytes: bytesOf(values) });
  }
  writeValue(element.values, dtype, 0, value);
  return element.bytes;
}

function bytesOf(data: Storage): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Values from memory of their own. */
function decoded(storage: Storage, dtype: DType): Values {
  if (dtype !== "bfloat16") return storage;
  return Float32Array.from(storage, (_, i) => readValue(storage, dtype, i));
}
