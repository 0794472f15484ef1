/** Running results of reductions: in scalars, in vectors, and put together. */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Stage } from "../../../core/ir/kernel.ts";
import type { ReduceNode } from "../../../core/ir/scalar.ts";
import { identityOf } from "../../../core/ir/semantics.ts";
import { f32x4, f64x2, i8x16, v128 } from "../wasm/instructions.ts";
import type { Local, V128, Value } from "../wasm/value.ts";
import {
  lane,
  type LaneCount,
  scalarConst,
  scalarType,
  vectorConst,
} from "./lanes.ts";
import { fitted } from "./operation.ts";
import { combine } from "./operations.ts";
import type { Scope } from "./scope.ts";

/** What a body adds the values of its reductions to. */
export interface Sums {
  add(place: Scope, node: ReduceNode): void;
}

/** One running result for each reduction of a group. */
export class Accumulators implements Sums {
  private readonly locals = new Map<ReduceNode, Local>();
  private readonly beside = new Map<ReduceNode, BesideExtremum>();

  constructor(
    place: Scope,
    group: readonly Stage[],
    private readonly wide: boolean,
  ) {
    const { code } = place;
    for (const stage of group) {
      if (stage.kind !== "reduce") continue;
      const { node } = stage;
      const start = identityValue(place, node, wide);
      this.locals.set(node, code.let(start));
      if (!wide || !isFloatExtremum(node)) continue;
      const bits = (word: number) => code.let(vectorConst(code, word, "int32"));
      const signs = bits(node.reducer === "max" ? -1 : 0);
      this.beside.set(node, { nans: bits(0), signs });
    }
  }

  add(place: Scope, node: ReduceNode): void {
    this.addValue(place, node, place.value(node.body, this.wide));
  }

  addValue(place: Scope, node: ReduceNode, value: Value): void {
    const local = this.locals.get(node)!;
    const beside = this.beside.get(node);
    if (beside) {
      extend(place, node, local as Local<"v128">, beside, value as V128);
    } else {
      place.code.set(local, joined(place, node, local, value, this.wide));
    }
  }

  /** The result so far. */
  of(place: Scope, node: ReduceNode): Value {
    const local = this.locals.get(node)!;
    const beside = this.beside.get(node);
    return beside
      ? extremumOf(place, node, local as Local<"v128">, beside)
      : local;
  }

  announce(place: Scope): void {
    for (const node of this.locals.keys()) {
      const result = this.of(place, node);
      place.set(node, rounded(place, node, result, this.wide));
    }
  }
}

function isFloatExtremum({ reducer, dtype }: ReduceNode): boolean {
  return (reducer === "max" || reducer === "min") && isFloating(dtype);
}

/**
 * What the largest or smallest float so far does not show. The instruction that
 * propagates NaN and orders zeros is several of the machine: this is shorter.
 */
interface BesideExtremum {
  /** Lanes in which a NaN was met. */
  readonly nans: Local<"v128">;
  /** Has the sign of a largest or smallest 0: where all, or any, have it. */
  readonly signs: Local<"v128">;
}

/** Takes one more vector into the largest or smallest so far. */
function extend(
  { code }: Scope,
  { reducer, dtype }: ReduceNode,
  local: Local<"v128">,
  { nans, signs }: BesideExtremum,
  value: V128,
): void {
  const { pmax, pmin, ne } = dtype === "float64" ? f64x2 : f32x4;
  const isMax = reducer === "max";
  code.set(local, (isMax ? pmax : pmin)(local, value));
  code.set(nans, v128.or(nans, ne(value, value)));
  code.set(signs, (isMax ? v128.and : v128.or)(signs, value));
}

function extremumOf(
  { code }: Scope,
  { dtype }: ReduceNode,
  local: Local<"v128">,
  { nans, signs }: BesideExtremum,
): Local<"v128"> {
  const { eq } = dtype === "float64" ? f64x2 : f32x4;
  const all = (value: number) => vectorConst(code, value, widerDtype(dtype));
  const zero = v128.and(signs, all(-0));
  const signed = v128.bitselect(zero, local, eq(local, all(0)));
  return code.let(v128.bitselect(all(NaN), signed, nans));
}

/** What a reduction begins with. */
export function identityValue(
  { code }: Scope,
  { reducer, dtype }: ReduceNode,
  wide: boolean,
): Value {
  const start = identityOf(reducer, dtype);
  const wider = widerDtype(dtype);
  return wide ? vectorConst(code, start, wider) : scalarConst(start, wider);
}

/** Running results in several vectors and, for the rest, in a scalar. */
export class SplitAccumulators {
  private readonly vectors: readonly Accumulators[];
  private readonly rest: Accumulators;
  private readonly nodes: readonly ReduceNode[];
  private hasRest = false;

  constructor(place: Scope, group: readonly Stage[], count: number) {
    this.nodes = group.flatMap((s) => s.kind === "reduce" ? [s.node] : []);
    this.vectors = Array.from(
      { length: count },
      () => new Accumulators(place, group, true),
    );
    this.rest = new Accumulators(place, group, false);
  }

  at(wide: boolean, i: number): Sums {
    this.hasRest ||= !wide;
    return wide ? this.vectors[i]! : this.rest;
  }

  /** Takes the results into others. */
  addTo(totals: Accumulators, place: Scope): void {
    for (const node of this.nodes) {
      totals.addValue(place, node, this.of(place, node));
    }
  }

  announce(place: Scope): void {
    for (const node of this.nodes) {
      place.set(node, rounded(place, node, this.of(place, node), false));
    }
  }

  private of(place: Scope, node: ReduceNode): Value {
    const { code, form: { lanes } } = place;
    const vector = this.vectors.map((v) => v.of(place, node)).reduce((x, y) =>
      code.let(joined(place, node, x, y, true))
    );
    const sum = acrossLanes(place, node, vector as V128, lanes);
    return this.hasRest
      ? code.let(joined(place, node, sum, this.rest.of(place, node), false))
      : sum;
  }
}

/** Combines the lanes of a vector: halves, then quarters. */
function acrossLanes(
  place: Scope,
  node: ReduceNode,
  vector: V128,
  lanes: LaneCount,
): Value {
  const { code } = place;
  const dtype = widerDtype(node.dtype);
  const width = scalarType(dtype) === "f64" ? 8 : 4;
  let x = vector;
  for (let half = lanes / 2; half >= 1; half /= 2) {
    const order = Array.from({ length: 16 }, (_, i) => (i + half * width) % 16);
    const moved = code.let(i8x16.shuffle(x, x, order));
    x = code.let(joined(place, node, x, moved, true) as V128);
  }
  return code.let(lane(x, 0, dtype));
}

/** Short floats and integers are combined in 32 bits, and rounded once. */
export function widerDtype(dtype: DType): DType {
  if (dtype === "bool" || DTYPES[dtype].bytes >= 4) return dtype;
  if (isFloating(dtype)) return "float32";
  return DTYPES[dtype].kind === "int" ? "int32" : "uint32";
}

/** Two results so far as one. */
export function joined(
  { code, form }: Scope,
  { reducer, dtype }: ReduceNode,
  x: Value,
  y: Value,
  wide: boolean,
): Value {
  const lanes = wide ? form.lanes : 1;
  return combine(reducer, widerDtype(dtype), { code, lanes }, [x, y]);
}

/** A result as it is once everything has been combined. */
export function rounded(
  { code, form }: Scope,
  { dtype }: ReduceNode,
  value: Value,
  wide: boolean,
): Value {
  return code.let(
    fitted({ code, lanes: wide ? form.lanes : 1, to: dtype }, value),
  );
}
