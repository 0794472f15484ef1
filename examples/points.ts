/**
 * Separates two classes of points with a network of three layers, and draws what
 * it learned.
 *
 *     deno task boundary [--set NAME] [--points N] [--hidden N] [--epochs N]
 *                        [--rate X] [--seed N] [--out DIR] [--quick]
 *
 * The network is that of the PyTorch course:
 *
 *     class Network(torch.nn.Module):
 *         def __init__(self, hidden):
 *             super().__init__()
 *             self.layer1 = torch.nn.Linear(2, hidden)
 *             self.layer2 = torch.nn.Linear(hidden, hidden)
 *             self.layer3 = torch.nn.Linear(hidden, 1)
 *
 *         def forward(self, x):
 *             h = self.layer1(x).relu()
 *             h = self.layer2(h).relu()
 *             return self.layer3(h).sigmoid()
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  jit,
  type NDArray,
  nn,
  numpy as np,
  optim,
  random,
  valueAndGrad,
} from "../mod.ts";
import {
  fail,
  makeFolder,
  refuseEmpty,
  refuseUnknown,
  wholeNumber,
} from "./_util/options.ts";
import { POINT_SETS, type PointSet } from "./_util/point_sets.ts";
import { regionsPanel } from "./_util/regions_panel.ts";
import { type Panel, svgPage } from "./_util/svg.ts";

class Network extends nn.Module {
  readonly layer1: nn.Linear;
  readonly layer2: nn.Linear;
  readonly layer3: nn.Linear;

  constructor(hidden: number, { key }: { key: random.Key }) {
    super();
    const [k1, k2, k3] = random.split(key, 3);
    this.layer1 = new nn.Linear(2, hidden, { key: k1! });
    this.layer2 = new nn.Linear(hidden, hidden, { key: k2! });
    this.layer3 = new nn.Linear(hidden, 1, { key: k3! });
  }

  call(x: NDArray): NDArray {
    let h = nn.relu(this.layer1.call(x));
    h = nn.relu(this.layer2.call(h));
    return nn.sigmoid(this.layer3.call(h));
  }
}

const USAGE = "deno task boundary [--set NAME] [--points N] [--hidden N] " +
  "[--epochs N] [--rate X] [--seed N] [--out DIR] [--quick]";
const flags = parseArgs(Deno.args, {
  unknown: refuseUnknown(USAGE),
  boolean: ["quick", "help"],
  string: ["set", "points", "hidden", "epochs", "rate", "seed", "out"],
  default: { out: "out" },
});
if (flags.help) {
  console.log(USAGE);
  Deno.exit();
}
refuseEmpty(flags, USAGE);
const count = wholeFlag("points", 1, 100);
const hidden = wholeFlag("hidden", 1, 32);
const epochs = wholeFlag("epochs", 1, flags.quick ? 60 : 500);
const seed = wholeFlag("seed", 0, 0);
const rate = Number(flags.rate ?? 0.02);
if (!(rate > 0)) fail(`--rate ${flags.rate}: needs a positive number`);
const names = flags.set === undefined ? Object.keys(POINT_SETS) : [flags.set];
const unknown = names.find((name) => !(name in POINT_SETS));
if (unknown !== undefined) {
  fail(
    `There is no set "${unknown}". Sets are: ${
      Object.keys(POINT_SETS).join(", ")
    }`,
  );
}
await makeFolder(flags.out);

const optimizer = optim.adam(rate);

const loss = (network: Network, x: NDArray, y: NDArray) =>
  np.mean(nn.binaryCrossEntropy(network.call(x).ravel(), y));

const step = jit((network: Network, state: unknown, x: NDArray, y: NDArray) => {
  const [value, gradient] = valueAndGrad(loss)(network, x, y);
  const [updates, next] = optimizer.update(gradient, state, network);
  return [optim.applyUpdates(network, updates), next, value] as [
    Network,
    unknown,
    NDArray,
  ];
});

const predict = jit((network: Network, x: NDArray) => network.call(x).ravel());

function train(
  { points, labels }: PointSet,
  key: random.Key,
): [Network, number] {
  const [x, y] = [np.array(points), np.array(labels)];
  let network = new Network(hidden, { key });
  let state: unknown = optimizer.init(network);
  let value = np.array(NaN);
  for (let epoch = 0; epoch < epochs; epoch++) {
    [network, state, value] = step(network, state, x, y);
  }
  return [network, value.item()];
}

/** The probability of class 1 on a grid over the unit square. */
function field(network: Network, size: number) {
  const at = Array.from({ length: size }, (_, i) => i / (size - 1));
  const grid = np.array(at.flatMap((y) => at.map((x) => [x, y])));
  const values = predict(network, grid).dataSync();
  return { values, size, x: [0, 1] as const, y: [0, 1] as const };
}

console.log(
  `${count} points, ${hidden} hidden units, ${epochs} epochs, rate ${rate}`,
);
const panels: Panel[] = [];
for (const [i, name] of names.entries()) {
  const set = POINT_SETS[name]!(count, seed);
  const [network, value] = train(set, random.foldIn(random.key(seed), i));
  const right = Array.from(predict(network, np.array(set.points)).dataSync())
    .filter((p, at) => Number(p > 0.5) === set.labels[at]).length;
  const note = `loss ${
    value.toFixed(4)
  }, ${right} of ${set.points.length} right`;
  console.log(`${name.padEnd(9)} ${note}`);
  panels.push(
    await regionsPanel({
      title: name,
      note,
      field: field(network, 48),
      ...set,
    }),
  );
}
const path = `${flags.out}/points.svg`;
await Deno.writeTextFile(
  path,
  svgPage("Three layers, two classes", { panels, perRow: 3 }),
);
console.log(`Wrote ${path}`);

function wholeFlag(
  name: "points" | "hidden" | "epochs" | "seed",
  least: number,
  otherwise: number,
): number {
  return wholeNumber(name, flags[name], { least, otherwise });
}
