/** Rewrites of scalar nodes that are exact in IEEE arithmetic, NaN and -0 included. */

import type { DType } from "../dtype.ts";
import { isFloating } from "../dtype.ts";
import type { ConstNode, Node, ScalarOp } from "./scalar.ts";
import { scalarFunction } from "./semantics.ts";

/** A node or number that equals the application of `op`, or `null`. */
export function simplified(
  op: ScalarOp,
  dtype: DType,
  args: readonly Node[],
): Node | number | null {
  const x = args[0]!;
  const y = args[1]!; // those of one operand do not look at it
  if (x.op === "const" && args.every((a) => a.op === "const")) {
    const [x, y, z] = args.map((a) => a.value);
    const f = scalarFunction(op, args.at(-1)!.dtype, dtype);
    return f(x!, y!, z!);
  }
  switch (op) {
    case "mul":
      return isConst(y, 1) ? x : isConst(x, 1) ? y : null;
    case "div":
    case "pow":
      return isConst(y, 1) ? x : null;
    case "add": // x + 0 changes -0 of a float
      if (isFloating(dtype)) {
        return isConst(y, -0) ? x : isConst(x, -0) ? y : null;
      }
      return isConst(y, 0) ? x : isConst(x, 0) ? y : null;
    case "sub":
      return isConst(y, 0) ? x : null;
    case "neg":
      return x.op === "neg" ? x.args[0]! : null;
    case "and":
      if (dtype !== "bool") return null;
      return isConst(x, 1) ? y : isConst(y, 1) ? x : null;
    case "select":
      if (x.op === "const") return args[x.value ? 1 : 2]!;
      return args[1] === args[2] ? args[1]! : null;
    default:
      return null;
  }
}

function isConst(node: Node, value: number): node is ConstNode {
  return node.op === "const" && Object.is(node.value, value);
}
