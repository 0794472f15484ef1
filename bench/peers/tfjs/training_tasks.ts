/** Training steps. */

import { Missing, type PeerTasks, type Prepared } from "../../harness/peer.ts";
import { CHECKED_STEPS } from "../../shared/parameters.ts";
import { gpt, mlp, Variables } from "./networks.ts";
import { tf } from "./open.ts";
import { random, randomIntegers } from "./tensors.ts";

function training(
  network: (p: Variables, x: tf.Tensor) => tf.Tensor,
  [x, labels]: readonly [tf.Tensor, tf.Tensor],
): Prepared {
  const params = new Variables();
  const optimizer = tf.train.adam(1e-3, 0.9, 0.999, 1e-8);
  tf.tidy(() => network(params, x)); // makes the variables
  const loss = () =>
    tf.losses.softmaxCrossEntropy(labels, network(params, x)) as tf.Scalar;
  const run = () => {
    const value = optimizer.minimize(loss, true)!;
    const [number] = value.dataSync();
    value.dispose();
    return number!;
  };
  return {
    run,
    check: () => Array.from({ length: CHECKED_STEPS }, run),
    release: () => {
      params.dispose();
      optimizer.dispose();
      tf.dispose([x, labels]);
    },
  };
}

function oneHot(shape: readonly number[], seed: number, classes: number) {
  return tf.tidy(() =>
    tf.oneHot(randomIntegers(shape, seed, classes).flatten(), classes)
      .toFloat()
  );
}

export const TRAINING_TASKS: PeerTasks = {
  mlp: ({ batch }) =>
    training(mlp, [random([batch, 784], 1), oneHot([batch], 2, 10)]),
  lenet: () => {
    throw new Missing("no gradient");
  },
  gpt: (sizes) => {
    const { batch, tokens, vocabulary } = sizes;
    const rows = oneHot([batch * tokens], 1, vocabulary);
    const labels = oneHot([batch * tokens], 2, vocabulary);
    return training((p, x) => gpt(sizes, p, x), [rows, labels]);
  },
};
