/** What users may set about the CPU. */

import { type BlasLibrary, openBlas } from "./blas_library.ts";
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
  /**
   * A BLAS of the system for large products of float32 and float64 matrices:
   * `true` looks for OpenBLAS, MKL, BLIS or Accelerate under their usual names,
   * a path names one, `false` (the default) is none. Needs `--allow-ffi`. Where
   * the environment variable `DINOGRAD_BLAS` may be read, it sets the default:
   * `1` or a path. `devices({ details: true })` says what is used.
   */
  readonly blas?: boolean | string;
}

/** What is in force. */
export interface CpuSettings {
  readonly threads: number;
  readonly memoryBudget: number;
  readonly blas: BlasLibrary | null;
}

/**
 * Half of what 32 bits can address. Loops do not fill it: what is not held any
 * more is found after each eighth of it.
 */
const DEFAULT_BUDGET = 2 ** 31;

/** Less than this holds no program worth compiling. */
const LEAST_BUDGET = 2 ** 20;

/** All addresses of 32 bits, less what threads and vectors at the end take. */
const MOST_BUDGET = 2 ** 32 - scratchOf(MAX_THREADS) - UNIT;

const settings = {
  threads: defaultThreads(),
  memoryBudget: DEFAULT_BUDGET,
};
const listeners = new Set<() => void>();
/** Undefined until somebody asks: it may be the environment that decides. */
let blas: BlasLibrary | null | undefined;

/**
 * The settings in force.
 *
 * @throws {Error} If `DINOGRAD_BLAS` asks for a BLAS that cannot be used.
 */
export function cpuSettings(): CpuSettings {
  if (blas === undefined) blas = blasFor(blasOfEnvironment());
  return { ...settings, blas };
}

/** The settings in words. */
export function cpuDetails(): string {
  const { threads, blas } = cpuSettings();
  const number = threads === 1 ? "1 thread" : `${threads} threads`;
  return blas ? `${number}, ${blas.name}` : number;
}

function blasFor(wanted: boolean | string): BlasLibrary | null {
  return wanted === false ? null : openBlas(wanted);
}

/** Asks for no permission: without it, the variable is not there. */
function blasOfEnvironment(): boolean | string {
  const variable = "DINOGRAD_BLAS";
  const permission = globalThis.Deno?.permissions?.querySync?.({
    name: "env",
    variable,
  });
  if (permission?.state !== "granted") return false;
  const value = Deno.env.get(variable) ?? "";
  if (value === "" || value === "0") return false;
  return value === "1" ? true : value;
}

/** Calls `listener` whenever settings have changed. */
export function onCpuSettings(listener: () => void): void {
  listeners.add(listener);
}

/**
 * Sets how many threads the device `cpu` uses, how much memory, and whether a
 * BLAS of the system helps: what is not named stays as it is. Possible at any
 * time; results depend on a BLAS alone, by rounding.
 *
 * @throws {RangeError} If a setting is outside of what is possible.
 * @throws {Error} If there is no such BLAS, or no permission to use it.
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
  if (options.blas !== undefined) blas = blasFor(options.blas);
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
