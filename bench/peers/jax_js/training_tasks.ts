/** Training steps, with optimizers written out: they are a package of their own. */

import { jit, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { Choice, PeerTasks, Prepared } from "../../harness/peer.ts";
import { CHECKED_STEPS, initial } from "../../shared/parameters.ts";
import { random, randomIntegers } from "./arrays.ts";
import {
  gpt,
  gptShapes,
  lenet,
  LENET_SHAPES,
  mlp,
  MLP_SHAPES,
  type Params,
  type Shapes,
} from "./networks.ts";

/** What training changes. */
type State = { params: Params; moments: Params[]; count: np.Array };
type Update = (state: State, slopes: Params) => State;

function mapped(
  p: Params,
  f: (x: np.Array, name: string) => np.Array,
): Params {
  return Object.fromEntries(
    Object.entries(p).map(([name, x]) => [name, f(x, name)]),
  );
}

const momentum: Update = ({ params, moments: [trace], count }, slopes) => {
  const next = mapped(trace!, (t, name) => t.mul(0.9).add(slopes[name]!));
  return {
    params: mapped(params, (x, name) => x.sub(next[name]!.ref.mul(0.01))),
    moments: [next],
    count,
  };
};

const adam: Update = ({ params, moments: [first, second], count }, slopes) => {
  const step = count.add(1);
  const firsts = mapped(
    first!,
    (m, name) => m.mul(0.9).add(slopes[name]!.ref.mul(0.1)),
  );
  const seconds = mapped(second!, (v, name) => {
    const slope = slopes[name]!;
    return v.mul(0.999).add(slope.ref.mul(slope).mul(0.001));
  });
  const unbiased = (decay: number) =>
    np.subtract(1, np.exp(step.ref.mul(Math.log(decay))));
  const [c1, c2] = [unbiased(0.9), unbiased(0.999)];
  const next = mapped(params, (x, name) => {
    const size = np.sqrt(seconds[name]!.ref.div(c2.ref)).add(1e-8);
    return x.sub(firsts[name]!.ref.div(c1.ref).div(size).mul(1e-3));
  });
  c1.dispose();
  c2.dispose();
  return { params: next, moments: [firsts, seconds], count: step };
};

type Network = (p: Params, x: np.Array) => np.Array;

function training(
  network: Network,
  [shapes, update]: readonly [Shapes, Update],
  [x, labels]: readonly [np.Array, np.Array],
  isCompiled = true,
): Choice {
  const loss = (p: Params, x: np.Array, labels: np.Array) => {
    const logits = network(p, x);
    const classes = logits.shape.at(-1)!;
    const chosen = nn.logSoftmax(logits).mul(nn.oneHot(labels, classes));
    return chosen.sum(-1).mean().neg();
  };
  const step = (state: State, x: np.Array, labels: np.Array) => {
    const params = tree.ref(state.params);
    const [value, slopes] = valueAndGrad(loss)(params, x, labels);
    return [update(state, slopes as Params), value] as [State, np.Array];
  };
  const [manner, f] = isCompiled
    ? ["jit", jit(step)] as const
    : ["eager", step] as const;
  const begin = (): State => {
    const params = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [
        name,
        np.array(initial(name, shape), { shape: [...shape] }),
      ]),
    );
    const zeros = () => mapped(params, (p) => np.zeros(p.shape));
    return { params, moments: [zeros(), zeros()], count: np.zeros([]) };
  };
  const task = (wait: Wait): Prepared => {
    let now = begin();
    const run = () => {
      const [next, value] = f(now, x.ref, labels.ref) as [State, np.Array];
      now = next;
      return wait(value);
    };
    return {
      run,
      check: async () => {
        const losses: number[] = [];
        for (let i = 0; i < CHECKED_STEPS; i++) losses.push(await run());
        return losses;
      },
      release: () => tree.dispose(now),
    };
  };
  return {
    modes: {
      [manner]: () => task(waitSync),
      [`${manner}, workers`]: () => task(waitAsync),
    },
  };
}

type Wait = (loss: np.Array) => number | Promise<number>;
const waitSync: Wait = (loss) => loss.item();
const waitAsync: Wait = async (loss) => (await loss.data())[0]!;

export const TRAINING_TASKS: PeerTasks = {
  mlp: ({ batch }) =>
    training(mlp, [MLP_SHAPES, adam], [
      random([batch, 784], 1),
      randomIntegers([batch], 2, 10),
    ]),
  // Compiled it takes several times as long; the others gain.
  lenet: ({ batch }) =>
    training(lenet, [LENET_SHAPES, momentum], [
      random([batch, 1, 28, 28], 1),
      randomIntegers([batch], 2, 10),
    ], false),
  gpt: (sizes) => {
    const { batch, tokens, vocabulary } = sizes;
    return training(
      (p, x) => gpt(sizes, p, x),
      [gptShapes(sizes), adam],
      [
        randomIntegers([batch, tokens], 1, vocabulary),
        randomIntegers([batch, tokens], 2, vocabulary),
      ],
    );
  },
};
