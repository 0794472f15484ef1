/** Sizes of the loops that measure limits; the same in rows and in their peer. */

/** Independent accumulators: more than latency times issue width. */
export const ACCUMULATORS = 12;

/** Rounds of the loop in one call. */
export const ROUNDS = 1_000_000;

/** Multiply-adds of float32 lanes that one thread does in one call. */
export const MULTIPLY_ADDS_PER_CALL = ACCUMULATORS * 4 * ROUNDS;
