/**
 * Networks: modules, and functions under the names of `jax.nn`.
 *
 * @module
 */

export {
  type Activation,
  celu,
  elu,
  gelu,
  type GeluOptions,
  hardSigmoid,
  hardSilu,
  hardSwish,
  hardTanh,
  identity,
  leakyRelu,
  logSigmoid,
  mish,
  relu,
  relu6,
  selu,
  sigmoid,
  silu,
  softplus,
  softSign,
  sparsePlus,
  sparseSigmoid,
  squareplus,
  swish,
} from "./activations.ts";
export { type AttentionOptions, dotProductAttention } from "./attention.ts";
export { Conv, type ConvOptions } from "./convolution.ts";
export * as data from "./data/mod.ts";
export * as initializers from "./initializers.ts";
export { Embedding, type LayerOptions, Linear } from "./linear.ts";
export {
  binaryCrossEntropy,
  cosineSimilarity,
  huberLoss,
  type HuberOptions,
  klDivergence,
  l2Loss,
  mse,
  sigmoidBinaryCrossEntropy,
  softmaxCrossEntropy,
  softmaxCrossEntropyWithIntegerLabels,
  squaredError,
} from "./losses.ts";
export { Module } from "./module.ts";
export {
  BatchNorm,
  type BatchNormOptions,
  type BatchNormState,
  LayerNorm,
  RMSNorm,
} from "./normalization.ts";
export {
  type CallOptions,
  Dropout,
  type Layer,
  Sequential,
} from "./sequential.ts";
export {
  glu,
  type KeepOptions,
  logSoftmax,
  logSumExp,
  logsumexp,
  oneHot,
  type OneHotOptions,
  softmax,
} from "./softmax.ts";
export { type EpsilonOptions, standardize } from "./standardize.ts";
export {
  AvgPool,
  avgPool,
  type AvgPoolOptions,
  MaxPool,
  maxPool,
  type PoolOptions,
  type WindowPadding,
} from "./windows.ts";
