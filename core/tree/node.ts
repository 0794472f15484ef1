/** Which values are nodes of trees, and how one is taken apart. */

import { TreeError } from "../errors.ts";
import { isPlainObject } from "../structural.ts";

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
export type Container =
  | "null"
  | "undefined"
  | "array"
  | "object"
  | ClassContainer;

/** A registered class, or a subclass of one. */
export interface ClassContainer {
  /** Name of the class. */
  readonly name: string;
  /** What its instances inherit from. */
  readonly prototype: object;
  /** How its instances are taken apart. */
  readonly rules: AnyRules;
}

/** One level of a tree without its children. */
export interface Root {
  readonly container: Container;
  /** Names of the children, null where they are in order. */
  readonly keys: readonly string[] | null;
  /** What the container is besides its children. */
  readonly data: unknown;
}

/** One level of a tree taken apart. */
export interface Opened {
  readonly root: Root;
  /** In order, or in the order of the keys. */
  readonly children: readonly unknown[];
}

/** Rules of some class. */
export type AnyRules = TreeNodeRules<object, Children, unknown>;

const rulesOf = new WeakMap<object, AnyRules>(); // by prototype
const classContainers = new WeakMap<object, ClassContainer>(); // by prototype
let leafPrototypes = new WeakSet<object>(); // those known to have no rules
let lastLeafPrototype: object | null = null; // mostly that of the next leaf

/**
 * Makes instances of `Class`, and of its subclasses that are not registered
 * themselves, nodes of trees. Do this before any of them is flattened.
 *
 * @throws {TreeError} If `Class` is registered already.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tree } from "@dinograd/dinograd";
 *
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * registerTreeNode(Point, {
 *   flatten: ({ x, y }) => [[x, y], null],
 *   unflatten: (_data, [x, y]) => new Point(x!, y!),
 * });
 * const doubled = tree.map((x: number) => 2 * x, new Point(1, 2));
 * assertEquals(doubled, new Point(2, 4));
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
  lastLeafPrototype = null;
}

/** The container whose nodes have this prototype; null if they are leaves. */
function containerOf(prototype: object): ClassContainer | null {
  if (prototype === lastLeafPrototype) return null;
  const known = classContainers.get(prototype);
  if (known !== undefined) return known;
  const rules = leafPrototypes.has(prototype) ? null : findRules(prototype);
  if (rules === null) {
    leafPrototypes.add(prototype);
    lastLeafPrototype = prototype;
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
const LIST: Root = { container: "array", keys: null, data: null };

/** Takes one level of `value` apart; null if it is a leaf. */
export function open(value: unknown): Opened | null {
  if (value === null) return NULL;
  if (value === undefined) return UNDEFINED;
  if (typeof value !== "object") return null;
  if (Array.isArray(value)) return { root: LIST, children: value };
  if (isPlainObject(value)) return opened("object", value);
  const container = containerOf(Object.getPrototypeOf(value));
  return container && opened(container, ...container.rules.flatten(value));
}

function opened(
  container: Container,
  children: Children,
  data: unknown = null,
): Opened {
  if (isList(children)) {
    return { root: { container, keys: null, data }, children };
  }
  const keys = sorted(Object.keys(children));
  return {
    root: { container, keys, data },
    children: keys.map((key) => children[key]),
  };
}

/** Sorts `keys` in place, which mostly are sorted: a check costs far less. */
function sorted(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) {
    if (keys[i - 1]! > keys[i]!) return keys.sort();
  }
  return keys;
}

/** Puts one level together again. */
export function close(
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
