/** Elementary functions: vectors for float32, one number at a time for float64. */

import type { Node, ScalarOp } from "../../../core/ir/scalar.ts";
import { f32, f64 } from "../wasm/instructions.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import type { F32, F64, V128, Value } from "../wasm/value.ts";
import { MATH, type VectorMath } from "../math/mod.ts";
import { fromLanes, lane, splat } from "./lanes.ts";
import type { Operation } from "./operation.ts";

/** Operations that are more than an instruction. */
export type MathOp = Extract<
  ScalarOp,
  | "rsqrt"
  | "cbrt"
  | "exp"
  | "exp2"
  | "expm1"
  | "log"
  | "log1p"
  | "logistic"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "tanh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "erf"
  | "erfc"
  | "erfInv"
  | "pow"
  | "atan2"
  | "nextafter"
  | "logAddExp"
  | "rem"
>;

const VECTORS: { readonly [op in MathOp]?: VectorMath } = MATH;

/** A function of floats, before its result is rounded to 16 bits. */
export function callMath(op: MathOp, o: Operation): Value {
  const { code, lanes, args, from } = o;
  const vector = from === "float64" ? undefined : VECTORS[op];
  if (vector) {
    if (lanes > 1) return vector(code, ...args as readonly V128[]);
    const splats = args.map((x) => code.let(splat(x, from)));
    return lane(code.let(vector(code, ...splats)), 0, from);
  }
  const one = (...xs: readonly Value[]) =>
    from === "float64" ? float64(op, o, xs as readonly F64[]) : f32.demote_f64(
      float64(op, o, xs.map((x) => code.let(f64.promote_f32(x as F32)))),
    );
  if (lanes === 1) return one(...args);
  return fromLanes(
    code,
    lanes,
    from,
    (i) => one(...args.map((x) => code.let(lane(x as V128, i, from)))),
  );
}

function float64(op: MathOp, { code }: Operation, args: readonly F64[]): F64 {
  return code.fn.module.imported("math", op).call(...args) as F64;
}

const BINARY: ReadonlySet<string> = new Set([
  "pow",
  "atan2",
  "rem",
  "nextafter",
  "logAddExp",
]);
const OPS: ReadonlySet<string> = new Set([
  "rsqrt",
  "cbrt",
  "exp",
  "exp2",
  "expm1",
  "log",
  "log1p",
  "logistic",
  "sin",
  "cos",
  "tan",
  "asin",
  "acos",
  "atan",
  "sinh",
  "cosh",
  "tanh",
  "asinh",
  "acosh",
  "atanh",
  "erf",
  "erfc",
  "erfInv",
  "pow",
  "atan2",
  "nextafter",
  "logAddExp",
  "rem",
]);

/** Imports the functions that some nodes need. */
export function importMath(module: ModuleBuilder, nodes: Iterable<Node>): void {
  const names = new Set<string>();
  for (const node of nodes) {
    if (OPS.has(node.op)) names.add(node.op);
    if (node.op === "reduce" && node.reducer === "logAddExp") {
      names.add("logAddExp");
    }
  }
  for (const name of names) {
    const params = BINARY.has(name)
      ? ["f64", "f64"] as const
      : ["f64"] as const;
    module.importFunction("math", name, { params, result: "f64" });
  }
}
