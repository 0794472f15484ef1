/** Lets the event loop turn while a program computes. */

/** Milliseconds after which the loop turns before data is given out. */
const PATIENCE = 10;

/** It is not known when the loop turned before the first call. */
let lastTurn = -Infinity;

/**
 * Resolves at once, or, where the loop may not have turned for a while, after
 * it has: signals such as Ctrl-C, timers and finalizers run then. An `await` of
 * a settled promise does not let them.
 */
export async function yieldToEventLoop(): Promise<void> {
  if (performance.now() - lastTurn < PATIENCE) return;
  await new Promise<void>((resolve) => setImmediate(resolve));
  lastTurn = performance.now();
}
