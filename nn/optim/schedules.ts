/** Learning rates that depend on the count of steps so far; they work under jit. */

import type { ArrayLike, NDArray } from "../../core/array.ts";
import { scalar } from "../../core/ops/constants.ts";
import {
  add,
  clip,
  cos,
  divide,
  floor,
  greaterEqual,
  less,
  maximum,
  minimum,
  multiply,
  power,
  subtract,
  where,
} from "../../library/numpy/mod.ts";
import type { Schedule } from "./transformation.ts";

/**
 * The same value at each step.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * assertEquals(optim.constantSchedule(0.5)(np.array(9)), 0.5);
 * ```
 */
export function constantSchedule(value: ArrayLike): Schedule {
  return () => value;
}

/** Where a schedule begins to change. */
export type BeginOptions = {
  /** Steps before the change: 0. */
  readonly transitionBegin?: number;
};

/**
 * From `initValue` to `endValue` in `transitionSteps` steps, by a power of the
 * part that remains; then constant.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.polynomialSchedule(1, 0, 2, 4);
 * assertEquals(np.asarray(schedule(np.array(2))).item(), 0.25);
 * ```
 */
export function polynomialSchedule(
  initValue: number,
  endValue: number,
  exponent: number,
  transitionSteps: number,
  { transitionBegin = 0 }: BeginOptions = {},
): Schedule {
  return (count) => {
    const done = clip(subtract(count, transitionBegin), 0, transitionSteps);
    const rest = subtract(1, divide(done, transitionSteps));
    return add(multiply(power(rest, exponent), initValue - endValue), endValue);
  };
}

/**
 * From `initValue` to `endValue` in a straight line of `transitionSteps` steps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.linearSchedule(1, 0, 4);
 * assertEquals(np.asarray(schedule(np.array(1))).item(), 0.75);
 * ```
 */
export function linearSchedule(
  initValue: number,
  endValue: number,
  transitionSteps: number,
  options: BeginOptions = {},
): Schedule {
  return polynomialSchedule(initValue, endValue, 1, transitionSteps, options);
}

/** How `exponentialDecay` goes on. */
export type ExponentialDecayOptions = BeginOptions & {
  /** Whether the value falls in stairs of `transitionSteps`: no. */
  readonly staircase?: boolean;
  /** Where to stop: nowhere. */
  readonly endValue?: number;
};

/**
 * Multiplied by `decayRate` in each `transitionSteps` steps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.exponentialDecay(1, 10, 0.25);
 * assertEquals(np.asarray(schedule(np.array(5))).item(), 0.5);
 * ```
 */
export function exponentialDecay(
  initValue: number,
  transitionSteps: number,
  decayRate: number,
  { transitionBegin = 0, staircase = false, endValue }:
    ExponentialDecayOptions = {},
): Schedule {
  return (count) => {
    const done = maximum(subtract(count, transitionBegin), 0);
    const part = divide(done, transitionSteps);
    const exponent = staircase ? floor(part) : part;
    const value = multiply(power(decayRate, exponent), initValue);
    if (endValue === undefined) return value;
    return decayRate < 1 ? maximum(value, endValue) : minimum(value, endValue);
  };
}

/** How a cosine falls. */
export type CosineOptions = {
  /** Share of the first value that remains at the end: 0. */
  readonly alpha?: number;
  /** Power of the cosine: 1. */
  readonly exponent?: number;
};

/**
 * Half a wave of a cosine, over `decaySteps` steps (Loshchilov, Hutter 2017).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.cosineDecaySchedule(2, 10);
 * assertAlmostEquals(np.asarray(schedule(np.array(5))).item(), 1, 1e-6);
 * ```
 */
export function cosineDecaySchedule(
  initValue: number,
  decaySteps: number,
  { alpha = 0, exponent = 1 }: CosineOptions = {},
): Schedule {
  return (count) => {
    const part = divide(minimum(count, decaySteps), decaySteps);
    const wave = multiply(add(cos(multiply(part, Math.PI)), 1), 0.5);
    const share = add(multiply(power(wave, exponent), 1 - alpha), alpha);
    return multiply(share, initValue);
  };
}

/** How the decay after the warm-up ends. */
export type WarmupOptions = {
  /** Value at the end: 0. */
  readonly endValue?: number;
  /** Power of the cosine: 1. */
  readonly exponent?: number;
};

/**
 * A straight line up to `peakValue` in `warmupSteps` steps, then a cosine down
 * to the end of `decaySteps` steps, which count from the start.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.warmupCosineDecaySchedule(0, 1, 10, 100);
 * const at = (step: number) => np.asarray(schedule(np.array(step))).item();
 * assertEquals([at(0), at(5), at(10), at(100)], [0, 0.5, 1, 0]);
 * ```
 */
export function warmupCosineDecaySchedule(
  initValue: number,
  peakValue: number,
  warmupSteps: number,
  decaySteps: number,
  { endValue = 0, exponent = 1 }: WarmupOptions = {},
): Schedule {
  const alpha = peakValue === 0 ? 0 : endValue / peakValue;
  return joinSchedules([
    linearSchedule(initValue, peakValue, warmupSteps),
    cosineDecaySchedule(peakValue, decaySteps - warmupSteps, {
      alpha,
      exponent,
    }),
  ], [warmupSteps]);
}

/**
 * Schedules one after the other: each begins at its boundary, with count 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const [first, second] = [1, 2].map((x) => optim.constantSchedule(x));
 * const schedule = optim.joinSchedules([first!, second!], [10]);
 * assertEquals(np.asarray(schedule(np.array(10))).item(), 2);
 * ```
 */
export function joinSchedules(
  schedules: readonly Schedule[],
  boundaries: readonly number[],
): Schedule {
  return (count) =>
    boundaries.reduce<ArrayLike>((value, boundary, i) => {
      const next = schedules[i + 1]!(subtract(count, boundary));
      return where(less(count, boundary), value, next);
    }, schedules[0]!(count));
}

/**
 * Multiplied by a factor at each of some steps, which are the keys of `factors`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, optim } from "@dinograd/dinograd";
 *
 * const schedule = optim.piecewiseConstantSchedule(1, { 10: 0.5, 20: 0.25 });
 * assertEquals(np.asarray(schedule(np.array(25))).item(), 0.125);
 * ```
 */
export function piecewiseConstantSchedule(
  initValue: number,
  factors: Readonly<Record<number, number>>,
): Schedule {
  return (count) =>
    Object.entries(factors).reduce<NDArray>(
      (value, [step, factor]) =>
        where(
          greaterEqual(count, Number(step)),
          multiply(value, factor),
          value,
        ),
      scalar(initValue, "float32"),
    );
}
