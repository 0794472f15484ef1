/** Inputs as arrays of this library. */

import { type NDArray, numpy as np } from "../../../mod.ts";
import { integers, uniform } from "../../shared/data.ts";
import { digest } from "../../shared/digest.ts";

/** Numbers in [-scale, scale). */
export function random(
  shape: readonly number[],
  seed: number,
  scale = 1,
): NDArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return np.array(uniform(count, { seed, scale })).reshape(shape);
}

/** Whole numbers in [0, below). */
export function randomIntegers(
  shape: readonly number[],
  seed: number,
  below: number,
): NDArray {
  const count = shape.reduce((a, b) => a * b, 1);
  return np.array(integers(count, { seed, below })).reshape(shape);
}

/** What stands for all values of the arrays. */
export function digestOf(...arrays: readonly NDArray[]): readonly number[] {
  return arrays.flatMap((x) => digest(x.dataSync() as Float32Array));
}
