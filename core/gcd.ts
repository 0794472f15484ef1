/** Greatest common divisors. */

/** The greatest common divisor of two integers that are not negative. */
export function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
