/** Programs whose values stay small. */

import type { NDArray } from "../../core/array.ts";
import { evalJaxpr, Jaxpr } from "../../core/jaxpr.ts";

/** Whether values stay so small that rounding and differences mean something. */
export function areTame(xs: readonly NDArray[]): boolean {
  return xs.every((x) =>
    x.dataSync().every((value) => Math.abs(Number(value)) < 100)
  );
}

/**
 * Whether that holds of every value of a program: then an error of rounding
 * does not grow much on its way to the outputs.
 */
export function isTame(jaxpr: Jaxpr, args: readonly NDArray[]): boolean {
  const { inputs, equations } = jaxpr;
  const all = equations.flatMap(({ outputs }) => outputs);
  return areTame(evalJaxpr(new Jaxpr(inputs, equations, all), args));
}
