/**
 * Optimizers as composable transformations of gradients, under optax's names.
 *
 * @module
 */

export {
  addDecayedWeights,
  clip,
  clipByGlobalNorm,
  type DecayOptions,
  type Mask,
} from "./decay_and_clip.ts";
export {
  type AdamMoments,
  type LionMoments,
  type RmsOptions,
  type RssOptions,
  scaleByAdam,
  scaleByLion,
  scaleByRms,
  scaleByRss,
  trace,
  type TraceOptions,
} from "./moments.ts";
export {
  adagrad,
  adam,
  adamw,
  type LearningRate,
  lion,
  type MomentumOptions,
  rmsprop,
  sgd,
  type WeightDecayOptions,
} from "./optimizers.ts";
export {
  type BeginOptions,
  constantSchedule,
  cosineDecaySchedule,
  type CosineOptions,
  exponentialDecay,
  type ExponentialDecayOptions,
  joinSchedules,
  linearSchedule,
  piecewiseConstantSchedule,
  polynomialSchedule,
  warmupCosineDecaySchedule,
  type WarmupOptions,
} from "./schedules.ts";
export {
  applyUpdates,
  chain,
  globalNorm,
  type GradientTransformation,
  identity,
  type OptState,
  scale,
  scaleByLearningRate,
  scaleBySchedule,
  type Schedule,
} from "./transformation.ts";
