/**
 * The error function, its complement and its inverse, in float64, within one or
 * two units in the last place. NaN propagates.
 *
 * @module
 */

/** Value at `x` of the polynomial with these coefficients, lowest first. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) {
    sum = sum * x + coefficients[i]!;
  }
  return sum;
}

/** A quotient of two polynomials, lowest coefficients first. */
export type Rational = readonly [
  above: readonly number[],
  below: readonly number[],
];

function rational(x: number, [above, below]: Rational): number {
  return polynomial(x, above) / polynomial(x, below);
}

// Minimax approximations of fdlibm, s_erf.c (Sun Microsystems, 1993). The text
// there derives the intervals and bounds the errors.

/** `erf(x) / x - 1` of `x^2`, for `|x| < 0.84375`; error below 2^-57. */
export const ERF_NEAR_0: Rational = [
  [
    1.28379167095512558561e-01,
    -3.25042107247001499370e-01,
    -2.84817495755985104766e-02,
    -5.77027029648944159157e-03,
    -2.37630166566501626084e-05,
  ],
  [
    1,
    3.97917223959155352819e-01,
    6.50222499887672944485e-02,
    5.08130628187576562776e-03,
    1.32494738004321644526e-04,
    -3.96022827877536812320e-06,
  ],
];

/** A float32 near `erf(1)`, so that what remains is small. */
export const ERF_1 = 8.45062911510467529297e-01;

/** `erf(x) - ERF_1` of `x - 1`, for `0.84375 <= x < 1.25`. */
export const ERF_NEAR_1: Rational = [
  [
    -2.36211856075265944077e-03,
    4.14856118683748331666e-01,
    -3.72207876035701323847e-01,
    3.18346619901161753674e-01,
    -1.10894694282396677476e-01,
    3.54783043256182359371e-02,
    -2.16637559486879084300e-03,
  ],
  [
    1,
    1.06420880400844228286e-01,
    5.40397917702171048937e-01,
    7.18286544141962662868e-02,
    1.26171219808761642112e-01,
    1.36370839120290507362e-02,
    1.19844998467991074170e-02,
  ],
];

/** `log(x erfc(x)) + x^2 + 0.5625` of `1 / x^2`, for `1.25 <= x < 1 / 0.35`. */
export const ERFC_MIDDLE: Rational = [
  [
    -9.86494403484714822705e-03,
    -6.93858572707181764372e-01,
    -1.05586262253232909814e01,
    -6.23753324503260060396e01,
    -1.62396669462573470355e02,
    -1.84605092906711035994e02,
    -8.12874355063065934246e01,
    -9.81432934416914548592e00,
  ],
  [
    1,
    1.96512716674392571292e01,
    1.37657754143519042600e02,
    4.34565877475229228821e02,
    6.45387271733267880336e02,
    4.29008140027567833386e02,
    1.08635005541779435134e02,
    6.57024977031928170135e00,
    -6.04244152148580987438e-02,
  ],
];

/** The same, for `1 / 0.35 <= x < 28`. */
export const ERFC_FAR: Rational = [
  [
    -9.86494292470009928597e-03,
    -7.99283237680523006574e-01,
    -1.77579549177547519889e01,
    -1.60636384855821916062e02,
    -6.37566443368389627722e02,
    -1.02509513161107724954e03,
    -4.83519191608651397019e02,
  ],
  [
    1,
    3.03380607434824582924e01,
    3.25792512996573918826e02,
    1.53672958608443695994e03,
    3.19985821950859553908e03,
    2.55305040643316442583e03,
    4.74528541206955367215e02,
    -2.24409524465858183362e01,
  ],
];

/** `erfc(x)` for `x >= 1.25`; 0 where that underflows. */
function erfcTail(x: number): number {
  if (x >= 28) return 0;
  const log = rational(1 / (x * x), x < 1 / 0.35 ? ERFC_MIDDLE : ERFC_FAR);
  // The square of a float32 is exact, so the large part of x^2 has no error.
  const head = Math.fround(x);
  const rest = (head - x) * (head + x) + log;
  return Math.exp(-head * head - 0.5625) * Math.exp(rest) / x;
}

/**
 * Error function, `2 / sqrt(pi)` times the integral of `exp(-t^2)` from 0 to x.
 *
 * Error below 1 ulp (fdlibm, s_erf.c).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(erf(0.5), 0.5204998778130465);
 * assertEquals(erf(-Infinity), -1);
 * ```
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 0.84375) return x + x * rational(x * x, ERF_NEAR_0);
  if (Number.isNaN(x)) return x;
  const positive = size < 1.25
    ? ERF_1 + rational(size - 1, ERF_NEAR_1)
    : 1 - erfcTail(size);
  return x < 0 ? -positive : positive;
}

/**
 * Complementary error function `1 - erf(x)`, of full precision where it is
 * small.
 *
 * Error below 2 ulp (fdlibm, s_erf.c).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(erfc(0), 1);
 * assertEquals(erfc(10) > 0, true);
 * ```
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < 0.25) return x > -0.84375 ? 1 - erf(x) : 1 + erf(-x);
  if (x < 0.84375) return 0.5 - (x - 0.5 + x * rational(x * x, ERF_NEAR_0));
  if (x < 1.25) return 1 - ERF_1 - rational(x - 1, ERF_NEAR_1);
  return erfcTail(x);
}

/**
 * Inverse of the error function on `[-1, 1]`; NaN outside.
 *
 * An estimate within 0.2% (Winitzki 2008, A handy approximation for the error
 * function and its inverse), then three steps of Halley's method, each of which
 * triples the number of correct digits.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * assertAlmostEquals(erfInv(erf(0.5)), 0.5, 1e-15);
 * assertEquals(erfInv(1), Infinity);
 * ```
 */
export function erfInv(x: number): number {
  const size = Math.abs(x);
  if (!(size < 1)) return size === 1 ? x * Infinity : NaN;
  let y = estimateErfInv(size);
  for (let step = 0; step < 3; step++) {
    // Near 1 the difference of the complements keeps its digits.
    const error = size < 0.5 ? erf(y) - size : (1 - size) - erfc(y);
    const newton = error * Math.exp(y * y) * (Math.sqrt(Math.PI) / 2);
    y -= newton / (1 + y * newton); // erf'' / erf' = -2 y
  }
  return x < 0 || Object.is(x, -0) ? -y : y;
}

/** Winitzki's estimate for `0 <= x < 1`: the root of a quadratic in `y^2`. */
function estimateErfInv(x: number): number {
  const a = 0.147;
  const w = -Math.log((1 - x) * (1 + x));
  const b = 2 / (Math.PI * a) - w / 2;
  // Without the cancellation of sqrt(b^2 + w / a) - b, where w is small.
  return Math.sqrt(w / a / (Math.sqrt(b * b + w / a) + b));
}
