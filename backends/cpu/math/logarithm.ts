/**
 * Logarithms: `x = 2^e (1 + f)` with `1 + f` from sqrt(1/2) to sqrt(2), a
 * polynomial in `f`, and `e log(2)`. Polynomials as in exponential.ts.
 */

import type { Code, FunctionBuilder } from "../wasm/function.ts";
import { f32x4, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { LOG2_HIGH, LOG2_LOW, MANTISSA } from "./exponential.ts";
import {
  bits,
  choose,
  madd,
  number,
  polynomial,
  signOf,
  type Unary,
} from "./vector.ts";

/** `(log(1 + f) - f) / f^2`; error of the logarithm below 2^-27. */
const LOG = [
  -0.49999988079071045,
  0.33333325386047363,
  -0.25001609325408936,
  0.20002013444900513,
  -0.16608454287052155,
  0.14180602133274078,
  -0.1324705183506012,
  0.12914589047431946,
  -0.07624877244234085,
];

/** The bits of sqrt(1/2) and of the exponent. */
const SQRT_HALF = 0x3f3504f3;
const EXPONENT = 0xff800000;

/** The bits of the smallest normal number and of infinity. */
const LEAST = 0x00800000;
const INFINITE = 0x7f800000;
const SIGN = 0x80000000;

/** A positive normal number taken apart. */
interface Parts {
  /** `2^e (1 + f)`, exactly. */
  readonly f: V128;
  readonly e: V128;
  /** `e` where the exponent has its bits. */
  readonly exponent: Local<"v128">;
}

function partsOf(code: Code, word: Local<"v128">): Parts {
  const above = code.let(i32x4.sub(word, bits(code, SQRT_HALF)));
  const exponent = code.let(v128.and(above, bits(code, EXPONENT)));
  const e = i32x4.shr_s(above, i32.const(MANTISSA));
  return {
    f: f32x4.sub(i32x4.sub(word, exponent), number(code, 1)),
    e: f32x4.convert_i32x4_s(e),
    exponent,
  };
}

/** `log(1 + f) + e log(2)`. */
function combine(code: Code, f: Local<"v128">, e: Local<"v128">): V128 {
  const square = f32x4.mul(f, f);
  const low = f32x4.mul(e, number(code, LOG2_LOW));
  const rest = madd(polynomial(code, f, LOG), square, low);
  return madd(e, number(code, LOG2_HIGH), f32x4.add(f, rest));
}

/** Lanes that are not positive normal numbers. */
function special(code: Code, word: V128): V128 {
  // Unsigned comparisons cost an instruction more: the sign bit is turned.
  const turned = i32x4.sub(word, bits(code, LEAST ^ SIGN));
  return i32x4.gt_s(turned, bits(code, (INFINITE - LEAST - 1) ^ SIGN));
}

/** What `slow` gives, where a lane is special; otherwise `fast`. */
function unlessSpecial(
  code: Code,
  x: Local<"v128">,
  fast: Unary,
  slow: Unary & { name: string },
): V128 {
  const result = code.let(fast(code, x));
  code.if(v128.any_true(special(code, x)), (rare) => {
    const build = (fn: FunctionBuilder) => {
      const input = fn.params[0] as Local<"v128">;
      fn.body.result(slow(fn.body, input));
    };
    const signature = { params: ["v128"], result: "v128" } as const;
    rare.set(result, rare.fn.module.once(slow.name, signature, build).call(x));
  });
  return result;
}

export function log(code: Code, x: V128): V128 {
  return unlessSpecial(code, code.let(x), logNormal, logSpecial);
}

/** Of positive normal numbers. */
export function logNormal(code: Code, x: V128): V128 {
  const { f, e } = partsOf(code, x as Local<"v128">);
  return combine(code, code.let(f), code.let(e));
}

/** Of any number. */
function logSpecial(code: Code, x: V128): V128 {
  const steps = 25; // makes a subnormal number normal
  const scaled = code.let(f32x4.mul(x, number(code, 2 ** steps)));
  const small = code.let(f32x4.lt(x, number(code, 2 ** -126)));
  const { f, e } = partsOf(code, code.let(choose(small, scaled, x)));
  const shift = v128.and(small, number(code, steps));
  const result = combine(code, code.let(f), code.let(f32x4.sub(e, shift)));
  return specialValues(code, x, result);
}

/** Infinity and NaN stay; 0 has -infinity, and numbers below it have NaN. */
function specialValues(code: Code, x: V128, result: V128): V128 {
  const zero = number(code, 0);
  const finite = choose(f32x4.lt(x, number(code, Infinity)), result, x);
  const positive = choose(f32x4.lt(x, zero), number(code, NaN), finite);
  return choose(f32x4.eq(x, zero), number(code, -Infinity), positive);
}

/**
 * Of the rounded sum `1 + x`, taken apart, with what the sum lost. It is exact
 * where `1 + x` has exponent 0, also for the smallest `x`.
 */
export function log1p(code: Code, x: V128): V128 {
  const input = code.let(x);
  const one = number(code, 1);
  const sum = code.let(f32x4.add(one, input));
  const { f, e, exponent } = partsOf(code, sum);
  // Knuth's sum of two numbers in any order.
  const part = code.let(f32x4.sub(sum, one));
  const lost = f32x4.add(
    f32x4.sub(input, part),
    f32x4.sub(one, f32x4.sub(sum, part)),
  );
  // Where this falls below 0 there is nothing to be added.
  const scale = i32x4.max_s(i32x4.sub(one, exponent), bits(code, 0));
  const exact = code.let(f32x4.add(f, f32x4.mul(lost, scale)));
  const result = code.let(combine(code, exact, code.let(e)));
  code.if(v128.any_true(special(code, sum)), (rare) => {
    rare.set(result, specialValues(rare, sum, result));
  });
  return v128.or(result, signOf(code, input)); // keeps -0
}
