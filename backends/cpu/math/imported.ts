/** Functions of `Math` in modules: the engine calls them directly. */

import type { Code } from "../wasm/function.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import type { F64 } from "../wasm/value.ts";

/** Functions of `Math` that modules import, with their numbers of parameters. */
const FROM_MATH = {
  cbrt: 1,
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  asin: 1,
  acos: 1,
  atan: 1,
  sinh: 1,
  cosh: 1,
  tanh: 1,
  asinh: 1,
  acosh: 1,
  atanh: 1,
  pow: 2,
  atan2: 2,
} as const satisfies { readonly [name in keyof Math]?: 1 | 2 };

/** A function of `Math` that modules import from `math`. */
export type MathImport = keyof typeof FROM_MATH;

/** Adds imports to a module without functions. */
export function importMath(
  module: ModuleBuilder,
  names: Iterable<MathImport>,
): void {
  for (const name of new Set(names)) {
    const params = Array<"f64">(FROM_MATH[name]).fill("f64");
    module.importFunction("math", name, { params, result: "f64" });
  }
}

/** A function of `Math`. */
export function callMath(
  code: Code,
  name: MathImport,
  ...args: readonly F64[]
): F64 {
  return code.fn.module.imported("math", name).call(...args) as F64;
}
