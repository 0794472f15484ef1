/** The derivative at a point as a linear function, recorded once. */

import type { NDArray } from "../core/array.ts";
import { isFloating } from "../core/dtype.ts";
import { evalJaxpr, type Jaxpr } from "../core/jaxpr.ts";
import { zerosLike } from "../core/ops/constants.ts";
import type { Tangent } from "../core/primitive.ts";
import { currentTrace } from "../core/trace.ts";
import type { TreeStructure } from "../core/tree.ts";
import { unflatten } from "../core/tree.ts";
import {
  type FlatFunction,
  flatFunction,
  flattenArrays,
  nameOf,
} from "./_arguments.ts";
import type { AnyFunction, Lenient } from "./types.ts";
import { jvpFlat } from "./jvp.ts";
import { PartialTrace } from "./partial_eval.ts";

/** A function at a point, and its derivative there as a jaxpr. */
export interface Linearized {
  readonly primals: readonly NDArray[];
  readonly outs: readonly NDArray[];
  /** From `consts`, then the tangents of the inputs in `linear`, to tangents of the outputs in `nonzero`. */
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  /** Which inputs have tangents: those of floating-point dtypes. */
  readonly linear: readonly boolean[];
  /** Which outputs depend on them. */
  readonly nonzero: readonly boolean[];
}

/** Linearizes a flat function, under the current trace. */
export function linearizeFlat(
  f: FlatFunction,
  primals: readonly NDArray[],
  label: string,
): Linearized {
  const trace = new PartialTrace(currentTrace(), label);
  const linear = primals.map((x) => isFloating(x.dtype));
  const tangents = primals.map((x, i) =>
    linear[i] ? trace.newInput(x.aval) : null
  );
  try {
    const [outs, dOuts] = jvpFlat(f, primals, tangents, {
      parent: trace,
      label,
    });
    const nonzero = dOuts.map((d) => d !== null);
    const { jaxpr, consts } = trace.finish(dOuts.filter((d) => d !== null));
    return { primals, outs, jaxpr, consts, linear, nonzero };
  } finally {
    trace.isOpen = false;
  }
}

/** Applies the derivative to tangents of all inputs. */
function applyLinear(
  { jaxpr, consts, linear, nonzero, outs }: Linearized,
  tangents: readonly NDArray[],
): readonly NDArray[] {
  const given = tangents.filter((_, i) => linear[i]);
  const results = evalJaxpr(jaxpr, [...consts, ...given])[Symbol.iterator]();
  return nonzero.map((has, i): NDArray => {
    const tangent: Tangent = has ? results.next().value! : null;
    return tangent ?? zerosLike(outs[i]!);
  });
}

/**
 * Value of `f` and its derivative there as a linear function of tangents.
 *
 * The function is evaluated once; the derivative then costs only the linear
 * part, however often it is applied. As `jax.linearize`.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { linearize, numpy as np } from "@dinograd/dinograd";
 *
 * const [y, derivative] = linearize(np.exp, [0]);
 * assertAlmostEquals(y.item(), 1);
 * assertAlmostEquals(derivative(3).item(), 3);
 * ```
 */
export function linearize<F extends AnyFunction>(
  f: F,
  primals: Lenient<Parameters<F>>,
): [ReturnType<F>, (...tangents: Lenient<Parameters<F>>) => ReturnType<F>] {
  const label = `linearize of ${nameOf(f)}`;
  const { arrays, structure } = flattenArrays(
    primals,
    `the primals of ${label}`,
  );
  const flat = flatFunction(f, structure);
  const linearized = linearizeFlat(flat, arrays, label);
  const result = flat.result();
  return [
    unflatten(result, linearized.outs),
    (...tangents) => {
      const along = flattenArrays(tangents, `the tangents of ${label}`);
      requireStructure(along.structure, structure, label);
      return unflatten(result, applyLinear(linearized, along.arrays));
    },
  ];
}

function requireStructure(
  given: TreeStructure,
  needed: TreeStructure,
  label: string,
): void {
  if (given.equals(needed)) return;
  throw new TypeError(
    `Cannot apply the ${label} to tangents ${given}: they must have the ` +
      `structure of the primals, ${needed}`,
  );
}
