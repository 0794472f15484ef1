/** What the functions on vectors of float32 are written with. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";

/** A function of four float32 lanes: writes statements, gives an expression. */
export type Unary = (code: Code, x: V128) => V128;

/** The same, of two vectors. */
export type Binary = (code: Code, x: V128, y: V128) => V128;

/** A number in all lanes, made once in the function. */
export function number(code: Code, value: number): V128 {
  return code.fn.constant(f32x4.const(value));
}

/** 32 bits in all lanes, made once in the function. */
export function bits(code: Code, word: number): V128 {
  return code.fn.constant(v128.const([word, word, word, word]));
}

/**
 * `x` where `mask` is set, otherwise `y`. Masks come from comparisons: all bits
 * of a lane are equal.
 */
export function choose(mask: V128, x: V128, y: V128): V128 {
  return v128.bitselect(x, y, mask);
}

/**
 * `x y + z`, rounded once where the machine can, otherwise twice: the functions
 * here are written to be exact enough either way.
 */
export function madd(x: V128, y: V128, z: V128): V128 {
  return f32x4.relaxed_madd(x, y, z);
}

/** The sign bit of each lane. */
export function signOf(code: Code, x: V128): V128 {
  return v128.and(x, bits(code, 0x80000000));
}

/** `c[0] + c[1] x + c[2] x^2 + ...` */
export function polynomial(
  code: Code,
  x: Local<"v128">,
  coefficients: readonly number[],
): V128 {
  return estrin(x, coefficients, {
    keep: (value) => code.let(value),
    number: (value) => number(code, value),
    mul: f32x4.mul,
    madd,
  });
}

/** What polynomials are made of. */
export interface PolynomialParts {
  keep(value: V128): Local<"v128">;
  number(value: number): V128;
  mul(x: V128, y: V128): V128;
  madd(x: V128, y: V128, z: V128): V128;
}

/**
 * A polynomial by Estrin's scheme: a processor holds only so many instructions
 * that wait for others, so a short chain of dependent ones is worth more than
 * the few multiplications it costs.
 */
export function estrin(
  x: Local<"v128">,
  coefficients: readonly number[],
  parts: PolynomialParts,
): V128 {
  const powers = [x]; // x, x^2, x^4, ...
  while (powers.length <= levelOf(coefficients)) {
    const last = powers.at(-1)!;
    powers.push(parts.keep(parts.mul(last, last)));
  }
  return sumOfBlocks(powers, coefficients, parts);
}

/**
 * Coefficients are taken in two or three blocks of `2^level`. Three, by Horner's
 * rule, take no longer than four would, and do without another power.
 */
function levelOf({ length }: readonly number[]): number {
  return Math.max(0, Math.ceil(Math.log2(length / 3)));
}

function sumOfBlocks(
  powers: readonly Local<"v128">[],
  coefficients: readonly number[],
  parts: PolynomialParts,
): V128 {
  if (coefficients.length === 1) return parts.number(coefficients[0]!);
  const level = levelOf(coefficients);
  const blocks: V128[] = [];
  for (let i = 0; i < coefficients.length; i += 2 ** level) {
    const block = coefficients.slice(i, i + 2 ** level);
    blocks.push(sumOfBlocks(powers, block, parts));
  }
  return blocks.reduceRight((sum, block) =>
    parts.madd(sum, powers[level]!, block)
  );
}
