/** All functions that apply to each element by itself, but for arithmetic and comparisons. */

export * from "./bits.ts";
export * from "./clamp.ts";
export * from "./convert.ts";
export * from "./exponential.ts";
export * from "./power.ts";
export * from "./rounding.ts";
export * from "./special.ts";
export * from "./trigonometric.ts";
