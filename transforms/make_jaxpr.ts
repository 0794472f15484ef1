/** What a function would do: its program, and the shapes of its results. */

import type { NDArray } from "../core/array.ts";
import { Aval } from "../core/aval.ts";
import type { DType } from "../core/dtype.ts";
import { inspectAsString } from "../core/inspect.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { stage } from "../core/staging.ts";
import { flatten, unflatten } from "../core/tree.ts";
import { asArray, flatFunction, nameOf } from "./_arguments.ts";
import type { AnyFunction } from "./types.ts";

/** Shape and dtype of an array that need not exist. */
export class ShapeDtype {
  /** Of the given shape and dtype. */
  constructor(readonly shape: readonly number[], readonly dtype: DType) {}

  /** Number of axes. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Shape and dtype in words. */
  toString(): string {
    return `ShapeDtype(shape=[${this.shape}], dtype=${this.dtype})`;
  }
}

inspectAsString(ShapeDtype.prototype);

/** Shape and dtype of an argument of which only these matter. */
export function avalOf(leaf: unknown, what: string): Aval {
  return leaf instanceof ShapeDtype
    ? Aval.of(leaf.shape, leaf.dtype)
    : asArray(leaf, what).aval;
}

function traced(f: AnyFunction, args: readonly unknown[], transform: string) {
  const label = `${transform} of ${nameOf(f)}`;
  const { leaves, structure } = flatten<unknown, unknown>(args);
  const flat = flatFunction(f, structure);
  const avals = leaves.map((leaf) => avalOf(leaf, `the arguments of ${label}`));
  return { ...stage(flat, avals, label), result: flat.result() };
}

/** A program with the arrays it closes over, which are its first inputs. */
export interface ClosedJaxpr {
  /** The program. */
  readonly jaxpr: Jaxpr;
  /** What it closes over. */
  readonly consts: readonly NDArray[];
  /** As JAX prints it. */
  toString(): string;
}

/**
 * The program of `f`, as a function of the same arguments.
 *
 * Arguments may be arrays or `ShapeDtype`s. As `jax.make_jaxpr`.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { makeJaxpr, numpy as np } from "@dinograd/dinograd";
 *
 * const program = makeJaxpr((x) => np.sin(x))(1);
 * assertStringIncludes(String(program), "b:f32[] = sin a");
 * ```
 */
export function makeJaxpr(
  f: AnyFunction,
): (...args: readonly unknown[]) => ClosedJaxpr {
  return (...args) => {
    const { jaxpr, consts } = traced(f, args, "makeJaxpr");
    return inspectAsString({ jaxpr, consts, toString: () => String(jaxpr) });
  };
}

/**
 * Shapes and dtypes of the results of `f`, without computing them.
 *
 * As `jax.eval_shape`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { evalShape, numpy as np, ShapeDtype } from "@dinograd/dinograd";
 *
 * const out = evalShape(np.matmul, new ShapeDtype([2, 3], "float32"), new ShapeDtype([3, 4], "float32"));
 * assertEquals(out, new ShapeDtype([2, 4], "float32"));
 * ```
 */
export function evalShape(
  f: AnyFunction,
  ...args: readonly unknown[]
): unknown {
  const { jaxpr, result } = traced(f, args, "evalShape");
  return unflatten(
    result,
    jaxpr.outAvals.map((a) => new ShapeDtype(a.shape, a.dtype)),
  );
}
