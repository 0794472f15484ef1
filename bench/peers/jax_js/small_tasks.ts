/** Calls that have nearly nothing to compute, and numbers that are hard to get right. */

import { grad, jit, nn, numpy as np } from "@jax-js/jax";
import type { PeerTasks, Prepared } from "../../harness/peer.ts";
import { digestOf, random } from "./arrays.ts";

const f = (x: np.Array) => np.sin(x.ref).mul(x.ref).mul(x);

function reading(f: () => np.Array): Prepared {
  return { run: () => f().item(), check: () => [f().item()] };
}

function chained(f: (x: np.Array) => np.Array, x: np.Array): Prepared {
  let state = x.ref;
  return {
    run: () => {
      state = f(state);
    },
    finish: () => state.ref.dataSync(),
    check: () => digestOf([f(x.ref)]),
  };
}

/** Long enough for code that works on several elements at once. */
const vector = (x: number) => new Float32Array(64).fill(x);

export const SMALL_TASKS: PeerTasks = {
  addRead: ({ n }) => {
    const [x, y] = [random([n], 1), random([n], 2)];
    return {
      run: () => x.ref.add(y.ref).dataSync(),
      check: () => digestOf([x.ref.add(y.ref)]),
    };
  },
  addOne: ({ n }) => chained((x) => x.add(1), random([n], 1)),
  meanRead: ({ n }) => {
    const x = random([n], 1);
    return reading(() => np.mean(x.ref));
  },
  smallSoftmax: ({ n }) => chained((x) => nn.softmax(x), random([n], 1)),
  jitAffine: ({ n }) =>
    chained(jit((x: np.Array) => x.mul(2).add(1)), random([n], 1)),
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
      np.sin(np.array(vector(1e6))).dataSync()[0]!,
      np.tanh(np.array(vector(1e-6))).dataSync()[0]!,
    ],
  }),
};
