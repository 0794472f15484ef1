/** A growing sequence of bytes, with the number formats of WebAssembly. */

const number = new DataView(new ArrayBuffer(8));
const numberBytes = new Uint8Array(number.buffer);
const [FOUR, EIGHT] = [numberBytes.subarray(0, 4), numberBytes];
const encoder = new TextEncoder();

/** Collects bytes. Most of what it does happens once, in code not yet optimised. */
export class Bytes {
  private data = new Uint8Array(64);
  length = 0;

  byte(value: number): this {
    if (this.length === this.data.length) this.reserve(1);
    this.data[this.length++] = value;
    return this;
  }

  append(bytes: Bytes): this {
    return this.raw(bytes.data.subarray(0, bytes.length));
  }

  raw(bytes: ArrayLike<number>): this {
    this.reserve(bytes.length);
    this.data.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** An unsigned number in LEB128. */
  unsigned(value: number): this {
    for (; value > 127; value = Math.floor(value / 128)) {
      this.byte((value % 128) | 128);
    }
    return this.byte(value);
  }

  /** A signed integer in LEB128. */
  signed(value: bigint | number): this {
    if (typeof value === "bigint") return this.signedBig(value);
    for (;;) {
      const low: number = value & 127;
      value >>= 7;
      if (value === (low & 64 ? -1 : 0)) return this.byte(low);
      this.byte(low | 128);
    }
  }

  private signedBig(value: bigint): this {
    for (;;) {
      const low: number = Number(value & 127n);
      value >>= 7n;
      if (value === (low & 64 ? -1n : 0n)) return this.byte(low);
      this.byte(low | 128);
    }
  }

  /** A 32-bit integer, the lowest byte first. */
  word(value: number): this {
    number.setInt32(0, value, true);
    return this.raw(FOUR);
  }

  float32(value: number): this {
    number.setFloat32(0, value, true);
    return this.raw(FOUR);
  }

  float64(value: number): this {
    number.setFloat64(0, value, true);
    return this.raw(EIGHT);
  }

  name(text: string): this {
    const bytes = encoder.encode(text);
    return this.unsigned(bytes.length).raw(bytes);
  }

  /** `count`, then what `write` makes of each item. */
  list<T>(items: readonly T[], write: (item: T, to: this) => void): this {
    this.unsigned(items.length);
    for (const item of items) write(item, this);
    return this;
  }

  /** The bytes as characters: a key for tables. */
  toKey(): string {
    let key = "";
    for (let i = 0; i < this.length; i++) {
      key += String.fromCharCode(this.data[i]!);
    }
    return key;
  }

  toArray(): Uint8Array<ArrayBuffer> {
    return this.data.slice(0, this.length);
  }

  private reserve(count: number): void {
    if (this.length + count <= this.data.length) return;
    const grown = new Uint8Array(2 * (this.length + count));
    grown.set(this.data.subarray(0, this.length));
    this.data = grown;
  }
}
