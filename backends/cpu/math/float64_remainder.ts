/** The remainder of a division of float64, with the sign of the dividend. */

import type { Code } from "../wasm/function.ts";
import { f64, i32, i64, select } from "../wasm/instructions.ts";
import type { FunctionRef } from "../wasm/module.ts";
import type { F64, I32, I64, Local } from "../wasm/value.ts";

const MANTISSA = 52n;
const HIDDEN = 1n << MANTISSA;

/** `x % y` of JavaScript: exact, by long division in binary. */
export function remainder64(code: Code): FunctionRef<"f64"> {
  return code.fn.module.once("remainder", {
    params: ["f64", "f64"],
    result: "f64",
  }, (fn) => {
    const [x, y] = fn.params as [Local<"f64">, Local<"f64">];
    const { body } = fn;
    const [size, divisor] = [body.let(f64.abs(x)), body.let(f64.abs(y))];
    body.if(f64.lt(size, divisor), (then) => then.return(x));
    const finite = f64.lt(size, f64.const(Infinity));
    const valid = i32.and(finite, f64.gt(divisor, f64.const(0)));
    body.if(i32.eqz(valid), (then) => then.return(f64.const(NaN)));
    const [a, b] = [partsOf(body, size), partsOf(body, divisor)];
    divide(body, a, b);
    body.result(f64.copysign(join(body, a.mantissa, b.exponent), x));
  });
}

/** `mantissa 2^(exponent - 1075)`, with a mantissa of 53 bits. */
interface Parts {
  readonly mantissa: Local<"i64">;
  readonly exponent: Local<"i32">;
}

function partsOf(code: Code, x: Local<"f64">): Parts {
  const bits = code.let(i64.reinterpret_f64(x));
  const field = code.let(i32.wrap_i64(i64.shr_u(bits, i64.const(MANTISSA))));
  const hidden = select(field, i64.const(HIDDEN), i64.const(0n));
  const low = i64.and(bits, i64.const(HIDDEN - 1n));
  const mantissa = code.let(i64.or(low, hidden));
  // Only subnormal numbers have zeros before it.
  const zeros = code.let(i64.sub(i64.clz(mantissa), i64.const(11n)));
  const exponent = select(field, field, i32.const(1));
  return {
    mantissa: code.let(i64.shl(mantissa, zeros)),
    exponent: code.let(i32.sub(exponent, i32.wrap_i64(zeros))),
  };
}

/** Leaves the remainder of the first mantissa, at the second's exponent. */
function divide(code: Code, a: Parts, b: Parts): void {
  const less = (to: Code) => {
    const rest = to.let(i64.sub(a.mantissa, b.mantissa));
    const fits = i64.eqz(i64.shr_u(rest, i64.const(63n)));
    to.set(a.mantissa, select(fits, rest, a.mantissa));
  };
  code.while(() => i32.gt_s(a.exponent, b.exponent), (loop) => {
    less(loop);
    loop.set(a.mantissa, i64.shl(a.mantissa, i64.const(1n)));
    loop.set(a.exponent, i32.sub(a.exponent, i32.const(1)));
  });
  less(code);
}

/** The number with a mantissa that may have leading zeros. */
function join(code: Code, mantissa: Local<"i64">, exponent: I32): F64 {
  // A mantissa below 2^53 is exact as a number; so are both products, of which
  // the first is normal.
  const number = f64.convert_i64_s(mantissa);
  const half = code.let(i32.shr_s(exponent, i32.const(1)));
  const other = i32.sub(exponent, half);
  const scaled = f64.mul(number, powerOfTwo(half, 1023 - 537));
  return f64.mul(scaled, powerOfTwo(other, 1023 - 538));
}

/** `2^(exponent + bias - 1023)` */
function powerOfTwo(exponent: I32, bias: number): F64 {
  const field: I64 = i64.extend_i32_u(i32.add(exponent, i32.const(bias)));
  return f64.reinterpret_i64(i64.shl(field, i64.const(MANTISSA)));
}
