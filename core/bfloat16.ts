/** Bits of bfloat16, which has no typed array of its own. */

const FLOAT32_SCRATCH = new Float32Array(1);
const BITS_SCRATCH = new Uint32Array(FLOAT32_SCRATCH.buffer);

/**
 * Bits of the bfloat16 nearest to `v`, ties to even: the upper half of the bits
 * of a float32. NaN gives `0x7fc0`.
 *
 * Rounding to float32 and then to bfloat16 would round twice. So the first step
 * rounds to odd (toward zero, with a sticky last bit), after which the second is
 * right (Boldo, Melquiond 2008, Emulation of FMA and correctly rounded sums).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bfloat16Bits(1), 0x3f80);
 * assertEquals(bfloat16Bits(1 + 2 ** -8), 0x3f80); // a tie
 * assertEquals(bfloat16Bits(1 + 2 ** -8 + 2 ** -40), 0x3f81); // just above it
 * ```
 */
export function bfloat16Bits(v: number): number {
  if (Number.isNaN(v)) return 0x7fc0;
  FLOAT32_SCRATCH[0] = v;
  const single = FLOAT32_SCRATCH[0];
  let bits = BITS_SCRATCH[0]!;
  if (single !== v) {
    if (Math.abs(single) > Math.abs(v)) bits -= 1;
    bits |= 1;
  }
  return ((bits >>> 16) + roundsUp(bits)) & 0xffff;
}

/** 1 if the lower half of `bits` rounds the upper half up, ties to even. */
function roundsUp(bits: number): number {
  return (bits & 0xffff) + ((bits >>> 16) & 1) > 0x8000 ? 1 : 0;
}

/**
 * Number whose bfloat16 has these `bits`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(bfloat16FromBits(0x3f80), 1);
 * ```
 */
export function bfloat16FromBits(bits: number): number {
  BITS_SCRATCH[0] = bits << 16;
  return FLOAT32_SCRATCH[0]!;
}

/**
 * Nearest bfloat16 to `v`: ties to even, overflow to infinity, NaN and the sign
 * of zero kept.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(roundBfloat16(3.14159), 3.140625);
 * assertEquals(roundBfloat16(1e300), Infinity);
 * ```
 */
export function roundBfloat16(v: number): number {
  return bfloat16FromBits(bfloat16Bits(v));
}
