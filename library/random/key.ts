/**
 * Keys: where randomness comes from. A key is a value like any other; the same
 * key always gives the same numbers, so each is used once, and split for more.
 *
 * @module
 */

import { NDArray } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { ShapeError } from "../../core/errors.ts";
import { scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { inlined } from "../../transforms/inlined.ts";
import { hashed, joined, paired } from "./_words.ts";

/** One key or several: uint32 of shape `[..., 2]`. */
export type Key = NDArray;

/**
 * The key of a seed: uint32 of shape `[2]`.
 *
 * Numbers of 32 bits, negative ones too, give the keys that JAX gives; larger
 * seeds fill both words. An integer array of one element may be traced.
 *
 * @throws {RangeError} If the seed is not a safe integer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * assertEquals(random.key(42).js(), [0, 42]);
 * assertEquals(random.key(-1).js(), [0, 4294967295]);
 * ```
 */
export function key(seed: number | NDArray): Key {
  if (seed instanceof NDArray) return keyOfArray(seed);
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot make a key from ${seed}: needs an integer between -2**53 and ` +
        `2**53`,
    );
  }
  const fitsOneWord = seed >= -(2 ** 31) && seed < 2 ** 32;
  const high = fitsOneWord ? 0 : Math.floor(seed / 2 ** 32);
  return arrayFromStorage(Uint32Array.of(high, seed), [2], "uint32");
}

const keyOfArray = inlined(
  "key",
  1,
  ([seed]: readonly [NDArray]) =>
    joined(...paired(convertElementType(seed, "uint32"))),
);

/** {@linkcode key} under the name that it has in older programs for JAX. */
export const PRNGKey: typeof key = key;

const splitKey = inlined(
  "split",
  1,
  ([key]: readonly [NDArray], shape: readonly number[]) =>
    joined(...hashed(key, shape)),
);

/**
 * New keys from one: uint32 of shape `[...shape, 2]`.
 *
 * @throws {ShapeError} If `key` is not one key.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const [weightKey, biasKey] = random.split(random.key(0));
 * assertEquals(weightKey!.js(), [1797259609, 2579123966]);
 * assertEquals(biasKey!.js(), [928981903, 3453687069]);
 * assertEquals(random.split(random.key(0), [3, 4]).shape, [3, 4, 2]);
 * ```
 */
export function split(key: Key, shape: number | readonly number[] = 2): Key {
  checkKey(key, "split");
  return splitKey(key, typeof shape === "number" ? [shape] : shape);
}

const foldInKey = inlined(
  "foldIn",
  2,
  ([key, data]: readonly [NDArray, NDArray]) =>
    joined(...hashed(key, [], paired(data))),
);

/**
 * A new key from one and a number, such as the count of a step.
 *
 * @throws {ShapeError} If `key` is not one key, or `data` not one integer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { random } from "@dinograd/dinograd";
 *
 * const key = random.foldIn(random.key(42), 7);
 * assertEquals(key.js(), [2547012911, 1371500959]);
 * ```
 */
export function foldIn(key: Key, data: number | NDArray): Key {
  checkKey(key, "fold data into");
  const word = typeof data === "number"
    ? scalar(data >>> 0, "uint32")
    : convertElementType(data, "uint32");
  return foldInKey(key, word);
}

/** Throws unless `key` is one key. `doing` completes: Cannot ... */
export function checkKey(key: unknown, doing: string): void {
  const isKey = key instanceof NDArray && key.dtype === "uint32" &&
    key.ndim === 1 && key.shape[0] === 2;
  if (isKey) return;
  const given = key instanceof NDArray
    ? `an array of shape [${key.shape}] and dtype ${key.dtype}`
    : `a value of type ${typeof key}`;
  throw new ShapeError(
    `Cannot ${doing} ${given} as a key: needs uint32 of shape [2], as ` +
      `random.key(seed) makes it. Use vmap() to draw with several keys`,
  );
}
