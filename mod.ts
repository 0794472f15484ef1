/**
 * dinograd: composable transforms of pure functions on arrays, in the manner of JAX.
 *
 * @module
 */

import "./backends/mod.ts";

export { configureCpu, type CpuOptions } from "./backends/cpu/configure.ts";
export { NDArray } from "./core/array.ts";
export type { ArrayLike, NestedList, Values } from "./core/array.ts";
export type { Aval } from "./core/aval.ts";
export { defaultDevice, devices, init } from "./core/backend.ts";
export type { DType, FloatDType, IntegerDType } from "./core/dtype.ts";
export { ShapeError, TracerError, TreeError } from "./core/errors.ts";
export type { Atom, Equation, Jaxpr, Literal, Var } from "./core/jaxpr.ts";
export type { Axes, Indexer, IndexUpdater, KeepDims } from "./core/methods.ts";
export type { Structural } from "./core/structural.ts";
export { TREE_NODE, type TreeNode } from "./core/tree.ts";
export type { CustomOptions } from "./transforms/_custom_signature.ts";
export { checkpoint } from "./transforms/checkpoint.ts";
export { customJvp, type CustomJvpFunction } from "./transforms/custom_jvp.ts";
export { customVjp, type CustomVjpFunction } from "./transforms/custom_vjp.ts";
export { blockUntilReady, devicePut } from "./transforms/devices.ts";
export {
  type Argnums,
  type AuxOf,
  grad,
  type Gradient,
  type GradOptions,
  type Pullback,
  valueAndGrad,
  type ValueOf,
  vjp,
} from "./transforms/grad.ts";
export {
  type Hessian,
  hessian,
  jacfwd,
  type Jacobian,
  type JacobianOptions,
  jacrev,
  jacrev as jacobian,
} from "./transforms/jacobian.ts";
export {
  clearCaches,
  jit,
  type JitOptions,
  type Jitted,
  type Lowered,
} from "./transforms/jit.ts";
export { jvp } from "./transforms/jvp.ts";
export { linearTranspose } from "./transforms/linear_transpose.ts";
export { linearize } from "./transforms/linearize.ts";
export {
  type ClosedJaxpr,
  evalShape,
  makeJaxpr,
  ShapeDtype,
} from "./transforms/make_jaxpr.ts";
export { stopGradient } from "./transforms/stop_gradient.ts";
export type {
  AnyFunction,
  GradientAlong,
  Lenient,
  Traced,
} from "./transforms/types.ts";
export { type InAxes, vmap, type VmapOptions } from "./transforms/vmap.ts";
/** Saving and loading trees of arrays. */
export * as io from "./library/io/mod.ts";
/** Operations under the names of `jax.lax`: strict about shapes and dtypes. */
export * as lax from "./library/lax/mod.ts";
/** Networks: modules, functions, losses, initializers, data. */
export * as nn from "./nn/mod.ts";
/** The functions of NumPy. */
export * as numpy from "./library/numpy/mod.ts";
/** The same as `optim`, under the name of the library for JAX. */
export * as optax from "./nn/optim/mod.ts";
/** Optimizers as composable transformations of gradients. */
export * as optim from "./nn/optim/mod.ts";
/** Random numbers, the same as JAX draws. */
export * as random from "./library/random/mod.ts";
/** Trees: nested arrays, objects and modules. */
export * as tree from "./library/tree/mod.ts";
