/** Elementary functions: vectors for float32, one number at a time for float64. */

import type { Node } from "../../../core/ir/scalar.ts";
import {
  float64Math,
  type Float64Op,
  importFloat64Math,
  isFloat64Op,
} from "../math/float64.ts";
import { MATH } from "../math/mod.ts";
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
  if (lanes > 1) return MATH[op](code, ...args as readonly V128[]);
  const splats = args.map((x) => code.let(splat(x, from)));
  return lane(code.let(MATH[op](code, ...splats)), 0, from);
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

/** Imports the functions of float64 that some nodes need. */
export function importMath(module: ModuleBuilder, nodes: Iterable<Node>): void {
  const ops = new Set<Float64Op>();
  for (const node of nodes) {
    if (node.dtype !== "float64") continue;
    const op = node.op === "reduce" ? node.reducer : node.op;
    if (isFloat64Op(op)) ops.add(op);
  }
  importFloat64Math(module, ops);
}
