/** Sine and cosine. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { reduceAngle } from "./reduction.ts";
import { polynomial } from "./vector.ts";

/** `(sin(r) - r) / r^3` of `r^2`, for `|r| <= pi / 2`; error below 2^-27. */
const SIN = [
  -0.16666659712791443,
  0.008333069272339344,
  -0.00019809768127743155,
  2.6060538402816746e-6,
];

function sinSmall(code: Code, r: Local<"v128">): V128 {
  const square = code.let(f32x4.mul(r, r));
  const cube = f32x4.mul(square, r);
  return f32x4.add(r, f32x4.mul(cube, polynomial(code, square, SIN)));
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
