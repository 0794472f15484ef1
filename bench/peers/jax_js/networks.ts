/** The networks as functions of named parameters. */

import { lax, nn, numpy as np } from "@jax-js/jax";
import type { Tasks } from "../../rows/tasks.ts";

/** Parameters by name. Functions of them use each up once. */
export type Params = Record<string, np.Array>;

/** The shapes of parameters, by the names that all peers know. */
export type Shapes = Readonly<Record<string, readonly number[]>>;

const linearShapes = (
  name: string,
  inputs: number,
  outputs: number,
): Shapes => ({
  [`${name}.weight`]: [inputs, outputs],
  [`${name}.bias`]: [outputs],
});

const normShapes = (name: string, width: number): Shapes => ({
  [`${name}.scale`]: [width],
  [`${name}.bias`]: [width],
});

const linear = (p: Params, name: string, x: np.Array) =>
  np.matmul(x, p[`${name}.weight`]!).add(p[`${name}.bias`]!);

const norm = (p: Params, name: string, x: np.Array) =>
  nn.standardize(x, -1).mul(p[`${name}.scale`]!).add(p[`${name}.bias`]!);

export const MLP_SHAPES: Shapes = {
  ...linearShapes("layer1", 784, 512),
  ...linearShapes("layer2", 512, 256),
  ...linearShapes("layer3", 256, 10),
};

export function mlp(p: Params, x: np.Array): np.Array {
  const hidden = nn.relu(linear(p, "layer1", x));
  return linear(p, "layer3", nn.relu(linear(p, "layer2", hidden)));
}

export const LENET_SHAPES: Shapes = {
  "conv1.weight": [6, 1, 5, 5],
  "conv1.bias": [6],
  "conv2.weight": [16, 6, 5, 5],
  "conv2.bias": [16],
  ...linearShapes("dense1", 400, 120),
  ...linearShapes("dense2", 120, 84),
  ...linearShapes("dense3", 84, 10),
};

function convolved(p: Params, name: string, x: np.Array, padding: number) {
  const pads: [number, number][] = [[padding, padding], [padding, padding]];
  const y = lax.convGeneralDilated(x, p[`${name}.weight`]!, [1, 1], pads);
  return y.add(p[`${name}.bias`]!.reshape([-1, 1, 1]));
}

const pooled = (x: np.Array) =>
  lax.reduceWindow(x, (window) => np.max(window), [2, 2], [2, 2]);

export function lenet(p: Params, images: np.Array): np.Array {
  let x = pooled(nn.relu(convolved(p, "conv1", images, 2)));
  x = pooled(nn.relu(convolved(p, "conv2", x, 0)));
  x = nn.relu(linear(p, "dense1", x.reshape([x.shape[0]!, -1])));
  return linear(p, "dense3", nn.relu(linear(p, "dense2", x)));
}

export function gptShapes(
  { layers, width, tokens, vocabulary }: Tasks["gpt"],
): Shapes {
  const blocks = Array.from({ length: layers }, (_, i) => ({
    ...normShapes(`blocks.${i}.norm1`, width),
    ...linearShapes(`blocks.${i}.qkv`, width, 3 * width),
    ...linearShapes(`blocks.${i}.out`, width, width),
    ...normShapes(`blocks.${i}.norm2`, width),
    ...linearShapes(`blocks.${i}.up`, width, 4 * width),
    ...linearShapes(`blocks.${i}.down`, 4 * width, width),
  }));
  return {
    "tokens.weight": [vocabulary, width],
    "positions.weight": [tokens, width],
    ...Object.assign({}, ...blocks),
    ...normShapes("norm", width),
    "head.weight": [width, vocabulary],
  };
}

function attended(p: Params, name: string, x: np.Array, heads: number) {
  const [batch, tokens, width] = x.shape as [number, number, number];
  const [q, k, v] = np.split(linear(p, `${name}.qkv`, x), 3, -1)
    .map((part) => part.reshape([batch, tokens, heads, width / heads]));
  const mixed = nn.dotProductAttention(q!, k!, v!, { isCausal: true });
  return linear(p, `${name}.out`, mixed.reshape([batch, tokens, width]));
}

export function gpt(
  { layers, heads }: Tasks["gpt"],
  p: Params,
  tokens: np.Array,
): np.Array {
  let x = np.take(p["tokens.weight"]!, tokens, 0).add(p["positions.weight"]!);
  for (let i = 0; i < layers; i++) {
    const name = `blocks.${i}`;
    x = x.ref.add(attended(p, name, norm(p, `${name}.norm1`, x), heads));
    const wide = linear(p, `${name}.up`, norm(p, `${name}.norm2`, x.ref));
    x = x.add(linear(p, `${name}.down`, nn.gelu(wide)));
  }
  return np.matmul(norm(p, "norm", x), p["head.weight"]!);
}
