/** What users may set about the CPU. */

import { MAX_THREADS, scratchOf, UNIT } from "./layout.ts";
import { defaultThreads } from "./pool.ts";

/** Settings of the device `cpu`. */
export interface CpuOptions {
  /** Threads that compute, the main one included: one for each core, at most 16. */
  readonly threads?: number;
  /**
   * Bytes that arrays and running programs may take of the memory of kernels;
   * beyond that, arrays that were not used lately are moved to ordinary memory.
   */
  readonly memoryBudget?: number;
}

/** Enough for a step of training of most models that fit a CPU. */
const DEFAULT_BUDGET = 2 ** 30;

/** Less than this holds no program worth compiling. */
const LEAST_BUDGET = 2 ** 20;

/** All addresses of 32 bits, less what threads and vectors at the end take. */
const MOST_BUDGET = 2 ** 32 - scratchOf(MAX_THREADS) - UNIT;

const settings = {
  threads: defaultThreads(),
  memoryBudget: DEFAULT_BUDGET,
};
const listeners = new Set<() => void>();

/** The settings in force. */
export function cpuSettings(): Required<CpuOptions> {
  return settings;
}

/** Calls `listener` whenever settings have changed. */
export function onCpuSettings(listener: () => void): void {
  listeners.add(listener);
}

/**
 * Sets how many threads the device `cpu` uses and how much memory: what is not
 * named stays as it is. Possible at any time; results do not depend on it.
 *
 * @throws {RangeError} If a setting is outside of what is possible.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { configureCpu, numpy as np } from "@dinograd/dinograd";
 *
 * configureCpu({ threads: 1, memoryBudget: 256 * 2 ** 20 });
 * assertEquals(np.ones([1000]).sum().item(), 1000);
 * ```
 */
export function configureCpu(options: CpuOptions): void {
  const { threads, memoryBudget } = { ...settings, ...options };
  check("threads", threads, 1, MAX_THREADS);
  check("memoryBudget", memoryBudget, LEAST_BUDGET, MOST_BUDGET);
  Object.assign(settings, { threads, memoryBudget });
  for (const listener of listeners) listener();
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot configure the CPU with ${name} ${value}: it must be an integer ` +
      `from ${least} to ${most}`,
  );
}
