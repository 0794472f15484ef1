/**
 * Calls that have nearly nothing to compute, and numbers that are hard to get
 * right. Nothing is compiled: those rows are the same calls.
 */

import type { PeerTasks, Prepared } from "../../harness/peer.ts";
import { tf } from "./open.ts";
import {
  chained,
  random,
  reading,
  readingNumber,
  valuesOf,
} from "./tensors.ts";

const slope = tf.grad((x: tf.Tensor) => tf.sin(x).mul(x).mul(x));

const scalarGrad = (): Prepared => {
  const x = tf.scalar(1.5);
  return readingNumber(() => slope(x));
};

export const SMALL_TASKS: PeerTasks = {
  addRead: ({ n }) => {
    const [x, y] = [random([n], 1), random([n], 2)];
    return reading(() => x.add(y));
  },
  addOne: ({ n }) => chained((x) => x.add(1), random([n], 1)),
  meanRead: ({ n }) => {
    const x = random([n], 1);
    return readingNumber(() => x.mean());
  },
  smallSoftmax: ({ n }) => chained((x) => tf.softmax(x), random([n], 1)),
  jitAffine: ({ n }) => chained((x) => x.mul(2).add(1), random([n], 1)),
  scalarGrad,
  jitScalarGrad: scalarGrad,
  accuracy: ({ sum, mean }) => ({
    run: () => {},
    check: () =>
      [
        () => tf.ones([sum]).sum(),
        () => tf.ones([mean]).mean(),
        () => tf.sin(tf.fill([64], 1e6)),
        () => tf.tanh(tf.fill([64], 1e-6)),
      ].map((f) => valuesOf(f)[0]!),
  }),
};
