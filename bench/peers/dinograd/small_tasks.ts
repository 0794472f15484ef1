/** Calls that have nearly nothing to compute, and numbers that are hard to get right. */

import { grad, jit, type NDArray, nn, numpy as np } from "../../../mod.ts";
import type { PeerTasks } from "../../harness/peer.ts";
import { random } from "./arrays.ts";
import { chained, pure, reading } from "./pure.ts";

const f = (x: NDArray) => np.sin(x).mul(x).mul(x);

export const SMALL_TASKS: PeerTasks = {
  addRead: ({ n }) => {
    const [x, y] = [random([n], 1), random([n], 2)];
    return { ...pure(np.add, [x, y]), run: () => x.add(y).dataSync() };
  },
  addOne: ({ n }) => chained((x) => x.add(1), random([n], 1)),
  meanRead: ({ n }) => {
    const x = random([n], 1);
    return reading(() => np.mean(x));
  },
  smallSoftmax: ({ n }) => chained((x) => nn.softmax(x), random([n], 1)),
  jitAffine: ({ n }) =>
    chained(jit((x: NDArray) => x.mul(2).add(1)), random([n], 1)),
  scalarGrad: () => {
    const slope = grad(f);
    return reading(() => slope(1.5));
  },
  jitScalarGrad: () => {
    const slope = jit(grad(f));
    return reading(() => slope(1.5));
  },
  accuracy: ({ sum, mean }) => ({
    run: () => {},
    check: () => [
      np.sum(np.ones([sum])).item(),
      np.mean(np.ones([mean])).item(),
      np.sin(np.full([64], 1e6)).dataSync()[0] as number,
      np.tanh(np.full([64], 1e-6)).dataSync()[0] as number,
    ],
  }),
};
