/** Timing of one prepared task. */

import type { Prepared } from "./peer.ts";

/** Samples shorter than this are made of several calls, so that the clock can tell. */
const SAMPLE_MS = 2;

/** Milliseconds of one call, when `calls` are made in a row. */
async function sample(
  { run, finish }: Prepared,
  calls: number,
): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = run();
    if (pending instanceof Promise) await pending;
  }
  await finish?.();
  return (performance.now() - start) / calls;
}

/** Runs until engines have compiled what is hot; then says how many calls make a sample. */
export async function warmUp(
  task: Prepared,
  milliseconds: number,
): Promise<number> {
  const start = performance.now();
  let [calls, last] = [1, await sample(task, 1)];
  while (performance.now() - start < milliseconds) {
    last = await sample(task, calls);
    calls = Math.max(1, Math.round(SAMPLE_MS / Math.max(last, 1e-5)));
  }
  return calls;
}

/** Samples for so many seconds: at least one. */
export async function samples(
  task: Prepared,
  { calls, seconds }: { readonly calls: number; readonly seconds: number },
): Promise<number[]> {
  const [start, times] = [performance.now(), [] as number[]];
  do times.push(await sample(task, calls)); while (
    performance.now() - start < 1000 * seconds
  );
  return times;
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
