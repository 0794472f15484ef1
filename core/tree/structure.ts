/** What a tree is besides its leaves. */

import {
  mixHash,
  type Structural,
  structuralEquals,
  structuralHash,
} from "../structural.ts";
import { inspectAsString } from "../inspect.ts";
import type { Container, Root } from "./node.ts";
import { spellKey } from "./path.ts";
import type { Path } from "./types.ts";

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
      sameRoot(this.root, other.root) &&
      this.children.length === other.children.length &&
      this.children.every((child, i) => child.equals(other.children[i]));
  }

  /** Leaves print as `*`: `TreeStructure({ a: *, b: [*, *] })`. */
  toString(): string {
    return `TreeStructure(${spell(this)})`;
  }
}

inspectAsString(TreeStructure.prototype);

/** The structure of a leaf. */
export const LEAF = new TreeStructure(null, []);

/** Whether two levels are alike but for their children. */
export function sameRoot(a: Root | null, b: Root | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return a.container === b.container &&
    structuralEquals(a.keys, b.keys) &&
    structuralEquals(a.data, b.data);
}

/** What messages call a container. */
export function nameOf(container: Container): string {
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

/** The paths of the leaves, in order. */
export function pathsOf({ root, children }: TreeStructure): Path[] {
  if (root === null) return [[]];
  return children.flatMap((child, i) =>
    pathsOf(child).map((path) => [root.keys?.[i] ?? i, ...path])
  );
}
