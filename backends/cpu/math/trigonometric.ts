/** Sine, cosine and tangent. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { reduceAngle, reduceToQuarter } from "./reduction.ts";
import { choose, madd, number, polynomial } from "./vector.ts";

/** `(sin(r) - r) / r^3` of `r^2`, for `|r| <= pi / 2`; error below 2^-27. */
const SIN = [
  -0.16666659712791443,
  0.008333069272339344,
  -0.00019809768127743155,
  2.6060538402816746e-6,
];

/** `(tan(r) - r) / r^3` of `r^2`, for `|r| <= pi / 4`; error below 2^-29. */
const TAN = [
  0.33333349227905273,
  0.1333267241716385,
  0.05405943840742111,
  0.02128286100924015,
  0.010837319307029247,
  8.453516784356907e-5,
  0.004379944875836372,
];

function sinSmall(code: Code, r: Local<"v128">): V128 {
  const square = code.let(f32x4.mul(r, r));
  const cube = f32x4.mul(square, r);
  return madd(cube, polynomial(code, square, SIN), r);
}

export function sin(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const r = reduceAngle(code, size, { quarter: false });
  return v128.xor(sinSmall(code, r), v128.xor(input, size));
}

export function cos(code: Code, x: V128): V128 {
  const size = code.let(f32x4.abs(x));
  return sinSmall(code, reduceAngle(code, size, { quarter: true }));
}

/** `tan(r)`, or `-1 / tan(r)` a right angle further. */
export function tan(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const { angle, lost, odd } = reduceToQuarter(code, size);
  const square = code.let(f32x4.mul(angle, angle));
  const cube = f32x4.mul(square, angle);
  // The derivative is 1 + tan^2, nearly 1 + angle^2.
  const more = madd(lost, square, lost);
  const small = code.let(madd(cube, polynomial(code, square, TAN), more));
  const near = code.let(f32x4.add(angle, small));
  // -1 / (near + rest), where near has lost the rest.
  const rest = f32x4.add(f32x4.sub(angle, near), small);
  const inverse = code.let(f32x4.div(number(code, -1), near));
  const far = madd(f32x4.mul(inverse, inverse), rest, inverse);
  return v128.xor(choose(odd, far, near), v128.xor(input, size));
}
