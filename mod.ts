/**
 * dinograd: composable transforms of pure functions on arrays, in the manner of JAX.
 *
 * @module
 */

import "./backends/mod.ts";

export { NDArray } from "./core/array.ts";
export type { ArrayLike, NestedList, Values } from "./core/array.ts";
export type { Aval } from "./core/aval.ts";
export {
  defaultDevice,
  devices,
  init,
  registerBackend,
} from "./core/backend.ts";
export type { DType } from "./core/dtype.ts";
export { ShapeError, TracerError, TreeError } from "./core/errors.ts";
export type { Jaxpr } from "./core/jaxpr.ts";
export { checkpoint } from "./transforms/checkpoint.ts";
export { customJvp, customVjp } from "./transforms/custom.ts";
export { blockUntilReady, devicePut } from "./transforms/devices.ts";
export { grad, valueAndGrad, vjp } from "./transforms/grad.ts";
export {
  hessian,
  jacfwd,
  jacrev,
  jacrev as jacobian,
} from "./transforms/jacobian.ts";
export { clearCaches, jit } from "./transforms/jit.ts";
export { jvp } from "./transforms/jvp.ts";
export { linearTranspose } from "./transforms/linear_transpose.ts";
export { linearize } from "./transforms/linearize.ts";
export { evalShape, makeJaxpr, ShapeDtype } from "./transforms/make_jaxpr.ts";
export { stopGradient } from "./transforms/stop_gradient.ts";
export { vmap } from "./transforms/vmap.ts";
export * as io from "./library/io/mod.ts";
export * as lax from "./library/lax/mod.ts";
export * as numpy from "./library/numpy/mod.ts";
export * as optax from "./nn/optim/mod.ts";
export * as optim from "./nn/optim/mod.ts";
export * as random from "./library/random/mod.ts";
export * as tree from "./library/tree/mod.ts";
