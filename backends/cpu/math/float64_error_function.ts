/**
 * The error function, its complement and its inverse in float64, as functions
 * of a module. They are those of core/error_function.ts, which explains them.
 */

import {
  ERF_1,
  ERF_NEAR_0,
  ERF_NEAR_1,
  ERFC_FAR,
  ERFC_MIDDLE,
  type Rational,
} from "../../../core/error_function.ts";
import type { Code } from "../wasm/function.ts";
import { f32, f64, select } from "../wasm/instructions.ts";
import type { FunctionRef } from "../wasm/module.ts";
import type { F64, Local } from "../wasm/value.ts";
import { callMath } from "./imported.ts";

type F64Function = FunctionRef<"f64">;

/** A function of one number, written once in a module. */
function once(
  code: Code,
  name: string,
  build: (code: Code, x: Local<"f64">) => F64,
): F64Function {
  const signature = { params: ["f64"], result: "f64" } as const;
  return code.fn.module.once(name, signature, ({ params, body }) => {
    body.result(build(body, params[0] as Local<"f64">));
  });
}

const constant = f64.const;
const one = constant(1);

function polynomial(x: Local<"f64">, coefficients: readonly number[]): F64 {
  const [last, ...others] = coefficients.map(constant).reverse();
  return others.reduce((sum, c) => f64.add(f64.mul(sum, x), c), last!);
}

function rational(x: Local<"f64">, [above, below]: Rational): F64 {
  return f64.div(polynomial(x, above), polynomial(x, below));
}

/** `erf(x) - x` for `|x| < 0.84375`. */
function tailNear0(code: Code, x: Local<"f64">): F64 {
  return f64.mul(x, rational(code.let(f64.mul(x, x)), ERF_NEAR_0));
}

/** `erf(x) - ERF_1` for `0.84375 <= x < 1.25`. */
function tailNear1(code: Code, x: Local<"f64">): F64 {
  return rational(code.let(f64.sub(x, one)), ERF_NEAR_1);
}

/** `erfc(x)` for `x >= 1.25`; 0 where that underflows. */
function erfcTail(code: Code): F64Function {
  return once(code, "erfcTail", (body, x) => {
    body.if(f64.ge(x, constant(28)), (then) => then.return(constant(0)));
    const z = body.let(f64.div(one, f64.mul(x, x)));
    const log = body.let(rational(z, ERFC_MIDDLE));
    const isFar = f64.ge(x, constant(1 / 0.35));
    body.if(isFar, (then) => then.set(log, rational(z, ERFC_FAR)));
    const head = body.let(f64.promote_f32(f32.demote_f64(x)));
    const square = f64.mul(f64.neg(head), head);
    const large = callMath(body, "exp", f64.sub(square, constant(0.5625)));
    const change = f64.mul(f64.sub(head, x), f64.add(head, x));
    const small = callMath(body, "exp", f64.add(change, log));
    return f64.div(f64.mul(large, small), x);
  });
}

export function erf64(code: Code): F64Function {
  const tail = erfcTail(code);
  return once(code, "erf", (body, x) => {
    const size = body.let(f64.abs(x));
    body.if(f64.lt(size, constant(0.84375)), (then) => {
      then.return(f64.add(x, tailNear0(then, x)));
    });
    body.if(f64.ne(x, x), (then) => then.return(x));
    body.if(f64.lt(size, constant(1.25)), (then) => {
      const positive = f64.add(constant(ERF_1), tailNear1(then, size));
      then.return(f64.copysign(positive, x));
    });
    return f64.copysign(f64.sub(one, tail.call(size)), x);
  });
}

export function erfc64(code: Code): F64Function {
  const [erf, tail] = [erf64(code), erfcTail(code)];
  return once(code, "erfc", (body, x) => {
    body.if(f64.ne(x, x), (then) => then.return(x));
    body.if(f64.lt(x, constant(0.25)), (then) => {
      then.return(f64.sub(one, erf.call(x)));
    });
    body.if(f64.lt(x, constant(0.84375)), (then) => {
      const half = constant(0.5);
      const rest = f64.add(f64.sub(x, half), tailNear0(then, x));
      then.return(f64.sub(half, rest));
    });
    body.if(f64.lt(x, constant(1.25)), (then) => {
      then.return(f64.sub(constant(1 - ERF_1), tailNear1(then, x)));
    });
    return tail.call(x);
  });
}

/** Winitzki's estimate of the inverse for `0 <= x < 1`. */
function estimate(code: Code, x: Local<"f64">): F64 {
  const a = 0.147;
  const product = f64.mul(f64.sub(one, x), f64.add(one, x));
  const w = code.let(f64.neg(callMath(code, "log", product)));
  const half = f64.mul(w, constant(0.5));
  const b = code.let(f64.sub(constant(2 / (Math.PI * a)), half));
  const ratio = code.let(f64.div(w, constant(a)));
  const root = f64.sqrt(f64.add(f64.mul(b, b), ratio));
  return f64.sqrt(f64.div(ratio, f64.add(root, b)));
}

/** One step of Halley's method towards the inverse at `x`. */
function improve(
  code: Code,
  y: Local<"f64">,
  x: Local<"f64">,
  [erf, erfc]: readonly [F64Function, F64Function],
): void {
  const error = code.let(f64.sub(f64.sub(one, x), erfc.call(y)));
  code.if(f64.lt(x, constant(0.5)), (then) => {
    then.set(error, f64.sub(erf.call(y), x));
  });
  const inverse = callMath(code, "exp", f64.mul(y, y));
  const scaled = f64.mul(
    f64.mul(error, inverse),
    constant(Math.sqrt(Math.PI) / 2),
  );
  const newton = code.let(scaled);
  const below = f64.add(one, f64.mul(y, newton));
  code.set(y, f64.sub(y, f64.div(newton, below)));
}

export function erfInv64(code: Code): F64Function {
  const functions = [erf64(code), erfc64(code)] as const;
  return once(code, "erfInv", (body, x) => {
    const size = body.let(f64.abs(x));
    body.if(f64.eq(size, one), (then) => {
      then.return(f64.mul(x, constant(Infinity)));
    });
    body.if(f64.ge(size, one), (then) => then.return(constant(NaN)));
    const y = body.let(estimate(body, size));
    for (let step = 0; step < 3; step++) improve(body, y, size, functions);
    return select(f64.ne(x, x), x, f64.copysign(y, x));
  });
}
