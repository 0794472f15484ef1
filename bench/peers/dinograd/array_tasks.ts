/** Operations on arrays. */

import {
  grad,
  jit,
  lax,
  type NDArray,
  nn,
  numpy as np,
  valueAndGrad,
  vmap,
} from "../../../mod.ts";
import type { PeerTasks } from "../../harness/peer.ts";
import type { Tasks } from "../../rows/tasks.ts";
import { digest } from "../../shared/digest.ts";
import { digestOf, random, randomIntegers } from "./arrays.ts";
import { pure } from "./pure.ts";

const waves = jit((x: NDArray) =>
  np.tanh(x).mul(np.exp(x.mul(x).neg())).add(np.sin(x))
);

const layerNorm = jit((x: NDArray, scale: NDArray, bias: NDArray) =>
  nn.standardize(x, -1).mul(scale).add(bias)
);

const convolved = (x: NDArray, w: NDArray) =>
  lax.convGeneralDilated(x, w, [1, 1], "SAME");

const convolvedGradient = jit(valueAndGrad(
  (x: NDArray, w: NDArray) => np.mean(np.square(convolved(x, w))),
  { argnums: [0, 1] },
));

function convInputs(
  { batch, inputs, outputs, size, kernel }: Tasks["conv"],
): readonly [NDArray, NDArray] {
  return [
    random([batch, inputs, size, size], 1),
    random([outputs, inputs, kernel, kernel], 2),
  ];
}

/** A network of one example, whose gradients are wanted for each of a batch. */
function perExampleGradient() {
  type Params = { w1: NDArray; b1: NDArray; w2: NDArray; b2: NDArray };
  const loss = ({ w1, b1, w2, b2 }: Params, x: NDArray, y: NDArray) => {
    const hidden = np.tanh(np.dot(x, w1).add(b1));
    return np.square(np.dot(hidden, w2).add(b2).sub(y)).sum();
  };
  return jit(vmap(grad(loss), [null, 0, 0]));
}

export const ARRAY_TASKS: PeerTasks = {
  matmul: ({ batch, m, k, n }) => {
    const outer = batch === 1 ? [] : [batch];
    return pure(np.matmul, [
      random([...outer, m, k], 1),
      random([...outer, k, n], 2),
    ]);
  },
  waves: ({ n }) => pure(waves, [random([n], 1)]),
  sum: ({ rows, columns, axis }) =>
    pure((x) => np.sum(x, axis < 0 ? null : axis), [
      random([rows, columns], 1),
    ]),
  softmax: ({ rows, columns }) =>
    pure((x) => nn.softmax(x), [random([rows, columns], 1)]),
  layerNorm: ({ rows, columns }) =>
    pure(layerNorm, [
      random([rows, columns], 1),
      random([columns], 2),
      random([columns], 3),
    ]),
  cumsum: ({ n }) => pure((x) => np.cumsum(x), [random([n], 1)]),
  sort: ({ n }) => pure((x) => np.sort(x), [random([n], 1)]),
  argsort: ({ n }) => {
    const x = random([n], 1);
    // Equal elements may come in any order: what they are is compared.
    const check = () =>
      digest(np.take(x, np.argsort(x)).dataSync() as Float32Array);
    return { ...pure((x) => np.argsort(x), [x]), check };
  },
  take: ({ rows, columns, count }) =>
    pure((x, at) => np.take(x, at, 0), [
      random([rows, columns], 1),
      randomIntegers([count], 2, rows),
    ]),
  scatterAdd: ({ rows, columns, count }) => {
    const zeros = np.zeros([rows, columns]);
    return pure((at, values) => zeros.at(at).add(values), [
      randomIntegers([count], 2, rows),
      random([count, columns], 1),
    ]);
  },
  conv: (sizes) => pure(jit(convolved), convInputs(sizes)),
  convGrad: (sizes) => {
    const inputs = convInputs(sizes);
    const run = () => convolvedGradient(...inputs);
    return {
      run,
      check: () => {
        const [value, [dx, dw]] = run();
        return digestOf(value, dx, dw);
      },
    };
  },
  perExample: ({ batch, inputs, hidden }) => {
    const gradient = perExampleGradient();
    const params = {
      w1: random([inputs, hidden], 1, 0.2),
      b1: random([hidden], 2),
      w2: random([hidden, 1], 3, 0.2),
      b2: random([1], 4),
    };
    const [x, y] = [random([batch, inputs], 5), random([batch], 6)];
    const run = () => gradient(params, x, y);
    return {
      run,
      check: () => {
        const { w1, b1, w2, b2 } = run();
        return digestOf(w1, b1, w2, b2);
      },
    };
  },
};
