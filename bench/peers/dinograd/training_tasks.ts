/** Training steps. */

import {
  jit,
  type NDArray,
  nn,
  numpy as np,
  optim,
  random,
  tree,
  valueAndGrad,
} from "../../../mod.ts";
import type { PeerTasks, Prepared } from "../../harness/peer.ts";
import { CHECKED_STEPS, initial } from "../../shared/parameters.ts";
import { random as uniform, randomIntegers } from "./arrays.ts";
import { Gpt, LeNet, Mlp } from "./networks.ts";

type Network = nn.Module & { call(x: NDArray): NDArray };

/** The same network, with the parameters that all peers begin with. */
function started<T extends Network>(network: T): T {
  return tree.mapWithPath(
    (path, leaf: NDArray) =>
      np.array(initial(path.join("."), leaf.shape)).reshape(leaf.shape),
    network,
  ) as T;
}

function training(
  network: Network,
  optimizer: optim.GradientTransformation,
  [x, labels]: readonly [NDArray, NDArray],
): Prepared {
  const loss = (model: Network, x: NDArray, labels: NDArray) =>
    np.mean(nn.softmaxCrossEntropyWithIntegerLabels(model.call(x), labels));

  const step = jit(
    (
      [model, state]: readonly [Network, optim.OptState],
      x: NDArray,
      labels: NDArray,
    ) => {
      const [value, slope] = valueAndGrad(loss)(model, x, labels);
      const [updates, next] = optimizer.update(slope, state, model);
      return [[optim.applyUpdates(model, updates), next], value] as const;
    },
    { donateArgnums: 0 },
  );

  const begin = () => {
    const model = started(network);
    return [model, optimizer.init(model)] as const;
  };
  let now: readonly [Network, optim.OptState] = begin();
  const run = () => {
    const [next, value] = step(now, x, labels);
    now = next;
    return value.item();
  };
  return { run, check: () => Array.from({ length: CHECKED_STEPS }, run) };
}

const key = random.key(0);

export const TRAINING_TASKS: PeerTasks = {
  mlp: ({ batch }) =>
    training(new Mlp({ key }), optim.adam(1e-3), [
      uniform([batch, 784], 1),
      randomIntegers([batch], 2, 10),
    ]),
  lenet: ({ batch }) =>
    training(new LeNet({ key }), optim.sgd(0.01, { momentum: 0.9 }), [
      uniform([batch, 1, 28, 28], 1),
      randomIntegers([batch], 2, 10),
    ]),
  gpt: (sizes) => {
    const { batch, tokens, vocabulary } = sizes;
    return training(new Gpt(sizes, { key }), optim.adam(1e-3), [
      randomIntegers([batch, tokens], 1, vocabulary),
      randomIntegers([batch, tokens], 2, vocabulary),
    ]);
  },
};
