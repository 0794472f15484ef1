/**
 * Trains a convolutional network to read handwritten digits.
 *
 *     deno task train [--data DIR] [--epochs N] [--batch N] [--seed N]
 *                     [--out DIR] [--resume] [--quick]
 *
 * Writes `OUT/digits.safetensors` (the network and all that training needs to go
 * on) and `OUT/digits.svg`. Ctrl-C saves and stops; `--resume` goes on from there,
 * bit for bit as if it had not been stopped.
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  io,
  jit,
  type NDArray,
  nn,
  numpy as np,
  optim,
  random,
  valueAndGrad,
} from "../mod.ts";
import { type Digits, loadDigits, titleOf } from "./_util/digits.ts";
import { writeReport } from "./_util/digits_report.ts";
import {
  fail,
  makeFolder,
  refuseEmpty,
  refuseUnknown,
  wholeNumber,
} from "./_util/options.ts";
import { startProgress } from "./_util/progress.ts";

/** Two convolutions that each halve the image, and two dense layers. */
class DigitReader extends nn.Module {
  readonly conv1: nn.Conv;
  readonly conv2: nn.Conv;
  readonly dense1: nn.Linear;
  readonly dense2: nn.Linear;
  readonly dropout = new nn.Dropout(0.2);

  constructor({ key }: { key: random.Key }) {
    super();
    const [k1, k2, k3, k4] = random.split(key, 4);
    const halving = { kernelSize: [5, 5], strides: 2, padding: 2 };
    this.conv1 = new nn.Conv(1, 12, { ...halving, key: k1! });
    this.conv2 = new nn.Conv(12, 24, { ...halving, key: k2! });
    this.dense1 = new nn.Linear(24 * 7 * 7, 64, { key: k3! });
    this.dense2 = new nn.Linear(64, 10, { key: k4! });
  }

  /** Logits of `[n, 784]` bytes; with a key, as in training. */
  call(images: NDArray, { key }: { key?: random.Key } = {}): NDArray {
    const ink = images.astype("float32").div(255);
    let x = ink.sub(0.13).div(0.31).reshape([-1, 1, 28, 28]); // MNIST's mean and deviation
    x = nn.relu(this.conv1.call(x));
    x = nn.relu(this.conv2.call(x));
    x = nn.relu(this.dense1.call(x.reshape([x.shape[0]!, -1])));
    return this.dense2.call(this.dropout.call(x, { key }));
  }
}

/** All that training changes. A tree: it is saved, resumed and donated as one. */
type Training = {
  readonly network: DigitReader;
  readonly optimizer: unknown;
  /** Steps done. */
  readonly step: NDArray;
  /** Loss of each step that was done, then zeros. */
  readonly losses: NDArray;
  /** Accuracy on the test images after each epoch that was done, then zeros. */
  readonly accuracies: NDArray;
};

const USAGE = "deno task train [--data DIR] [--epochs N] [--batch N] " +
  "[--seed N] [--out DIR] [--resume] [--quick]";
const options = parseArgs(Deno.args, {
  unknown: refuseUnknown(USAGE),
  boolean: ["quick", "resume", "help"],
  string: ["data", "out", "epochs", "batch", "seed"],
  default: { out: "out", seed: "0" },
});
if (options.help) {
  console.log(USAGE);
  Deno.exit();
}
refuseEmpty(options, USAGE);
const seed = wholeOption("seed", 0, 0);
const batchSize = wholeOption("batch", 1, options.quick ? 16 : 32);
const epochs = wholeOption("epochs", 1, options.quick ? 1 : 10);
const saved = `${options.out}/digits.safetensors`;

await makeFolder(options.out);
const data = await loadDigits({
  data: options.data,
  quick: options.quick,
  seed,
})
  .catch((error) => fail(error.message));
const stepsPerEpoch = Math.floor(data.train.count / batchSize);
const totalSteps = epochs * stepsPerEpoch;
if (stepsPerEpoch === 0) {
  fail(
    `--batch ${batchSize} is more than the ${data.train.count} images to learn from`,
  );
}

/** What must be as before where a run goes on: kept beside the network. */
const settings = {
  data: data.source,
  epochs: String(epochs),
  batch: String(batchSize),
  seed: String(seed),
};

const key = random.key(seed);
const optimizer = optim.adam(optim.cosineDecaySchedule(3e-3, totalSteps));

const loss = (
  network: DigitReader,
  images: NDArray,
  labels: NDArray,
  key: random.Key,
) => {
  const logits = network.call(images, { key });
  return np.mean(nn.softmaxCrossEntropyWithIntegerLabels(logits, labels));
};

const trainStep = jit(
  (
    training: Training,
    images: NDArray,
    labels: NDArray,
  ): [Training, NDArray] => {
    const { network, step } = training;
    const stepKey = random.foldIn(key, step);
    const [value, gradient] = valueAndGrad(loss)(
      network,
      images,
      labels,
      stepKey,
    );
    const [updates, state] = optimizer.update(
      gradient,
      training.optimizer,
      network,
    );
    return [{
      ...training,
      network: optim.applyUpdates(network, updates),
      optimizer: state,
      step: np.add(step, 1),
      losses: training.losses.at(step).set(value),
    }, value];
  },
  { donateArgnums: 0 },
);

const predict = jit((network: DigitReader, images: NDArray) =>
  np.argmax(network.call(images), -1)
);

/** What the network reads in each of the images. */
function read(network: DigitReader, { images, count }: Digits): Uint8Array {
  const predicted = new Uint8Array(count);
  for (let at = 0; at < count; at += 250) {
    const part = images.subarray(at * 784, Math.min(count, at + 250) * 784);
    predicted.set(
      predict(network, np.array(part).reshape([-1, 784])).dataSync(),
      at,
    );
  }
  return predicted;
}

function accuracyOf(predicted: Uint8Array, { labels }: Digits): number {
  return predicted.filter((digit, i) => digit === labels[i]).length /
    labels.length;
}

/** The images of one batch: those that the epoch's own permutation puts there. */
function batch(order: ArrayLike<number>, at: number): [NDArray, NDArray] {
  const { images, labels } = data.train;
  const picked = Array.from(
    { length: batchSize },
    (_, i) => order[at * batchSize + i]!,
  );
  const pixels = new Uint8Array(batchSize * 784);
  picked.forEach((from, i) =>
    pixels.set(images.subarray(from * 784, (from + 1) * 784), i * 784)
  );
  return [
    np.array(pixels).reshape([batchSize, 784]),
    np.array(Uint8Array.from(picked, (i) => labels[i]!)),
  ];
}

const network = new DigitReader({ key: random.foldIn(key, 1) });
let training: Training = {
  network,
  optimizer: optimizer.init(network),
  step: np.array(0, { dtype: "int32" }),
  losses: np.zeros([totalSteps]),
  accuracies: np.zeros([epochs]),
};
if (options.resume) {
  training = await resumed(training)
    .catch((error) => fail(`Cannot go on from ${saved}: ${error.message}`));
  console.log(
    `Going on from step ${training.step.item()} of ${totalSteps} (${saved})`,
  );
}

const interrupted = new AbortController();
Deno.addSignalListener("SIGINT", () => interrupted.abort());

let done = training.step.item();
while (done < totalSteps && !interrupted.signal.aborted) {
  const epoch = Math.floor(done / stepsPerEpoch);
  const order = random.permutation(
    random.foldIn(random.foldIn(key, 2), epoch),
    data.train.count,
  ).dataSync();
  const bar = startProgress({
    total: stepsPerEpoch,
    label: `Epoch ${epoch + 1}/${epochs}`,
  });
  const [start, first] = [performance.now(), done];
  while (done < (epoch + 1) * stepsPerEpoch && !interrupted.signal.aborted) {
    const [images, labels] = batch(order, done % stepsPerEpoch);
    const [next, value] = trainStep(training, images, labels);
    training = next;
    done++;
    const speed = (done - first) * batchSize / (performance.now() - start) *
      1000;
    const [now] = await value.data(); // also lets Ctrl-C through
    bar.update(
      done - epoch * stepsPerEpoch,
      `loss ${now!.toFixed(3)}  ${speed.toFixed(0)} images/s`,
    );
  }
  if (done === (epoch + 1) * stepsPerEpoch) {
    const accuracy = accuracyOf(read(training.network, data.test), data.test);
    training = {
      ...training,
      accuracies: training.accuracies.at(epoch).set(accuracy),
    };
    bar.finish(`test accuracy ${(100 * accuracy).toFixed(2)} %`);
  } else {
    bar.finish("interrupted");
  }
  await io.saveSafetensors(saved, training, { metadata: settings });
}

if (interrupted.signal.aborted) {
  console.log(`Saved ${saved}. Go on with --resume`);
  Deno.exit();
}
const predicted = read(training.network, data.test);
console.log(
  `${data.test.count} test images, ${
    (100 * accuracyOf(predicted, data.test)).toFixed(2)
  } % right`,
);
await writeReport(`${options.out}/digits.svg`, {
  source: titleOf(data),
  test: data.test,
  predicted,
  losses: training.losses.dataSync(),
  accuracies: training.accuracies.dataSync(),
  stepsPerEpoch,
});
console.log(`Wrote ${saved} and ${options.out}/digits.svg`);
Deno.exit();

/** The state that was saved, if it was saved by a run like this one. */
async function resumed(like: Training): Promise<Training> {
  const before = await io.safetensorsMetadata(saved);
  for (const [name, now] of Object.entries(settings)) {
    if (before[name] === now) continue;
    throw new Error(
      `${name} was "${
        before[name]
      }" and is "${now}" now. Give the same options`,
    );
  }
  return await io.loadSafetensors(saved, { like });
}

function wholeOption(
  name: "epochs" | "batch" | "seed",
  least: number,
  otherwise: number,
): number {
  return wholeNumber(name, options[name], { least, otherwise });
}
