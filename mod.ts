/**
 * dinograd: composable transforms of pure functions on arrays, in the manner of JAX.
 *
 * @module
 */

import "./backends/mod.ts";

export { NDArray } from "./core/array.ts";
export { defaultDevice, devices } from "./core/backend.ts";
export { grad, valueAndGrad, vjp } from "./transforms/grad.ts";
export { jit } from "./transforms/jit.ts";
export { jvp } from "./transforms/jvp.ts";
export { linearize } from "./transforms/linearize.ts";
export { vmap } from "./transforms/vmap.ts";
