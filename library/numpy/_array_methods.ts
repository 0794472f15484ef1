/** The functions that are methods of arrays too, as `ArrayMethods` lists them. */

export {
  absolute,
  add,
  multiply,
  negative,
  remainder,
  subtract,
  trueDivide,
} from "./arithmetic.ts";
export {
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  notEqual,
} from "./comparison.ts";
export { astype, view } from "./conversion.ts";
export { cumprod, cumsum } from "./cumulative.ts";
export { at, diagonal, slice } from "./indexing.ts";
export { mean, std, var } from "./moments.ts";
export { power } from "./power.ts";
export { dot, matmul } from "./products.ts";
export { all, any, argmax, argmin, max, min, prod, sum } from "./reductions.ts";
export { clip, round } from "./rounding.ts";
export { reshape, squeeze, transpose } from "./shape.ts";
export { argsort, sort } from "./sorting.ts";
