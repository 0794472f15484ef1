/**
 * Functions of float64, one number at a time: those of `Math`, which the engine
 * calls directly from WebAssembly, and what is made of them in the module. All
 * threads have these, so that no kernel needs the main thread.
 */

import type { ScalarOp } from "../../../core/ir/scalar.ts";
import type { Code } from "../wasm/function.ts";
import { f64, i32, i64, select } from "../wasm/instructions.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import type { F64, Local } from "../wasm/value.ts";
import { callMath, importMath, type MathImport } from "./imported.ts";
import { erf64, erfc64, erfInv64 } from "./float64_error_function.ts";
import { remainder64 } from "./float64_remainder.ts";
import type { MathOp } from "./mod.ts";

/** Computes a function of float64; its arguments are used more than once. */
type Write = (code: Code, ...args: readonly Local<"f64">[]) => F64;

/** How a function is made, and of what. */
interface Float64Math {
  readonly imports: readonly MathImport[];
  readonly write: Write;
}

/** Operations on float64 that are no single instruction. */
export type Float64Op = MathOp | Extract<ScalarOp, "rem">;

const direct = (name: MathImport): Float64Math => ({
  imports: [name],
  write: (code, ...args) => callMath(code, name, ...args),
});

const made = (write: Write, ...imports: readonly MathImport[]) => ({
  imports,
  write,
});

const FUNCTIONS: Readonly<Record<Float64Op, Float64Math>> = {
  rsqrt: made((_, x) => f64.div(f64.const(1), f64.sqrt(x!))),
  cbrt: direct("cbrt"),
  exp: direct("exp"),
  exp2: made((code, x) => callMath(code, "pow", f64.const(2), x!), "pow"),
  expm1: direct("expm1"),
  log: direct("log"),
  log1p: direct("log1p"),
  logistic: made(logistic, "exp"),
  sin: direct("sin"),
  cos: direct("cos"),
  tan: direct("tan"),
  asin: direct("asin"),
  acos: direct("acos"),
  atan: direct("atan"),
  sinh: direct("sinh"),
  cosh: direct("cosh"),
  tanh: direct("tanh"),
  asinh: direct("asinh"),
  acosh: direct("acosh"),
  atanh: direct("atanh"),
  erf: made((code, x) => erf64(code).call(x!), "exp"),
  erfc: made((code, x) => erfc64(code).call(x!), "exp"),
  erfInv: made((code, x) => erfInv64(code).call(x!), "exp", "log"),
  pow: made(pow, "pow"),
  atan2: direct("atan2"),
  nextafter: made(nextafter),
  logAddExp: made(logAddExp, "exp", "log1p"),
  rem: made((code, x, y) => remainder64(code).call(x!, y!)),
};

/** Whether an operation on float64 is more than an instruction. */
export function isFloat64Op(op: string): op is Float64Op {
  return op in FUNCTIONS;
}

/** Imports what some operations on float64 need; before the first function. */
export function importFloat64Math(
  module: ModuleBuilder,
  ops: Iterable<Float64Op>,
): void {
  importMath(module, [...ops].flatMap((op) => FUNCTIONS[op].imports));
}

/** Writes statements that compute a function of float64; gives its value. */
export function float64Math(
  code: Code,
  op: Float64Op,
  ...args: readonly F64[]
): F64 {
  return FUNCTIONS[op].write(code, ...args.map((x) => code.let(x)));
}

// These are those of core/numerics.ts.

function logistic(code: Code, x?: Local<"f64">): F64 {
  const small = code.let(callMath(code, "exp", f64.neg(f64.abs(x!))));
  const one = f64.const(1);
  const above = select(f64.lt(x!, f64.const(0)), small, one);
  return f64.div(above, f64.add(one, small));
}

function logAddExp(code: Code, a?: Local<"f64">, b?: Local<"f64">): F64 {
  const distance = f64.abs(f64.sub(a!, b!));
  const small = callMath(code, "exp", f64.neg(distance));
  const sum = f64.add(f64.max(a!, b!), callMath(code, "log1p", small));
  const twice = f64.add(a!, f64.const(Math.LN2));
  return select(f64.eq(a!, b!), twice, sum);
}

function pow(code: Code, x?: Local<"f64">, y?: Local<"f64">): F64 {
  const one = f64.const(1);
  const infinite = f64.eq(f64.abs(y!), f64.const(Infinity));
  const size = select(infinite, f64.abs(x!), x!);
  const power = callMath(code, "pow", x!, y!);
  return select(f64.eq(size, one), one, power);
}

/** Away from 0 the bits of a number are those of the one before, and 1. */
function nextafter(code: Code, x?: Local<"f64">, y?: Local<"f64">): F64 {
  const zero = f64.const(0);
  const outward = i32.eq(f64.gt(y!, x!), f64.gt(x!, zero));
  const step = select(outward, i64.const(1n), i64.const(-1n));
  const next = code.let(
    f64.reinterpret_i64(i64.add(i64.reinterpret_f64(x!), step)),
  );
  const least = f64.copysign(f64.const(Number.MIN_VALUE), y!);
  const moved = select(f64.eq(x!, zero), least, next);
  const result = select(f64.eq(x!, y!), y!, moved);
  const isNaN = i32.or(f64.ne(x!, x!), f64.ne(y!, y!));
  return select(isNaN, f64.const(NaN), result);
}
