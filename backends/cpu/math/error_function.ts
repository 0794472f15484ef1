/** The error function and its relatives. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, v128 } from "../wasm/instructions.ts";
import type { V128 } from "../wasm/value.ts";
import { BIAS, expSmall, power, reduce } from "./exponential.ts";
import { choose, number, polynomial } from "./vector.ts";

/** `(erf(x) - x) / x` of `x^2`, for `|x| <= 0.9`; error below 2^-26. */
const ERF_SMALL = [
  0.12837915122509003,
  -0.3761250674724579,
  0.11281976103782654,
  -0.02677328512072563,
  0.005004160106182098,
  -0.0006052461685612798,
];

/** `log(erfc(x)) / x` for `0.9 <= x <= 3.95`; error of erfc below 2^-28. */
const ERF_LARGE = [
  -1.1285165548324585,
  -0.6357114315032959,
  -0.10527022927999496,
  0.022894924506545067,
  -0.003216381184756756,
  0.00021414438378997147,
];

/** From here on the result is 1. */
const ERF_ONE = 3.95;

/** `1 - exp(polynomial)`; another polynomial where that cancels. */
export function erf(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = code.let(f32x4.abs(input));
  const within = code.let(f32x4.pmin(size, number(code, ERF_ONE)));
  const exponent = f32x4.mul(polynomial(code, within, ERF_LARGE), within);
  const reduced = reduce(code, code.let(exponent), BIAS);
  const complement = f32x4.mul(
    expSmall(code, reduced),
    power(reduced.n.word),
  );
  const square = code.let(f32x4.mul(size, size));
  const tail = f32x4.mul(polynomial(code, square, ERF_SMALL), size);
  const result = choose(
    f32x4.lt(size, number(code, 0.9)),
    f32x4.add(size, tail),
    f32x4.sub(number(code, 1), complement),
  );
  return v128.or(result, v128.xor(input, size));
}
