/** Operations on arrays. */

import {
  grad,
  jit,
  lax,
  nn,
  numpy as np,
  valueAndGrad,
  vmap,
} from "@jax-js/jax";
import type { PeerTasks } from "../../harness/peer.ts";
import type { Tasks } from "../../rows/tasks.ts";
import { digest } from "../../shared/digest.ts";
import {
  type Pure,
  pure,
  pureByWorkers,
  random,
  randomIntegers,
} from "./arrays.ts";

/** Eagerly and compiled. */
function both(f: Pure): Readonly<Record<string, Pure>> {
  return { eager: f, jit: jit(f) };
}

const convolved = (x: np.Array, w: np.Array) =>
  lax.convGeneralDilated(x, w, [1, 1], "SAME");

const convolvedGradient = valueAndGrad(
  (x: np.Array, w: np.Array) => {
    const y = convolved(x, w);
    return y.ref.mul(y).mean();
  },
  { argnums: [0, 1] },
);

function convInputs({ batch, inputs, outputs, size, kernel }: Tasks["conv"]) {
  return [
    random([batch, inputs, size, size], 1),
    random([outputs, inputs, kernel, kernel], 2),
  ];
}

type Params = { w1: np.Array; b1: np.Array; w2: np.Array; b2: np.Array };

function exampleLoss({ w1, b1, w2, b2 }: Params, x: np.Array, y: np.Array) {
  const hidden = np.tanh(np.dot(x, w1).add(b1));
  const error = np.dot(hidden, w2).add(b2).sub(y);
  return error.ref.mul(error).sum();
}

export const ARRAY_TASKS: PeerTasks = {
  matmul: ({ batch, m, k, n }) => {
    const outer = batch === 1 ? [] : [batch];
    return pure(both((x, y) => [np.matmul(x!, y!)]), [
      random([...outer, m, k], 1),
      random([...outer, k, n], 2),
    ]);
  },
  waves: ({ n }) => {
    const f: Pure = (x) => [
      np.tanh(x!.ref).mul(np.exp(x!.ref.mul(x!.ref).neg())).add(np.sin(x!)),
    ];
    return pure(both(f), [random([n], 1)]);
  },
  sum: ({ rows, columns, axis }) =>
    pure(both((x) => [np.sum(x!, axis < 0 ? null : axis)]), [
      random([rows, columns], 1),
    ]),
  softmax: ({ rows, columns }) =>
    pure(both((x) => [nn.softmax(x!)]), [random([rows, columns], 1)]),
  layerNorm: ({ rows, columns }) =>
    pure(
      both((x, scale, bias) => [nn.standardize(x!, -1).mul(scale!).add(bias!)]),
      [random([rows, columns], 1), random([columns], 2), random([columns], 3)],
    ),
  cumsum: ({ n }) => pure(both((x) => [np.cumsum(x!)]), [random([n], 1)]),
  sort: ({ n }) => pure(both((x) => [np.sort(x!)]), [random([n], 1)]),
  argsort: ({ n }) => {
    const x = random([n], 1);
    const { modes } = pure(both((x) => [np.argsort(x!)]), [x]);
    // Equal elements may come in any order: what they are is compared.
    const check = async () => {
      const sorted = np.take(x.ref, np.argsort(x.ref));
      return digest(await sorted.data() as Float32Array);
    };
    return {
      modes: Object.fromEntries(
        Object.entries(modes).map((
          [name, make],
        ) => [name, () => ({ ...make(), check })]),
      ),
    };
  },
  take: ({ rows, columns, count }) =>
    pure(both((x, at) => [np.take(x!, at!, 0)]), [
      random([rows, columns], 1),
      randomIntegers([count], 2, rows),
    ]),
  // Public functions scatter only as the derivative of a gather.
  scatterAdd: ({ rows, columns, count }) => {
    const f: Pure = (x, at, values) => [
      grad((x: np.Array) => np.take(x, at!.ref, 0).mul(values!.ref).sum())(x!),
    ];
    const used: Pure = (x, at, values) => {
      const out = f(x!, at!, values!);
      at!.dispose();
      values!.dispose();
      return out;
    };
    return pure(both(used), [
      np.zeros([rows, columns]),
      randomIntegers([count], 2, rows),
      random([count, columns], 1),
    ]);
  },
  // Compiled it takes 9 to 13 times as long.
  conv: (sizes) =>
    pureByWorkers({ eager: (x, w) => [convolved(x!, w!)] }, convInputs(sizes)),
  convGrad: (sizes) =>
    pureByWorkers({
      eager: (x, w) => {
        const [value, slopes] = convolvedGradient(x!, w!);
        return [value, ...slopes as np.Array[]];
      },
    }, convInputs(sizes)),
  perExample: ({ batch, inputs, hidden }) => {
    const f: Pure = (w1, b1, w2, b2, x, y) => {
      const params = { w1: w1!, b1: b1!, w2: w2!, b2: b2! };
      const slopes = vmap(grad(exampleLoss), [null, 0, 0] as never)(
        params,
        x!,
        y!,
      ) as Params;
      return [slopes.w1, slopes.b1, slopes.w2, slopes.b2];
    };
    return pure(both(f), [
      random([inputs, hidden], 1, 0.2),
      random([hidden], 2),
      random([hidden, 1], 3, 0.2),
      random([1], 4),
      random([batch, inputs], 5),
      random([batch], 6),
    ]);
  },
};
