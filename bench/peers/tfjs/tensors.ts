/** Inputs as tensors, and tasks of them. Kernels have run when calls return. */

import type { Prepared } from "../../harness/peer.ts";
import { integers, uniform } from "../../shared/data.ts";
import { digest } from "../../shared/digest.ts";
import { tf } from "./open.ts";

type Shape = readonly number[];
const sizeOf = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Numbers in [-scale, scale). */
export function random(shape: Shape, seed: number, scale = 1): tf.Tensor {
  return tf.tensor(uniform(sizeOf(shape), { seed, scale }), [...shape]);
}

/** Whole numbers in [0, below). */
export function randomIntegers(
  shape: Shape,
  seed: number,
  below: number,
): tf.Tensor {
  const values = integers(sizeOf(shape), { seed, below });
  return tf.tensor(values, [...shape], "int32");
}

/** All values of what `f` returns. */
export function valuesOf(f: () => tf.Tensor): ArrayLike<number> {
  const y = tf.tidy(f);
  const values = y.dataSync();
  y.dispose();
  return values;
}

/** What stands for them. */
export function digestOf(f: () => tf.Tensor): readonly number[] {
  return digest(valuesOf(f));
}

/** The task of calling `f` on the same inputs. */
export function pure(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
): Prepared {
  return {
    run: () => tf.tidy(() => f(...inputs)).dispose(),
    check: () => digestOf(() => f(...inputs)),
    release: () => tf.dispose([...inputs]),
  };
}

/** The task of calling `f` on its own result. */
export function chained(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
): Prepared {
  let state = x.clone();
  return {
    run: () => {
      const next = tf.tidy(() => f(state));
      state.dispose();
      state = next;
    },
    check: () => digestOf(() => f(x)),
  };
}

/** The task of reading what `f` returns. */
export function reading(f: () => tf.Tensor): Prepared {
  return { run: () => valuesOf(f), check: () => digestOf(f) };
}

/** The task of reading the number that `f` returns. */
export function readingNumber(f: () => tf.Tensor): Prepared {
  return { run: () => valuesOf(f), check: () => [valuesOf(f)[0]!] };
}
