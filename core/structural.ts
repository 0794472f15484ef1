/**
 * Equality and hashing by structure, for the keys of caches: params, avals,
 * jaxprs, static arguments. No strings are built, so that a lookup costs less
 * than the dispatch that it saves.
 *
 * @module
 */

/** A value that knows its own equality, such as an aval, a jaxpr or a tree. */
export interface Structural {
  /** An int32, equal for equal values. */
  readonly hash: number;
  /** Whether `other` may take the place of this value everywhere. */
  equals(other: unknown): boolean;
}

/**
 * Hash of a sequence that goes on with `next`, from the `hash` before it. Both
 * are int32, and so is the result.
 *
 * @example
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 *
 * assertNotEquals(mixHash(1, 2), mixHash(2, 1));
 * ```
 */
export function mixHash(hash: number, next: number): number {
  // Multiplication by 2^32 / golden ratio (Knuth, TAOCP 3, section 6.4).
  const mixed = Math.imul((hash << 5) + (hash >>> 27) ^ next, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/**
 * Hash of `value`, an int32: equal for values that
 * {@linkcode structuralEquals} holds equal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = [{ axes: [0, 1], keep: true }, { keep: true, axes: [0, 1] }];
 * assertEquals(structuralHash(a), structuralHash(b));
 * ```
 */
export function structuralHash(value: unknown): number {
  switch (typeof value) {
    case "number":
      return hashNumber(value);
    case "string":
      return hashString(value);
    case "boolean":
      return value ? 0x2545f491 : 0x6c078965;
    case "object":
      return value === null ? 0x1b873593 : hashObject(value);
    case "function":
      return identityHash(value);
    case "undefined":
      return 0x5bd1e995;
    case "bigint":
      return hashNumber(Number(value));
    case "symbol":
      return hashString(value.description ?? "");
  }
}

/**
 * Whether two values are equal by structure.
 *
 * Numbers compare by `Object.is`: NaN equals itself, 0 differs from -0. Arrays,
 * plain objects (in any order of keys, but `undefined` is not an absent key) and
 * typed arrays compare by their contents, `Structural` values by `equals`,
 * everything else (functions, other class instances) by identity. Values must
 * not contain themselves.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(structuralEquals({ shape: [2, 3] }, { shape: [2, 3] }), true);
 * assertEquals(structuralEquals([0], [-0]), false);
 * ```
 */
export function structuralEquals(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  if (Array.isArray(a)) return Array.isArray(b) && equalArrays(a, b);
  if (isStructural(a)) return a.equals(b);
  if (isPlainObject(a)) return isPlainObject(b) && equalObjects(a, b);
  return isTypedArray(a) && isTypedArray(b) && equalTypedArrays(a, b);
}

type TypedArray = ArrayLike<number | bigint> & ArrayBufferView;
type PlainObject = Readonly<Record<string, unknown>>;

function isStructural(value: object): value is Structural {
  const { equals, hash } = value as Partial<Structural>;
  return typeof equals === "function" && typeof hash === "number";
}

/** Whether `value` was made by a literal, or is like one that was. */
export function isPlainObject(
  value: object,
): value is Readonly<Record<string, unknown>> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isTypedArray(value: object): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function equalArrays(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!structuralEquals(a[i], b[i])) return false;
  }
  return true;
}

function equalObjects(a: PlainObject, b: PlainObject): boolean {
  let surplus = 0;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !structuralEquals(a[key], b[key])) {
      return false;
    }
    surplus++;
  }
  for (const _ in b) surplus--;
  return surplus === 0;
}

function equalTypedArrays(a: TypedArray, b: TypedArray): boolean {
  if (a.constructor !== b.constructor || a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!Object.is(a[i], b[i])) return false;
  }
  return true;
}

function hashObject(value: object): number {
  if (Array.isArray(value)) return hashArray(value, value.length);
  if (isStructural(value)) return value.hash;
  if (isPlainObject(value)) return hashPlainObject(value);
  // A prefix will do, since equality looks at all elements of large arrays.
  if (isTypedArray(value)) return hashArray(value, Math.min(value.length, 32));
  return identityHash(value);
}

function hashArray(values: ArrayLike<unknown>, count: number): number {
  let hash = values.length;
  for (let i = 0; i < count; i++) {
    hash = mixHash(hash, structuralHash(values[i]));
  }
  return hash;
}

function hashPlainObject(value: PlainObject): number {
  let hash = 0x27d4eb2f;
  for (const key in value) {
    // A sum does not depend on the order of keys.
    hash = (hash + mixHash(hashString(key), structuralHash(value[key]))) | 0;
  }
  return hash;
}

/** FNV-1a (Fowler, Noll, Vo) over UTF-16 code units. */
function hashString(text: string): number {
  let hash = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash;
}

const FLOAT64_SCRATCH = new Float64Array(1);
const WORDS_SCRATCH = new Int32Array(FLOAT64_SCRATCH.buffer);

function hashNumber(value: number): number {
  const integer = value | 0;
  if (Object.is(integer, value)) return mixHash(0, integer);
  FLOAT64_SCRATCH[0] = Number.isNaN(value) ? NaN : value; // one NaN of many
  return mixHash(WORDS_SCRATCH[0]!, WORDS_SCRATCH[1]!);
}

function identityHash(value: object): number {
  return mixHash(0x165667b1, identityOf(value));
}

const identities = new WeakMap<object, number>();
let identityCount = 0;

/**
 * A number that no other object has: stands in a key for a value of which no
 * copy is made, so that its contents need not be compared.
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const object = {};
 * assertEquals(identityOf(object), identityOf(object));
 * assertNotEquals(identityOf(object), identityOf({}));
 * ```
 */
export function identityOf(value: object): number {
  let identity = identities.get(value);
  if (identity === undefined) identities.set(value, identity = ++identityCount);
  return identity;
}
