/**
 * Random numbers from explicit keys, as `jax.random`: the same bits.
 *
 * @module
 */

export { bits, type BitsDType } from "./bits.ts";
export { choice, type ChoiceOptions } from "./choice.ts";
export {
  cauchy,
  exponential,
  gumbel,
  laplace,
  normal,
  truncatedNormal,
} from "./continuous.ts";
export {
  bernoulli,
  categorical,
  type CategoricalOptions,
  randint,
  type RandintOptions,
} from "./discrete.ts";
export { foldIn, type Key, key, PRNGKey, split } from "./key.ts";
export { permutation, type PermutationOptions } from "./permutation.ts";
export { uniform, type UniformOptions } from "./uniform.ts";
