/** Functions of float64 that kernels import from `math`, by name of the operation. */

import type { ScalarOp } from "../../core/ir/scalar.ts";
import { scalarFunction } from "../../core/ir/semantics.ts";

/** Operations that mean what the function of `Math` of the same name does. */
const SAME_IN_MATH: ReadonlySet<string> = new Set(
  [
    "cbrt",
    "exp",
    "expm1",
    "log",
    "log1p",
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
    "atan2",
  ] satisfies readonly (ScalarOp & keyof Math)[],
);

/** What a module imports from `math`. */
export interface MathImports {
  readonly functions: WebAssembly.ModuleImports;
  /** Whether `Math`, which is all that worker threads have, lacks some of them. */
  readonly mainOnly: boolean;
}

/** The functions that a module asks for. */
export function mathImports(module: WebAssembly.Module): MathImports {
  const names = WebAssembly.Module.imports(module)
    .filter((entry) => entry.module === "math")
    .map(({ name }) => name);
  return {
    functions: Object.fromEntries(names.map((name) => [name, named(name)])),
    mainOnly: names.some((name) => !SAME_IN_MATH.has(name)),
  };
}

function named(name: string): WebAssembly.ExportValue {
  return SAME_IN_MATH.has(name)
    ? Math[name as "exp"]
    : scalarFunction(name as ScalarOp, "float64", "float64");
}
