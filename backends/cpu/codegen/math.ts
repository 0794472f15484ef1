/** Elementary functions: vectors for float32, one number at a time for float64. */

import type { DType, FloatDType } from "../../../core/dtype.ts";
import type { Node } from "../../../core/ir/scalar.ts";
import {
  float64Math,
  type Float64Op,
  importFloat64Math,
  isFloat64Op,
} from "../math/float64.ts";
import { MATH, type VectorMath } from "../math/mod.ts";
import { NEXTAFTER } from "../math/neighbor.ts";
import { f32, f64 } from "../wasm/instructions.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import type { F32, F64, V128, Value } from "../wasm/value.ts";
import { fromLanes, lane, splat } from "./lanes.ts";
import type { Operation } from "./operation.ts";

/** Operations that are more than an instruction. */
export type MathOp = Float64Op;

/** A function of floats, before its result is rounded to 16 bits. */
export function callMath(op: MathOp, o: Operation): Value {
  const { code, lanes, args, from } = o;
  if (from === "float64" || op === "rem") return oneByOne(op, o);
  const write = vectorMath(op, from);
  if (lanes > 1) return write(code, ...args as readonly V128[]);
  const splats = args.map((x) => code.let(splat(x, from)));
  return lane(code.let(write(code, ...splats)), 0, from);
}

/** Computed as float32, whatever the dtype; but neighbours depend on it. */
function vectorMath(op: Exclude<MathOp, "rem">, dtype: DType): VectorMath {
  return op === "nextafter"
    ? NEXTAFTER[dtype as Exclude<FloatDType, "float64">] as VectorMath
    : MATH[op];
}

function oneByOne(op: MathOp, { code, lanes, args, from }: Operation): Value {
  const one = (...xs: readonly Value[]): Value => {
    if (from === "float64") return float64Math(code, op, ...xs as F64[]);
    const wide = xs.map((x) => f64.promote_f32(x as F32));
    return f32.demote_f64(float64Math(code, op, ...wide));
  };
  if (lanes === 1) return one(...args);
  const laneOf = (x: Value, i: number) => code.let(lane(x as V128, i, from));
  return fromLanes(
    code,
    lanes,
    from,
    (i) => one(...args.map((x) => laneOf(x, i))),
  );
}

/** An operation, and the dtype of its result. */
export interface Computed {
  readonly op: string;
  readonly dtype: DType;
}

/** What a node computes beyond its operands. */
export function computedBy(node: Node): Computed {
  const { dtype } = node;
  return { op: node.op === "reduce" ? node.reducer : node.op, dtype };
}

/** Imports the functions of float64 that some operations need. */
export function importMath(
  module: ModuleBuilder,
  computed: readonly Computed[],
): void {
  const ops = new Set<Float64Op>();
  for (const { op, dtype } of computed) {
    if (dtype === "float64" && isFloat64Op(op)) ops.add(op);
  }
  importFloat64Math(module, ops);
}
