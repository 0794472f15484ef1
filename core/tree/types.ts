/** Types of trees, and of what they become when their leaves do. */

/** Nested arrays and plain objects (of a `type`, not an `interface`) of leaves. */
export type Tree<Leaf> =
  | Leaf
  | null
  | undefined
  | TreeNode
  | readonly Tree<Leaf>[]
  | { readonly [key: string]: Tree<Leaf> };

/**
 * Key of the mark that makes instances of a registered class a
 * {@linkcode Tree} for the type checker:
 * `declare readonly [TREE_NODE]: true` in the class is enough.
 */
export const TREE_NODE: unique symbol = Symbol("dinograd.treeNode");

/** An instance of a registered class, as the type checker sees it. */
export interface TreeNode {
  /** Present in the type only. */
  readonly [TREE_NODE]: true;
}

/** Where a leaf is: the keys and indices that lead to it from the root. */
export type Path = readonly (string | number)[];

/** Says of a value whether it shall be a leaf although it is a container. */
export type IsLeaf = (value: unknown) => boolean;

/** What the type checker takes for a leaf without being told. */
export type LeafValue =
  | string
  | number
  | boolean
  | bigint
  | symbol
  | ArrayBufferView
  | { readonly shape: unknown; readonly dtype: unknown };

/**
 * Type of the leaves of a `T`, for callbacks whose parameters carry no type.
 * Stops at a depth that no params reach, for the sake of recursive types.
 */
export type LeafOf<T, Depth extends readonly unknown[] = []> =
  Depth["length"] extends 8 ? unknown
    : T extends null | undefined | ((...args: never[]) => unknown) ? never
    : T extends LeafValue ? T
    : T extends readonly (infer Child)[] ? LeafOf<Child, [...Depth, 0]>
    : T extends object ? LeafOf<T[keyof T], [...Depth, 0]>
    : T;

/** `T` with leaves of type `Out` in place of `Leaf`: `T` itself where equal. */
export type Mapped<T, Leaf, Out> = [Leaf, Out] extends [Out, Leaf] ? T
  : Replaced<T, Leaf, Out>;

/** `T` with leaves of type `Out` in place of `Leaf`, member by member. */
export type Replaced<T, Leaf, Out> = T extends Leaf ? Out
  : T extends null | undefined | ((...args: never[]) => unknown) ? T
  : T extends LeafValue ? Out
  : { [K in keyof T]: Replaced<T[K], Leaf, Out> };
