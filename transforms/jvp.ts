/** Forward mode: a tangent travels beside every value. */

import type { NDArray } from "../core/array.ts";
import { sameShape } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { zerosLike } from "../core/ops/constants.ts";
import type { AnyPrimitive, Tangent } from "../core/primitive.ts";
import { stage, type Staged } from "../core/staging.ts";
import {
  bind,
  currentTrace,
  type Trace,
  Tracer,
  withTrace,
} from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import {
  type FlatFunction,
  flatFunction,
  flattenArrays,
  nameOf,
} from "./_arguments.ts";
import type { AnyFunction, Lenient } from "./types.ts";

/** A value of `jvp`: a primal and the tangent that travels with it. */
class JvpTracer extends Tracer {
  constructor(
    trace: JvpTrace,
    readonly primal: NDArray,
    readonly tangent: NDArray,
  ) {
    super(trace, primal.aval); // shape and dtype are those of the primal
  }
}

/** Carries a tangent beside every value that depends on the inputs. */
class JvpTrace implements Trace {
  isOpen = true;
  constructor(readonly parent: Trace, readonly label: string) {}

  process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[] {
    const pairs = inputs.map((x) => this.split(x));
    const primals = pairs.map(([primal]) => primal);
    const tangents = pairs.map(([, tangent]) => tangent);
    return withTrace(this.parent, () => {
      if (tangents.every((t) => t === null)) {
        return bind(primitive, primals, params);
      }
      if (!primitive.jvp) throw new TypeError(noRule(primitive));
      const [outs, dOuts] = primitive.jvp(primals, tangents, params);
      return outs.map((out, i) => this.join(out, dOuts[i]!));
    });
  }

  // A tracer of another trace is a constant here.
  split(x: NDArray): readonly [primal: NDArray, tangent: Tangent] {
    return x instanceof JvpTracer && x.trace === this
      ? [x.primal, x.tangent]
      : [x, null];
  }

  join(primal: NDArray, tangent: Tangent): NDArray {
    return tangent === null || !isFloating(primal.dtype)
      ? primal
      : new JvpTracer(this, primal, tangent);
  }
}

function noRule({ name }: AnyPrimitive): string {
  return `Cannot differentiate ${name}: it has no derivative rule. ` +
    `Use stopGradient() on its inputs, or customJvp() to give one`;
}

/** Applies a flat function to primals and tangents, under the current trace. */
export function jvpFlat(
  f: FlatFunction,
  primals: readonly NDArray[],
  tangents: readonly Tangent[],
  { parent = currentTrace(), label }: {
    readonly parent?: Trace;
    readonly label: string;
  },
): readonly [readonly NDArray[], readonly Tangent[]] {
  const trace = new JvpTrace(parent, label);
  try {
    const outs = withTrace(
      trace,
      () => f(...primals.map((x, i) => trace.join(x, tangents[i]!))),
    );
    const pairs = outs.map((x) => trace.split(x));
    return [
      pairs.map(([primal]) => primal),
      pairs.map(([, tangent]) => tangent),
    ];
  } finally {
    trace.isOpen = false;
  }
}

/** A jaxpr from primals and tangents to primals and tangents. */
export interface JvpJaxpr extends Staged {
  /** Inputs: `consts`, all primals, then the tangents that are not zero; outputs likewise. */
  readonly jaxpr: Jaxpr;
  /** Arrays that custom rules close over. */
  readonly consts: readonly NDArray[];
  readonly nonzeroOut: readonly boolean[];
}

/** What is wanted of the derivative of a jaxpr. */
export interface JvpPattern {
  /** Which inputs have a tangent. */
  readonly nonzero: readonly boolean[];
  /** Which outputs shall have one even if it is zero. */
  readonly instantiate: readonly boolean[];
}

/** The derivative of a jaxpr as a jaxpr. */
export const jvpJaxpr: (jaxpr: Jaxpr, pattern: JvpPattern) => JvpJaxpr =
  memoised(
    (jaxpr, { nonzero, instantiate }: JvpPattern) => {
      let nonzeroOut: readonly boolean[] = [];
      const avals = [
        ...jaxpr.inAvals,
        ...jaxpr.inAvals.filter((_, i) => nonzero[i]),
      ];
      const staged = stage(
        (...args) => {
          const primals = args.slice(0, jaxpr.inputs.length);
          const rest = args.slice(jaxpr.inputs.length)[Symbol.iterator]();
          const tangents = nonzero.map((has) =>
            has ? rest.next().value! : null
          );
          const [outs, dOuts] = jvpFlat(
            (...xs) => evalJaxpr(jaxpr, xs),
            primals,
            tangents,
            {
              label: "jvp of a jaxpr",
            },
          );
          const wanted = dOuts.map((d, i) =>
            d ?? (instantiate[i] ? zerosLike(outs[i]!) : null)
          );
          nonzeroOut = wanted.map((d) => d !== null);
          return [...outs, ...wanted.filter((d) => d !== null)];
        },
        avals,
        "jvp of a jaxpr",
      );
      return { ...staged, nonzeroOut };
    },
  );

/**
 * Value and directional derivative of `f`: `[f(...primals), J tangents]`.
 *
 * Primals and tangents are lists of trees, one per argument of `f`, of equal
 * shapes and dtypes. Where a primal is not of a floating-point dtype its
 * tangent is ignored. As `jax.jvp`.
 *
 * @throws {ShapeError} If a tangent differs from its primal in shape or dtype.
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { jvp, numpy as np } from "@dinograd/dinograd";
 *
 * const [y, dy] = jvp(np.sin, [0], [2]);
 * assertAlmostEquals(y.item(), 0);
 * assertAlmostEquals(dy.item(), 2);
 * ```
 */
export function jvp<F extends AnyFunction>(
  f: F,
  primals: Lenient<Parameters<F>>,
  tangents: Lenient<Parameters<F>>,
): [ReturnType<F>, ReturnType<F>] {
  const label = `jvp of ${nameOf(f)}`;
  const args = flattenArrays(primals, `the primals of ${label}`);
  const along = flattenArrays(tangents, `the tangents of ${label}`);
  if (!args.structure.equals(along.structure)) {
    throw new TypeError(
      `Cannot take ${label}: primals ${args.structure} and tangents ` +
        `${along.structure} must have one structure`,
    );
  }
  const flat = flatFunction(f, args.structure);
  const directions = args.arrays.map((x, i) =>
    tangentFor(x, along.arrays[i]!, label)
  );
  const [outs, dOuts] = jvpFlat(flat, args.arrays, directions, { label });
  const full = dOuts.map((d, i) => d ?? zerosLike(outs[i]!));
  return [unflatten(flat.result(), outs), unflatten(flat.result(), full)];
}

function tangentFor(x: NDArray, dx: NDArray, label: string): Tangent {
  if (!isFloating(x.dtype)) return null;
  const isScalar = dx.weakType && dx.ndim === 0 && x.ndim === 0;
  const fits = sameShape(dx.shape, x.shape) && dx.dtype === x.dtype;
  if (fits) return dx;
  if (isScalar) return dx.astype(x.dtype);
  throw new ShapeError(
    `Cannot take ${label}: the tangent is ${dx.aval} and its primal ${x.aval}. ` +
      `They must have one shape and dtype`,
  );
}
