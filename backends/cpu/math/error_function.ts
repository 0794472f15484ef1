/** The error function and its relatives. Polynomials as in exponential.ts. */

import type { Code } from "../wasm/function.ts";
import { f32x4, f64x2, v128 } from "../wasm/instructions.ts";
import type { Local, V128 } from "../wasm/value.ts";
import { BIAS, expm1Small, power, reduce, scale } from "./exponential.ts";
import {
  double,
  each,
  exp2Parts,
  type Halves,
  lowWords,
  narrow,
  widen,
  widePolynomial,
} from "./halves.ts";
import { logNormal } from "./logarithm.ts";
import { choose, madd, number, polynomial } from "./vector.ts";

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
  const { word, r } = reduce(code, code.let(exponent), BIAS);
  const factor = code.let(power(word));
  const complement = madd(expm1Small(code, r), factor, factor);
  const square = code.let(f32x4.mul(size, size));
  const result = choose(
    f32x4.lt(size, number(code, 0.9)),
    madd(polynomial(code, square, ERF_SMALL), size, size),
    f32x4.sub(number(code, 1), complement),
  );
  return v128.or(result, v128.xor(input, size));
}

/**
 * `erfc(x) exp(x^2) (1 + 2 x)` of `(x - 2) / (x + 2)`, for `0 <= x <= 10.1`;
 * error below 2^-26. The form is that of Shepherd and Laframboise 1981,
 * Chebyshev approximation of (1 + 2 x) exp(x^2) erfc(x).
 */
const ERFC = [
  1.2769783934620367,
  -0.09276398084297159,
  -0.16603142510076413,
  0.16405534670217278,
  -0.05420429855916383,
  -0.008059875310236804,
  0.00863168177854056,
  0.0013135234590959362,
  -0.0012299283619666445,
  -0.00040057768086633076,
];

/** From here on the result is 0. */
const ERFC_ZERO = 10.1;

/** In float64, since `x^2` and the quotients would lose digits. */
export function erfc(code: Code, x: V128): V128 {
  const input = code.let(x);
  const size = f32x4.pmin(f32x4.abs(input), number(code, ERFC_ZERO));
  const words: Local<"v128">[] = [];
  const values = each(code, widen(code, code.let(size)), (a) => {
    const exponent = f64x2.mul(f64x2.mul(a, a), double(code, -Math.LOG2E));
    const { small, word } = exp2Parts(code, code.let(exponent), 2 * BIAS);
    words.push(word);
    return f64x2.mul(small, scaledErfc(code, a));
  });
  const word = code.let(lowWords(words as unknown as Halves));
  const result = code.let(scale(code, narrow(values), word));
  const mirrored = f32x4.sub(number(code, 2), result);
  return choose(f32x4.lt(input, number(code, 0)), mirrored, result);
}

/** `erfc(x) exp(x^2)` of float64, with one division for both quotients. */
function scaledErfc(code: Code, x: Local<"v128">): V128 {
  const [one, two] = [double(code, 1), double(code, 2)];
  const sum = code.let(f64x2.add(x, two));
  const below = code.let(f64x2.add(f64x2.add(x, x), one));
  const inverse = code.let(f64x2.div(one, f64x2.mul(sum, below)));
  const t = f64x2.mul(f64x2.mul(f64x2.sub(x, two), below), inverse);
  const value = widePolynomial(code, code.let(t), ERFC);
  return f64x2.mul(f64x2.mul(value, sum), inverse);
}

/**
 * `erfInv(x) / x - 1` of `w = -log(1 - x^2)` for `w < 5`, and of
 * `sqrt(w) - 2.2` above; errors of erfInv below 2^-27 and 2^-26. The form is
 * near to that of Giles 2010, Approximating the erfinv function.
 */
const ERF_INV_NEAR = [
  -0.11377307772636414,
  0.2320137917995453,
  0.011548749171197414,
  -0.0023344489745795727,
  -0.0001273497473448515,
  4.4498392526293173e-5,
  4.003708909294801e-6,
  -1.980191200345871e-6,
  2.214024874547249e-7,
  -8.80664874358672e-9,
];
const ERF_INV_FAR = [
  1.0454339981079102,
  0.9505558609962463,
  0.07438619434833527,
  -0.05657600983977318,
  0.0214880108833313,
  0.00369322020560503,
  -0.009038322605192661,
  0.0047670272178947926,
  -0.001195789547637105,
  0.00012236797192599624,
];
const ERF_INV_FAR_FROM = 5;
const ERF_INV_CENTER = 2.2;

export function erfInv(code: Code, x: V128): V128 {
  const input = code.let(x);
  const one = number(code, 1);
  const product = f32x4.mul(f32x4.sub(one, input), f32x4.add(one, input));
  const w = code.let(f32x4.neg(logNormal(code, code.let(product))));
  const root = f32x4.sub(f32x4.sqrt(w), number(code, ERF_INV_CENTER));
  const factor = choose(
    f32x4.lt(w, number(code, ERF_INV_FAR_FROM)),
    polynomial(code, w, ERF_INV_NEAR),
    polynomial(code, code.let(root), ERF_INV_FAR),
  );
  const size = code.let(f32x4.abs(input));
  const inner = v128.or(
    madd(size, factor, size),
    v128.xor(input, size), // keeps -0
  );
  const ends = f32x4.mul(input, number(code, Infinity));
  const result = choose(f32x4.eq(size, one), ends, inner);
  // Also NaN, of which the logarithm makes a number.
  return v128.or(result, v128.not(f32x4.le(size, one)));
}
