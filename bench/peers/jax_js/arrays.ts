/** Inputs as arrays of jax-js, and waiting for its results. */

import { numpy as np } from "@jax-js/jax";
import type { Choice, Prepared } from "../../harness/peer.ts";
import { integers, uniform } from "../../shared/data.ts";
import { digest } from "../../shared/digest.ts";

type Shape = readonly number[];
const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers in [-scale, scale). */
export function random(shape: Shape, seed: number, scale = 1): np.Array {
  return np.array(uniform(sizeOf(shape), { seed, scale }), {
    shape: [...shape],
  });
}

/** Whole numbers in [0, below). */
export function randomIntegers(
  shape: Shape,
  seed: number,
  below: number,
): np.Array {
  return np.array(integers(sizeOf(shape), { seed, below }), {
    shape: [...shape],
  });
}

/** What stands for all values of the arrays, which are used up. */
export async function digestOf(
  arrays: readonly np.Array[],
): Promise<readonly number[]> {
  const values = [];
  for (const x of arrays) values.push(await x.data());
  return values.flatMap((data) => digest(data as Float32Array));
}

/** Reading fewer elements than this costs less than asking for one of them. */
const SMALL = 1024;

/** Returns once they are computed, on this thread. Uses them up. */
function finishSync(arrays: readonly np.Array[]): void {
  for (const x of arrays) {
    if (x.size <= SMALL) x.dataSync();
    else x.reshape([-1]).slice([0, 1]).dataSync();
  }
}

/** Resolves once they are computed, by its pool of workers. Uses them up. */
async function finishAsync(arrays: readonly np.Array[]): Promise<void> {
  for (const x of arrays) {
    await x.blockUntilReady();
    x.dispose();
  }
}

/** A function of arrays, which it uses up. */
export type Pure = (...inputs: np.Array[]) => np.Array[];

/** The task of calling one of these functions, waiting on this thread or for workers. */
export function pure(
  functions: Readonly<Record<string, Pure>>,
  inputs: readonly np.Array[],
): Choice {
  const alone = Object.entries(functions).map(([name, f]) =>
    [name, () => task(f, inputs, finishSync)] as const
  );
  return {
    modes: { ...Object.fromEntries(alone), ...byWorkers(functions, inputs) },
  };
}

/** The same, waiting for workers only: where one thread is known to take far longer. */
export function pureByWorkers(
  functions: Readonly<Record<string, Pure>>,
  inputs: readonly np.Array[],
): Choice {
  return { modes: byWorkers(functions, inputs) };
}

function byWorkers(
  functions: Readonly<Record<string, Pure>>,
  inputs: readonly np.Array[],
) {
  return Object.fromEntries(
    Object.entries(functions).map(([name, f]) => [
      `${name}, workers`,
      () => task(f, inputs, finishAsync),
    ]),
  );
}

function task(
  f: Pure,
  inputs: readonly np.Array[],
  finish: (arrays: readonly np.Array[]) => unknown,
): Prepared {
  const call = () => f(...inputs.map((x) => x.ref));
  return { run: () => finish(call()), check: () => digestOf(call()) };
}
