/** Inverse trigonometric functions. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, i32, i32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { choose, madd, number, polynomial, signOf } from "./vector.ts";

/** `(atan(x) - x) / x^3` of `x^2`, for `|x| <= 1`; error below 2^-28. */
const ATAN = [
  -0.33333298563957214,
  0.1999852955341339,
  -0.14264015853405,
  0.10950880497694016,
  -0.08399306237697601,
  0.05788138136267662,
  -0.031096961349248886,
  0.010868660174310207,
  -0.00178281229455024,
];

/** `(asin(x) - x) / x^3` of `x^2`, for `|x| <= 1/2`; error below 2^-27. */
const ASIN = [
  0.16666752099990845,
  0.07495306432247162,
  0.045469772070646286,
  0.02418077550828457,
  0.04216640442609787,
];

/** pi / 2 as a sum. */
const QUARTER_HIGH = Math.fround(Math.PI / 2);
const QUARTER_LOW = Math.PI / 2 - QUARTER_HIGH;

/** `x + x^3 p(x^2)` */
function oddPolynomial(
  code: Code,
  x: Local<"v128">,
  coefficients: readonly number[],
): V128 {
  const square = code.let(f32x4.mul(x, x));
  const cube = f32x4.mul(square, x);
  return madd(cube, polynomial(code, square, coefficients), x);
}

/** `quarters pi / 2 - angle` */
function lessAngle(code: Code, quarters: number, angle: V128): V128 {
  const low = f32x4.sub(angle, number(code, quarters * QUARTER_LOW));
  return f32x4.sub(number(code, quarters * QUARTER_HIGH), low);
}

/** Of a number above 1 it is a right angle less that of the inverse. */
export function atan(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const one = number(code, 1);
  const large = code.let(f32x4.gt(size, one));
  const tangent = choose(large, f32x4.div(one, size), size);
  const angle = code.let(oddPolynomial(code, code.let(tangent), ATAN));
  const result = choose(large, lessAngle(code, 1, angle), angle);
  return v128.or(result, v128.xor(input, size));
}

/** The angle of the smaller over the larger number, seen from the axes. */
export function atan2(code: Code, y: V128, x: V128): V128 {
  const [rise, run] = [code.let(y), code.let(x)];
  const [height, width] = [code.let(f32x4.abs(rise)), code.let(f32x4.abs(run))];
  const steep = code.let(f32x4.gt(height, width));
  const larger = code.let(choose(steep, height, width));
  const quotient = f32x4.div(choose(steep, width, height), larger);
  // 0 / 0 is seen as 0, and infinity over infinity as 1.
  const infinite = f32x4.eq(
    f32x4.pmin(height, width),
    number(code, Infinity),
  );
  const whole = choose(infinite, number(code, 1), quotient);
  const tangent = v128.and(whole, f32x4.ne(larger, number(code, 0)));
  const flat = code.let(oddPolynomial(code, code.let(tangent), ATAN));
  const first = code.let(choose(steep, lessAngle(code, 1, flat), flat));
  const behind = i32x4.shr_s(run, i32.const(31)); // also for -0
  const angle = choose(behind, lessAngle(code, 2, first), first);
  const isNaN = v128.or(f32x4.ne(rise, rise), f32x4.ne(run, run));
  return v128.or(v128.or(angle, signOf(code, rise)), isNaN);
}

/** Of a number above 1/2, by half its angle from 1; its sine and square. */
interface FromOne {
  readonly large: Local<"v128">;
  readonly angle: Local<"v128">;
}

/** `asin(size)`, or `asin(sqrt((1 - size) / 2))` where that is smaller. */
function arcOf(code: Code, size: Local<"v128">): FromOne {
  const half = number(code, 0.5);
  const large = code.let(f32x4.gt(size, half));
  const rest = f32x4.mul(f32x4.sub(number(code, 1), size), half);
  const sine = code.let(choose(large, f32x4.sqrt(rest), size));
  return { large, angle: code.let(oddPolynomial(code, sine, ASIN)) };
}

export function asin(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const { large, angle } = arcOf(code, size);
  const twice = f32x4.add(angle, angle);
  const result = choose(large, lessAngle(code, 1, twice), angle);
  return v128.or(result, v128.xor(input, size));
}

export function acos(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const { large, angle } = arcOf(code, size);
  const sign = v128.xor(input, size);
  const near = lessAngle(code, 1, v128.or(angle, sign));
  const twice = code.let(f32x4.add(angle, angle));
  const negative = i32x4.shr_s(input, i32.const(31));
  const far = choose(negative, lessAngle(code, 2, twice), twice);
  return choose(large, far, near);
}
