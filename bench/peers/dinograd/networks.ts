/** The networks, as a user would write them. */

import { type NDArray, nn, numpy as np, random } from "../../../mod.ts";
import type { Tasks } from "../../rows/tasks.ts";

/** Images as vectors to logits of ten classes. */
export class Mlp extends nn.Module {
  readonly layer1: nn.Linear;
  readonly layer2: nn.Linear;
  readonly layer3: nn.Linear;

  constructor({ key }: { key: random.Key }) {
    super();
    const [k1, k2, k3] = random.split(key, 3);
    this.layer1 = new nn.Linear(784, 512, { key: k1! });
    this.layer2 = new nn.Linear(512, 256, { key: k2! });
    this.layer3 = new nn.Linear(256, 10, { key: k3! });
  }

  call(x: NDArray): NDArray {
    const hidden = nn.relu(this.layer2.call(nn.relu(this.layer1.call(x))));
    return this.layer3.call(hidden);
  }
}

/** LeNet (LeCun et al. 1998) with rectifiers and largest elements of windows. */
export class LeNet extends nn.Module {
  readonly conv1: nn.Conv;
  readonly conv2: nn.Conv;
  readonly dense1: nn.Linear;
  readonly dense2: nn.Linear;
  readonly dense3: nn.Linear;

  constructor({ key }: { key: random.Key }) {
    super();
    const [k1, k2, k3, k4, k5] = random.split(key, 5);
    const kernelSize = [5, 5];
    this.conv1 = new nn.Conv(1, 6, { kernelSize, padding: 2, key: k1! });
    this.conv2 = new nn.Conv(6, 16, { kernelSize, key: k2! });
    this.dense1 = new nn.Linear(400, 120, { key: k3! });
    this.dense2 = new nn.Linear(120, 84, { key: k4! });
    this.dense3 = new nn.Linear(84, 10, { key: k5! });
  }

  call(images: NDArray): NDArray {
    let x = nn.maxPool(nn.relu(this.conv1.call(images)), { window: 2 });
    x = nn.maxPool(nn.relu(this.conv2.call(x)), { window: 2 });
    x = nn.relu(this.dense1.call(x.reshape([x.shape[0]!, -1])));
    return this.dense3.call(nn.relu(this.dense2.call(x)));
  }
}

type GptSizes = Tasks["gpt"];

/** Attention and a wider layer, each added to what goes through. */
class Block extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly qkv: nn.Linear;
  readonly out: nn.Linear;
  readonly norm2: nn.LayerNorm;
  readonly up: nn.Linear;
  readonly down: nn.Linear;

  constructor(
    width: number,
    readonly heads: number,
    { key }: { key: random.Key },
  ) {
    super();
    const [k1, k2, k3, k4] = random.split(key, 4);
    this.norm1 = new nn.LayerNorm(width);
    this.qkv = new nn.Linear(width, 3 * width, { key: k1! });
    this.out = new nn.Linear(width, width, { key: k2! });
    this.norm2 = new nn.LayerNorm(width);
    this.up = new nn.Linear(width, 4 * width, { key: k3! });
    this.down = new nn.Linear(4 * width, width, { key: k4! });
  }

  call(x: NDArray): NDArray {
    const y = x.add(this.attend(this.norm1.call(x)));
    const wide = nn.gelu(this.up.call(this.norm2.call(y)));
    return y.add(this.down.call(wide));
  }

  private attend(x: NDArray): NDArray {
    const [batch, tokens, width] = x.shape as [number, number, number];
    const heads = [batch, tokens, this.heads, width / this.heads];
    const [q, k, v] = np.split(this.qkv.call(x), 3, -1)
      .map((part) => part.reshape(heads));
    const mixed = nn.dotProductAttention(q!, k!, v!, { isCausal: true });
    return this.out.call(mixed.reshape([batch, tokens, width]));
  }
}

/** A transformer that predicts the next token (Radford et al. 2019). */
export class Gpt extends nn.Module {
  readonly tokens: nn.Embedding;
  readonly positions: nn.Embedding;
  readonly blocks: readonly Block[];
  readonly norm: nn.LayerNorm;
  readonly head: nn.Linear;

  constructor(
    { layers, width, heads, tokens, vocabulary }: GptSizes,
    { key }: { key: random.Key },
  ) {
    super();
    const [k1, k2, k3, ...keys] = random.split(key, 3 + layers);
    this.tokens = new nn.Embedding(vocabulary, width, { key: k1! });
    this.positions = new nn.Embedding(tokens, width, { key: k2! });
    this.blocks = keys.map((key) => new Block(width, heads, { key }));
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, vocabulary, { key: k3!, bias: false });
  }

  call(x: NDArray): NDArray {
    let y = this.tokens.call(x).add(this.positions.weight);
    for (const block of this.blocks) y = block.call(y);
    return this.head.call(this.norm.call(y));
  }
}
