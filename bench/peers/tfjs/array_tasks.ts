/** Operations on arrays. */

import { Missing, type PeerTasks } from "../../harness/peer.ts";
import { tf } from "./open.ts";
import { digestOf, pure, random, randomIntegers } from "./tensors.ts";

function layerNorm(x: tf.Tensor, scale: tf.Tensor, bias: tf.Tensor) {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).mul(variance.add(1e-5).rsqrt()).mul(scale).add(bias);
}

/** There is no sort; the largest elements come in order. */
function descending(x: tf.Tensor) {
  return tf.topk(x, x.size);
}

export const ARRAY_TASKS: PeerTasks = {
  matmul: ({ batch, m, k, n }) => {
    const outer = batch === 1 ? [] : [batch];
    return pure((x, y) => tf.matMul(x!, y!), [
      random([...outer, m, k], 1),
      random([...outer, k, n], 2),
    ]);
  },
  waves: ({ n }) =>
    pure(
      (x) => tf.tanh(x!).mul(tf.exp(tf.neg(tf.square(x!)))).add(tf.sin(x!)),
      [
        random([n], 1),
      ],
    ),
  sum: ({ rows, columns, axis }) =>
    pure((x) => axis < 0 ? tf.sum(x!) : tf.sum(x!, axis), [
      random([rows, columns], 1),
    ]),
  softmax: ({ rows, columns }) =>
    pure((x) => tf.softmax(x!), [random([rows, columns], 1)]),
  layerNorm: ({ rows, columns }) =>
    pure((x, scale, bias) => layerNorm(x!, scale!, bias!), [
      random([rows, columns], 1),
      random([columns], 2),
      random([columns], 3),
    ]),
  cumsum: ({ n }) => pure((x) => tf.cumsum(x!), [random([n], 1)]),
  sort: ({ n }) =>
    pure((x) => descending(x!).values.reverse(), [random([n], 1)]),
  argsort: ({ n }) => {
    const x = random([n], 1);
    const task = pure((x) => descending(x!).indices.reverse(), [x]);
    // Equal elements may come in any order: what they are is compared.
    const check = () =>
      digestOf(() => tf.gather(x, descending(x).indices.reverse()));
    return { ...task, check };
  },
  take: ({ rows, columns, count }) =>
    pure((x, at) => tf.gather(x!, at!.as1D() as tf.Tensor1D), [
      random([rows, columns], 1),
      randomIntegers([count], 2, rows),
    ]),
  scatterAdd: ({ rows, columns, count }) =>
    pure((at, values) => tf.scatterND(at!, values!, [rows, columns]), [
      randomIntegers([count, 1], 2, rows),
      random([count, columns], 1),
    ]),
  // The backend has channels last only.
  conv: ({ batch, inputs, outputs, size, kernel }) => {
    const x = random([batch, inputs, size, size], 1).transpose([0, 2, 3, 1]);
    const w = random([outputs, inputs, kernel, kernel], 2)
      .transpose([2, 3, 1, 0]);
    const f = () => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same");
    const check = () => digestOf(() => f().transpose([0, 3, 1, 2]));
    return { ...pure(f, [x, w]), check };
  },
  convGrad: () => {
    throw new Missing("no gradient");
  },
};
