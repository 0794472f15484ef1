/**
 * Trees: nested arrays, plain objects and registered classes with leaves inside.
 *
 * Whatever is not a container is a leaf: numbers, typed arrays, functions, and
 * instances of classes that were not registered, such as arrays. `null` and
 * `undefined` are containers without children, two different ones: an optional
 * parameter that is absent has no gradient, and comes back as it was. Keys of
 * objects are sorted, so that their order of insertion does not matter.
 *
 * @module
 */

import { TreeError } from "./errors.ts";
import {
  isPlainObject,
  mixHash,
  type Structural,
  structuralEquals,
  structuralHash,
} from "./structural.ts";

// -------------------------------------------------------------------- Types

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

// --------------------------------------------------------------- Containers

/** Children of a node of a registered class: in order, or by name. */
export type Children = readonly unknown[] | Readonly<Record<string, unknown>>;

/** How instances of a class are taken apart and put together again. */
export interface TreeNodeRules<Node, Kids extends Children, Static> {
  /** Children, and all else that a node has; compared by structure. */
  flatten(node: Node): readonly [children: Kids, data: Static];
  /** The node again. `prototype` is that of the (sub)class it came from. */
  unflatten(data: Static, children: Kids, prototype: Node): Node;
}

/** One kind of container, of which every class is one of its own. */
type Container = "null" | "undefined" | "array" | "object" | ClassContainer;

/** A registered class, or a subclass of one. */
interface ClassContainer {
  readonly name: string;
  readonly prototype: object;
  readonly rules: AnyRules;
}

/** One level of a tree without its children. */
interface Root {
  readonly container: Container;
  /** Names of the children, null where they are in order. */
  readonly keys: readonly string[] | null;
  /** What the container is besides its children. */
  readonly data: unknown;
}

/** One level of a tree taken apart. */
interface Opened extends Root {
  readonly children: readonly unknown[];
}

type AnyRules = TreeNodeRules<object, Children, unknown>;

const rulesOf = new WeakMap<object, AnyRules>(); // by prototype
const classContainers = new WeakMap<object, ClassContainer>(); // by prototype
let leafPrototypes = new WeakSet<object>(); // those known to have no rules

/**
 * Makes instances of `Class`, and of its subclasses that are not registered
 * themselves, nodes of trees. Do this before any of them is flattened.
 *
 * @throws {TreeError} If `Class` is registered already.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * registerTreeNode(Point, {
 *   flatten: ({ x, y }) => [[x, y], null],
 *   unflatten: (_data, [x, y]) => new Point(x!, y!),
 * });
 * assertEquals(map((x: number) => 2 * x, new Point(1, 2)), new Point(2, 4));
 * ```
 */
export function registerTreeNode<
  Node extends object,
  Kids extends Children,
  Static,
>(
  Class: abstract new (...args: never[]) => Node,
  rules: TreeNodeRules<Node, Kids, Static>,
): void {
  if (rulesOf.has(Class.prototype)) {
    throw new TreeError(
      `Cannot register ${Class.name} as a tree node again: a class has one ` +
        `way to be flattened. Register a subclass instead`,
    );
  }
  rulesOf.set(Class.prototype, rules as unknown as AnyRules);
  leafPrototypes = new WeakSet();
}

/** The container whose nodes have this prototype; null if they are leaves. */
function containerOf(prototype: object): ClassContainer | null {
  const known = classContainers.get(prototype);
  if (known !== undefined) return known;
  if (leafPrototypes.has(prototype)) return null;
  const rules = findRules(prototype);
  if (rules === null) {
    leafPrototypes.add(prototype);
    return null;
  }
  const container = { name: prototype.constructor.name, rules, prototype };
  classContainers.set(prototype, container);
  return container;
}

function findRules(prototype: object | null): AnyRules | null {
  if (prototype === null) return null;
  return rulesOf.get(prototype) ?? findRules(Object.getPrototypeOf(prototype));
}

const NULL: Opened = opened("null", []);
const UNDEFINED: Opened = opened("undefined", []);

/** Takes one level of `value` apart; null if it is a leaf. */
function open(value: unknown): Opened | null {
  if (value === null) return NULL;
  if (value === undefined) return UNDEFINED;
  if (typeof value !== "object") return null;
  if (Array.isArray(value)) return opened("array", [...value]); // fills holes
  if (isPlainObject(value)) return opened("object", value);
  const container = containerOf(Object.getPrototypeOf(value));
  return container && opened(container, ...container.rules.flatten(value));
}

function opened(
  container: Container,
  children: Children,
  data: unknown = null,
): Opened {
  if (isList(children)) return { container, children, keys: null, data };
  const keys = sorted(Object.keys(children));
  return { container, children: keys.map((key) => children[key]), keys, data };
}

/** Sorts `keys` in place, which mostly are sorted: a check costs far less. */
function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) {
    if (keys[i - 1]! > keys[i]!) return keys.sort();
  }
  return keys;
}

/** Puts one level together again. */
function close(
  { container, keys, data }: Root,
  children: readonly unknown[],
): unknown {
  switch (container) {
    case "null":
      return null;
    case "undefined":
      return undefined;
    case "array":
      return children;
    case "object":
      return toRecord(keys!, children);
    default: {
      const { rules, prototype } = container;
      const kids = keys ? toRecord(keys, children) : children;
      return rules.unflatten(data, kids, prototype);
    }
  }
}

function toRecord(
  keys: readonly string[],
  children: readonly unknown[],
): Record<string, unknown> {
  if (keys.includes("__proto__")) { // an assignment sets the prototype
    return Object.fromEntries(keys.map((key, i) => [key, children[i]]));
  }
  const record: Record<string, unknown> = {};
  for (let i = 0; i < keys.length; i++) record[keys[i]!] = children[i];
  return record;
}

function isList(children: Children): children is readonly unknown[] {
  return Array.isArray(children);
}

// ---------------------------------------------------------------- Structure

/** A tree without its leaves: an immutable value, compared by structure. */
export class TreeStructure implements Structural {
  /** Number of leaves that {@linkcode unflatten} needs. */
  readonly leafCount: number;
  #hash: number | undefined;

  /** Use {@linkcode structure} or {@linkcode flatten}. */
  constructor(
    /** The root, its children as they were; null at a leaf. */
    /** @internal */ readonly root: Root | null,
    /** Structures of the children. */
    readonly children: readonly TreeStructure[],
  ) {
    let count = root === null ? 1 : 0;
    for (const child of children) count += child.leafCount;
    this.leafCount = count;
  }

  /** An int32, equal for equal structures. */
  get hash(): number {
    return this.#hash ??= this.#computeHash();
  }

  #computeHash(): number {
    if (this.root === null) return 1;
    const { container, keys, data } = this.root;
    let hash = structuralHash(nameOf(container));
    hash = mixHash(hash, structuralHash(keys));
    hash = mixHash(hash, structuralHash(data));
    for (const child of this.children) hash = mixHash(hash, child.hash);
    return hash;
  }

  /** Whether `other` has the same containers, keys and static data. */
  equals(other: unknown): boolean {
    if (this === other) return true;
    return other instanceof TreeStructure &&
      this.leafCount === other.leafCount &&
      this.hash === other.hash &&
      sameRoot(this.root, other.root) &&
      this.children.length === other.children.length &&
      this.children.every((child, i) => child.equals(other.children[i]));
  }

  /** Leaves print as `*`: `TreeStructure({ a: *, b: [*, *] })`. */
  toString(): string {
    return `TreeStructure(${spell(this)})`;
  }
}

const LEAF = new TreeStructure(null, []);

function sameRoot(a: Root | null, b: Root | null): boolean {
  if (a === null || b === null) return a === b;
  return a.container === b.container &&
    structuralEquals(a.keys, b.keys) &&
    structuralEquals(a.data, b.data);
}

function nameOf(container: Container): string {
  return typeof container === "string" ? container : container.name;
}

function spell({ root, children }: TreeStructure): string {
  if (root === null) return "*";
  const { container, keys } = root;
  if (container === "null" || container === "undefined") return container;
  const prefix = typeof container === "string" ? "" : `${container.name} `;
  const inner = children.map(spell);
  if (keys === null) return `${prefix}[${inner.join(", ")}]`;
  if (keys.length === 0) return `${prefix}{}`;
  const fields = keys.map((key, i) => `${spellKey(key)}: ${inner[i]}`);
  return `${prefix}{ ${fields.join(", ")} }`;
}

const IDENTIFIER = /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u;

function spellKey(key: string): string {
  return IDENTIFIER.test(key) ? key : JSON.stringify(key);
}

/**
 * Spells `path` as the expression that a user would write.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = ["layers", 1, "bias"];
 * assertEquals(formatPath(path, "params"), "params.layers[1].bias");
 * ```
 */
export function formatPath(path: Path, name = "tree"): string {
  const steps = path.map((key) =>
    typeof key === "string" && IDENTIFIER.test(key)
      ? `.${key}`
      : `[${JSON.stringify(key)}]`
  );
  return name + steps.join("");
}

// ---------------------------------------------------- Flatten and unflatten

/** A tree taken apart. */
export interface Flattened<Leaf> {
  /** The leaves, depth first. */
  readonly leaves: Leaf[];
  /** All else. */
  readonly structure: TreeStructure;
}

/**
 * Takes `tree` apart; {@linkcode unflatten} is the inverse.
 *
 * `isLeaf` is asked of every node first, `null` and `undefined` included.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { leaves, structure } = flatten({ b: [2, 3], a: 1 });
 * assertEquals(leaves, [1, 2, 3]);
 * assertEquals(String(structure), "TreeStructure({ a: *, b: [*, *] })");
 * ```
 */
export function flatten<T, Leaf = LeafOf<T>>(
  tree: T,
  isLeaf?: IsLeaf,
): Flattened<Leaf> {
  const leaves: Leaf[] = [];
  const visit = (node: unknown): TreeStructure => {
    const level = isLeaf?.(node) ? null : open(node);
    if (level === null) {
      leaves.push(node as Leaf);
      return LEAF;
    }
    const { container, keys, data, children } = level;
    return new TreeStructure({ container, keys, data }, children.map(visit));
  };
  const structure = visit(tree);
  return { leaves, structure };
}

/**
 * The tree of this `structure` with these `leaves`.
 *
 * @throws {TreeError} If there are more or fewer leaves than the structure has.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const pair = structure({ a: 0, b: [0] });
 * assertEquals(unflatten(pair, ["x", "y"]), { a: "x", b: ["y"] });
 * ```
 */
export function unflatten<T = unknown>(
  structure: TreeStructure,
  leaves: readonly unknown[],
): T {
  if (leaves.length !== structure.leafCount) {
    throw new TreeError(
      `Cannot unflatten ${leaves.length} leaves into ${structure}: needs ` +
        `${structure.leafCount}, in the order in which flatten() gives them`,
    );
  }
  let used = 0;
  const build = ({ root, children }: TreeStructure): unknown =>
    root ? close(root, children.map(build)) : leaves[used++];
  return build(structure) as T;
}

/**
 * The structure of `tree`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(structure({ a: 1 }).equals(structure({ a: 2 })), true);
 * assertEquals(structure([1, null]).leafCount, 1);
 * ```
 */
export function structure(tree: unknown, isLeaf?: IsLeaf): TreeStructure {
  return flatten(tree, isLeaf).structure;
}

/**
 * The leaves of `tree`, depth first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(leaves([1, { y: 3, x: 2 }, null]), [1, 2, 3]);
 * ```
 */
export function leaves<T, Leaf = LeafOf<T>>(tree: T, isLeaf?: IsLeaf): Leaf[] {
  return flatten<T, Leaf>(tree, isLeaf).leaves;
}

/**
 * As {@linkcode flatten}, with the path of each leaf before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const { leaves } = flattenWithPath({ w: [5, 6] });
 * assertEquals(leaves, [[["w", 0], 5], [["w", 1], 6]]);
 * ```
 */
export function flattenWithPath<T, Leaf = LeafOf<T>>(
  tree: T,
  isLeaf?: IsLeaf,
): Flattened<readonly [path: Path, leaf: Leaf]> {
  const { leaves, structure } = flatten<T, Leaf>(tree, isLeaf);
  const paths = pathsOf(structure);
  return { leaves: leaves.map((leaf, i) => [paths[i]!, leaf]), structure };
}

function pathsOf({ root, children }: TreeStructure): Path[] {
  if (root === null) return [[]];
  return children.flatMap((child, i) =>
    pathsOf(child).map((path) => [root.keys?.[i] ?? i, ...path])
  );
}

/**
 * The subtrees of `tree` at the leaves of `structure`, which must be the
 * structure of `tree` or of its upper part. `name` is what messages call `tree`.
 *
 * @throws {TreeError} If it is not; the message has the path of the difference.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const pair = structure([0, 0]);
 * assertEquals(flattenUpTo(pair, [{ a: 1 }, 2]), [{ a: 1 }, 2]);
 * assertThrows(
 *   () => flattenUpTo(pair, [1], { name: "inAxes" }),
 *   TypeError,
 *   "inAxes is an array of length 1",
 * );
 * ```
 */
export function flattenUpTo(
  structure: TreeStructure,
  tree: unknown,
  { name = "tree" }: { readonly name?: string } = {},
): unknown[] {
  const subtrees: unknown[] = [];
  const visit = (expected: TreeStructure, node: unknown, path: Path) => {
    const { root, children } = expected;
    if (root === null) {
      subtrees.push(node);
      return;
    }
    const level = open(node);
    if (
      level === null || !sameRoot(root, level) ||
      level.children.length !== children.length
    ) {
      throw mismatch(expected, level, formatPath(path, name));
    }
    for (let i = 0; i < children.length; i++) {
      visit(children[i]!, level.children[i], [...path, root.keys?.[i] ?? i]);
    }
  };
  visit(structure, tree, []);
  return subtrees;
}

function mismatch(
  { root, children }: TreeStructure,
  level: Opened | null,
  where: string,
): TreeError {
  const is = level ? describe(level, level.children.length) : "a leaf";
  const needed = describe(root!, children.length);
  return new TreeError(
    is === needed
      ? `Cannot match trees: the static data of ${where} (${is}) differ from ` +
        `those at the same place of the first tree. Make both from one value`
      : `Cannot match trees: ${where} is ${is}, but the first tree has ` +
        `${needed} there. Give both the same structure`,
  );
}

/** Names one level of a tree: `an object with keys a, b`. */
function describe({ container, keys }: Root, length: number): string {
  if (container === "null" || container === "undefined") return container;
  const article = container === "array" || container === "object" ? "an" : "a";
  const what = `${article} ${nameOf(container)}`;
  if (keys === null) return `${what} of length ${length}`;
  if (keys.length === 0) return `${what} without keys`;
  return `${what} with keys ${keys.map(spellKey).join(", ")}`;
}

// ------------------------------------------------------------------ Mapping

/**
 * The tree of `f(leaf, ...rest)` over the leaves of `tree`.
 *
 * The trees of `rest` may be deeper than `tree`: `f` then gets their subtrees.
 *
 * @throws {TreeError} If a tree of `rest` has another structure.
 * @example Gradient descent
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [params, grads] = [{ w: [1, 2], b: 3 }, { w: [10, 20], b: 30 }];
 * const updated = map((p, g) => p - g / 10, params, grads);
 * assertEquals(updated, { w: [0, 0], b: 0 });
 * ```
 */
export function map<T, Leaf = LeafOf<T>, Out = Leaf>(
  f: (leaf: Leaf, ...rest: Leaf[]) => Out,
  tree: T,
  ...rest: unknown[]
): Mapped<T, Leaf, Out>;
/** As above, where the leaves of the other trees have types of their own. */
export function map<T, Leaf, Rest extends readonly unknown[], Out>(
  f: (leaf: Leaf, ...rest: Rest) => Out,
  tree: T,
  ...rest: { readonly [I in keyof Rest]: unknown }
): Mapped<T, Leaf, Out>;
export function map(
  f: (...leaves: unknown[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const { leaves, structure } = flatten<unknown, unknown>(tree);
  const others = rest.map((other) => flattenUpTo(structure, other));
  const outs = leaves.map((leaf, i) => f(leaf, ...others.map((o) => o[i])));
  return unflatten(structure, outs);
}

/**
 * The tree of `f(path, leaf, ...rest)` over the leaves of `tree`.
 *
 * @throws {TreeError} If a tree of `rest` has another structure.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const named = mapWithPath((path) => formatPath(path, "p"), { w: [1, 2] });
 * assertEquals(named, { w: ["p.w[0]", "p.w[1]"] });
 * ```
 */
export function mapWithPath<T, Leaf = LeafOf<T>, Out = Leaf>(
  f: (path: Path, leaf: Leaf, ...rest: Leaf[]) => Out,
  tree: T,
  ...rest: unknown[]
): Mapped<T, Leaf, Out>;
/** As above, where the leaves of the other trees have types of their own. */
export function mapWithPath<T, Leaf, Rest extends readonly unknown[], Out>(
  f: (path: Path, leaf: Leaf, ...rest: Rest) => Out,
  tree: T,
  ...rest: { readonly [I in keyof Rest]: unknown }
): Mapped<T, Leaf, Out>;
export function mapWithPath(
  f: (path: Path, ...leaves: unknown[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const paths = pathsOf(structure(tree))[Symbol.iterator]();
  const next = (...leaves: unknown[]) => f(paths.next().value!, ...leaves);
  return map(next, tree, ...rest);
}

/**
 * Folds the leaves of `tree` from the left, as `Array.reduce` does.
 *
 * @throws {TypeError} If there is neither a leaf nor an initial value.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const count = reduce((n: number, x: number) => n + x, { a: 1, b: [2] }, 0);
 * assertEquals(count, 3);
 * ```
 */
export function reduce<Leaf>(
  f: (accumulated: Leaf, leaf: Leaf) => Leaf,
  tree: unknown,
): Leaf;
/** As above, from an initial value. */
export function reduce<Leaf, Out>(
  f: (accumulated: Out, leaf: Leaf) => Out,
  tree: unknown,
  initial: Out,
): Out;
export function reduce(
  f: (accumulated: unknown, leaf: unknown) => unknown,
  tree: unknown,
  ...initial: [unknown?]
): unknown {
  const all = leaves<unknown, unknown>(tree);
  const step = (accumulated: unknown, leaf: unknown) => f(accumulated, leaf);
  return initial.length > 0 ? all.reduce(step, initial[0]) : all.reduce(step);
}

/**
 * Whether `predicate` holds of every leaf of `tree`; by default, whether every
 * leaf is truthy.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(all({ a: true, b: [1, "x"] }), true);
 * assertEquals(all([1, 2], (x: number) => x > 1), false);
 * ```
 */
export function all<Leaf>(
  tree: unknown,
  predicate: (leaf: Leaf) => unknown = Boolean,
): boolean {
  return leaves<unknown, Leaf>(tree).every(predicate);
}

/**
 * Turns a tree of structure `outer`, whose leaves are trees of structure
 * `inner`, inside out.
 *
 * @throws {TreeError} If `tree` has another structure.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const [pair, record] = [structure([0, 0]), structure({ x: 0, y: 0 })];
 * const points = [{ x: 1, y: 2 }, { x: 3, y: 4 }];
 * assertEquals(transpose(pair, record, points), { x: [1, 3], y: [2, 4] });
 * ```
 */
export function transpose<T = unknown>(
  outer: TreeStructure,
  inner: TreeStructure,
  tree: unknown,
): T {
  const paths = pathsOf(outer);
  const rows = flattenUpTo(outer, tree).map((subtree, i) =>
    flattenUpTo(inner, subtree, { name: formatPath(paths[i]!) })
  );
  const columns = Array.from(
    { length: inner.leafCount },
    (_, j) => unflatten(outer, rows.map((row) => row[j])),
  );
  return unflatten(inner, columns);
}
