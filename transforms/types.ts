/** How the types of trees follow through transforms. */

import type { ArrayLike, NDArray } from "../core/array.ts";
import type { TreeNode } from "../core/tree.ts";

/** Any function that a transform may be applied to. */
// deno-lint-ignore no-explicit-any
export type AnyFunction = (...args: any[]) => unknown;

/**
 * A tree as a traced function sees it: with arrays for numbers.
 *
 * Its lists are its own, so they are mutable: functions may be annotated with
 * either kind.
 */
export type Traced<T> = unknown extends T ? T
  : T extends number | boolean | ArrayBufferView ? NDArray
  : T extends NDArray | TreeNode | null | undefined ? T
  : T extends object ? { -readonly [K in keyof T]: Traced<T[K]> }
  : T;

/** Arguments where numbers may stand for arrays. */
export type Lenient<Args extends readonly unknown[]> = {
  readonly [K in keyof Args]: NDArray extends Args[K] ? Args[K] | ArrayLike
    : Args[K];
};

/** The gradient along an argument: of its structure, with arrays for numbers. */
export type GradientAlong<Arg> = NDArray extends Arg ? NDArray
  : Arg extends number ? NDArray
  : Arg;
