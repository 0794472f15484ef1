/**
 * Where values belong: in the outermost place of the code in which all that they
 * depend on is known.
 */

import { type Index, type IndexAtom, Loop } from "../../../core/ir/index.ts";
import {
  type IndexNode,
  type LoadNode,
  type Node,
  operandsOf,
} from "../../../core/ir/scalar.ts";
import type { I32, Value } from "../wasm/value.ts";
import type { Axis } from "./axes.ts";
import type { Row } from "./row.ts";
import type { Scope } from "./scope.ts";

/** Where an axis is: `at + shift`, and in vectors each lane one further. */
export interface Position {
  /** The place that binds it. */
  readonly scope: Scope;
  readonly axis: Axis;
  /** `null` for 0. */
  readonly at: I32 | null;
  readonly isVector: boolean;
}

/** Where a value is computed, and whether the lanes of a vector differ. */
export interface Home {
  readonly scope: Scope;
  readonly varies: boolean;
}

/** What is known in a place beyond those around it, and what belongs there. */
export class Homes {
  /** Of axes that are bound here, and of their loops. */
  private readonly positions = new Map<Axis | Loop, Position>();
  private readonly shifts = new Map<Axis, number>();
  private readonly results = new Map<Node, Value | Row>();
  private readonly homes = new Map<Node, Home>();
  private readonly root: Scope;

  constructor(
    private readonly scope: Scope,
    private readonly parent: Homes | null,
  ) {
    this.root = parent ? parent.root : scope;
  }

  // Axes

  /** Gives an axis a position. */
  bind(axis: Axis, at: I32 | null, isVector: boolean): void {
    const position = { scope: this.scope, axis, at, isVector };
    this.positions.set(axis, position);
    for (const loop of axis.loops) this.positions.set(loop, position);
  }

  /** Moves an axis on from where it has its position. */
  shift(axis: Axis, by: number): void {
    this.shifts.set(axis, by);
  }

  /** The position of an axis, or of that which a loop is part of. */
  positionOf(of: Axis | Loop): Position {
    const position = this.positions.get(of);
    if (position) return position;
    if (this.parent) return this.parent.positionOf(of);
    throw new Error(`A loop of extent ${of.extent} has no position here`);
  }

  /** By how much an axis is further here than where it has its position. */
  shiftOf(axis: Axis): { scope: Scope; by: number } | null {
    const by = this.shifts.get(axis);
    if (by !== undefined) return { scope: this.scope, by };
    return this.parent?.shiftOf(axis) ?? null;
  }

  private ofAxis(axis: Axis): Home {
    const { scope, isVector } = this.positionOf(axis);
    const shift = this.shiftOf(axis)?.scope;
    return {
      scope: shift && shift.depth > scope.depth ? shift : scope,
      varies: isVector,
    };
  }

  // Indices

  /** Where an index is known. */
  ofIndex(index: Index): Home {
    return deepest(this.root, this.ofTerms(index));
  }

  /** Where an atom other than a loop is known. */
  ofAtom(atom: Exclude<IndexAtom, Loop>): Home {
    return "node" in atom ? this.of(atom.node) : this.ofIndex(atom.index);
  }

  private ofTerms({ terms }: Index): readonly Home[] {
    return terms.flatMap(({ atom }) => {
      if (atom instanceof Loop) {
        return [this.ofAxis(this.positionOf(atom).axis)];
      }
      return "node" in atom ? [this.of(atom.node)] : this.ofTerms(atom.index);
    });
  }

  // Nodes

  /** Makes the result of a stage known. */
  set(node: Node, result: Value | Row): void {
    this.results.set(node, result);
  }

  /** The result of a stage. */
  resultOf(node: Node): Value | Row | null {
    return this.results.get(node) ?? this.parent?.resultOf(node) ?? null;
  }

  /** Where a node is computed. */
  of(node: Node): Home {
    const known = this.known(node, this);
    if (known) return known;
    const home = this.ofParts(node);
    home.scope.homes.homes.set(node, home);
    return home;
  }

  /** Homes found outside of a place that shifts an axis do not hold inside. */
  private known(node: Node, from: Homes, isValid = true): Home | null {
    const result = this.results.get(node);
    if (result) return this.ofResult(result, from);
    const home = isValid ? this.homes.get(node) : undefined;
    if (home) return home;
    const stays = isValid && !this.moves(node);
    return this.parent?.known(node, from, stays) ?? null;
  }

  private moves(node: Node): boolean {
    if (this.shifts.size === 0) return false;
    for (const { loops } of this.shifts.keys()) {
      if (loops.some((loop) => node.loops.has(loop))) return true;
    }
    return false;
  }

  private ofResult(result: Value | Row, from: Homes): Home {
    const { scope } = this;
    if (!("axes" in result)) return { scope, varies: result.type === "v128" };
    return deepest(this.root, [
      { scope, varies: result.isWide },
      ...result.axes.map((axis) => from.ofAxis(axis)),
    ]);
  }

  private ofParts(node: Node): Home {
    const homes = node.op === "index" || node.op === "load"
      ? indicesOf(node).flatMap((index) => this.ofTerms(index))
      : operandsOf(node).map((x) => this.of(x));
    return deepest(this.root, homes);
  }
}

function indicesOf(node: IndexNode | LoadNode): readonly Index[] {
  return node.op === "index"
    ? [node.index]
    : [node.offset, ...node.bounds.map((b) => b.index)];
}

function deepest(root: Scope, homes: readonly Home[]): Home {
  let scope = root;
  let varies = false;
  for (const home of homes) {
    if (home.scope.depth > scope.depth) scope = home.scope;
    varies ||= home.varies;
  }
  return { scope, varies };
}
