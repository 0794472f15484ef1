/** A cache whose keys compare by structure. */

import { structuralEquals, structuralHash } from "./structural.ts";

/** An entry of a {@linkcode StructuralMap}, in two lists: hash and age. */
class Entry<K, V> {
  older: Entry<K, V> | undefined = undefined;
  newer: Entry<K, V> | undefined = undefined;

  constructor(
    readonly hash: number,
    readonly key: K,
    public value: V,
    /** Next entry of the same hash. */
    public sibling: Entry<K, V> | undefined,
  ) {}
}

/**
 * Map whose keys compare by {@linkcode structuralEquals}, and which forgets the
 * entry that was longest unused when it would grow beyond `limit`.
 *
 * Keys must not change while they are in the map.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const programs = new StructuralMap<readonly [string, number[]], string>();
 * programs.set(["sum", [0]], "a program");
 * assertEquals(programs.get(["sum", [0]]), "a program");
 * assertEquals(programs.get(["sum", [1]]), undefined);
 * ```
 */
export class StructuralMap<K, V> {
  readonly #byHash = new Map<number, Entry<K, V>>();
  readonly #limit: number;
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;
  #size = 0;

  /**
   * Makes an empty map of at most `limit` entries.
   *
   * @throws {RangeError} If `limit` is not at least 1.
   */
  constructor({ limit = Infinity }: { readonly limit?: number } = {}) {
    if (!(limit >= 1)) {
      throw new RangeError(
        `Cannot make a map of at most ${limit} entries: needs at least 1`,
      );
    }
    this.#limit = limit;
  }

  /** Number of entries. */
  get size(): number {
    return this.#size;
  }

  /** Value of `key`, which becomes the entry used last; or `undefined`. */
  get(key: K): V | undefined {
    const newest = this.#newest;
    // Most lookups repeat the last one; equality costs less than a hash.
    if (newest !== undefined && structuralEquals(newest.key, key)) {
      return newest.value;
    }
    const entry = this.#find(structuralHash(key), key);
    if (entry === undefined) return undefined;
    this.#unlink(entry);
    this.#append(entry);
    return entry.value;
  }

  /** Sets the value of `key`, which becomes the entry used last. */
  set(key: K, value: V): this {
    const hash = structuralHash(key);
    const found = this.#find(hash, key);
    if (found === undefined) {
      if (this.#size >= this.#limit) this.#remove(this.#oldest!);
      const entry = new Entry(hash, key, value, this.#byHash.get(hash));
      this.#byHash.set(hash, entry);
      this.#append(entry);
      this.#size++;
    } else {
      found.value = value;
      this.#unlink(found);
      this.#append(found);
    }
    return this;
  }

  /** Removes `key`; returns whether it was there. */
  delete(key: K): boolean {
    const entry = this.#find(structuralHash(key), key);
    if (entry !== undefined) this.#remove(entry);
    return entry !== undefined;
  }

  /** Removes all entries. */
  clear(): void {
    this.#byHash.clear();
    this.#oldest = this.#newest = undefined;
    this.#size = 0;
  }

  #find(hash: number, key: K): Entry<K, V> | undefined {
    let entry = this.#byHash.get(hash);
    while (entry !== undefined && !structuralEquals(entry.key, key)) {
      entry = entry.sibling;
    }
    return entry;
  }

  #remove(entry: Entry<K, V>): void {
    const first = this.#byHash.get(entry.hash)!;
    if (first !== entry) {
      let before = first;
      while (before.sibling !== entry) before = before.sibling!;
      before.sibling = entry.sibling;
    } else if (entry.sibling !== undefined) {
      this.#byHash.set(entry.hash, entry.sibling);
    } else {
      this.#byHash.delete(entry.hash);
    }
    this.#unlink(entry);
    this.#size--;
  }

  #append(entry: Entry<K, V>): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#oldest ??= entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<K, V>): void {
    if (older !== undefined) older.newer = newer;
    else this.#oldest = newer;
    if (newer !== undefined) newer.older = older;
    else this.#newest = older;
  }
}
