/** Reverse mode: the derivative, transposed. */

import type { ArrayLike, NDArray } from "../core/array.ts";
import { sameShape } from "../core/aval.ts";
import { isFloating } from "../core/dtype.ts";
import { ShapeError } from "../core/errors.ts";
import { fullLike, zerosLike } from "../core/ops/constants.ts";
import { Linear, type Tangent } from "../core/primitive.ts";
import { flatten, type TreeStructure, unflatten } from "../core/tree.ts";
import {
  asArray,
  callTraced,
  flatFunction,
  flattenArrays,
  nameOf,
  positions,
} from "./_arguments.ts";
import type { AnyFunction, GradientAlong, Lenient } from "./types.ts";
import { type Linearized, linearizeFlat } from "./linearize.ts";
import { backward } from "./transpose.ts";

/** Cotangents of all inputs, from those of all outputs. */
function pullback(
  linearized: Linearized,
  cts: readonly Tangent[],
): readonly NDArray[] {
  const { jaxpr, consts, linear, nonzero, primals } = linearized;
  const inputs = jaxpr.inputs.map(({ aval }, i) =>
    consts[i] ?? new Linear(aval)
  );
  const given = nonzero.flatMap((has, i) => has ? [cts[i] ?? null] : []);
  const results = backward(jaxpr, inputs, given).slice(consts.length)
    [Symbol.iterator]();
  return linear.map((is, i) => {
    const ct = is ? results.next().value : null;
    return ct ?? zerosLike(primals[i]!);
  });
}

/** What `vjp` gives besides the value. */
export type Pullback<Args extends readonly unknown[], Result> = (
  ct: Result | ArrayLike,
) => { -readonly [K in keyof Args]: GradientAlong<Args[K]> };

/**
 * Value of `f` and the function from cotangents of its result to cotangents of
 * its arguments: `[y, pullback]`, or `[y, pullback, aux]` with `hasAux`, where
 * `f` returns `[y, aux]`. As `jax.vjp`.
 *
 * @throws {ShapeError} If a cotangent differs from the result in shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, vjp } from "@dinograd/dinograd";
 *
 * const [y, pullback] = vjp((x) => np.multiply(x, x), [np.array([1, 2, 3])]);
 * const [ct] = pullback(np.onesLike(y));
 * assertEquals(ct.js(), [2, 4, 6]);
 * ```
 */
export function vjp<F extends AnyFunction>(
  f: F,
  primals: Lenient<Parameters<F>>,
  options: { readonly hasAux: true },
): [ValueOf<F>, Pullback<Parameters<F>, ValueOf<F>>, AuxOf<F>];
/** As above, for a function without an auxiliary result. */
export function vjp<F extends AnyFunction>(
  f: F,
  primals: Lenient<Parameters<F>>,
  options?: { readonly hasAux?: false },
): [ReturnType<F>, Pullback<Parameters<F>, ReturnType<F>>];
export function vjp(
  f: AnyFunction,
  primals: readonly unknown[],
  { hasAux = false }: { readonly hasAux?: boolean } = {},
): unknown[] {
  const label = `vjp of ${nameOf(f)}`;
  const { arrays, structure } = flattenArrays(
    primals,
    `the primals of ${label}`,
  );
  const flat = flatFunction(f, structure);
  const linearized = linearizeFlat(flat, arrays, label);
  const { main, aux, count } = splitAux(
    flat.result(),
    linearized.outs,
    hasAux,
    label,
  );
  const pull = (ct: unknown) => {
    const cts = cotangentsFor(linearized.outs.slice(0, count), main, ct, label);
    return unflatten(structure, pullback(linearized, cts));
  };
  const y = unflatten(main, linearized.outs.slice(0, count));
  return hasAux ? [y, pull, aux] : [y, pull];
}

function cotangentsFor(
  outs: readonly NDArray[],
  structure: TreeStructure,
  ct: unknown,
  label: string,
): readonly NDArray[] {
  const given = flatten<unknown, unknown>(ct);
  if (!given.structure.equals(structure)) {
    throw new TypeError(
      `Cannot apply the pullback of ${label} to a cotangent ${given.structure}: ` +
        `it must have the structure of the result, ${structure}`,
    );
  }
  return outs.map((out, i) => {
    const leaf = asArray(given.leaves[i], `the cotangent of ${label}`);
    const isScalar = leaf.weakType && leaf.ndim === 0 && out.ndim === 0;
    const array = isScalar && leaf.dtype !== out.dtype
      ? leaf.astype(out.dtype)
      : leaf;
    if (sameShape(array.shape, out.shape) && array.dtype === out.dtype) {
      return array;
    }
    throw new ShapeError(
      `Cannot apply the pullback of ${label}: the cotangent is ${array.aval} and ` +
        `the result ${out.aval}. They must have one shape and dtype`,
    );
  });
}

/** The structure of the differentiated part of a result, and the rest. */
function splitAux(
  result: TreeStructure,
  outs: readonly NDArray[],
  hasAux: boolean,
  label: string,
): {
  readonly main: TreeStructure;
  readonly aux: unknown;
  readonly count: number;
} {
  if (!hasAux) return { main: result, aux: undefined, count: outs.length };
  const [main, aux] = result.children;
  if (result.root?.container !== "array" || result.children.length !== 2) {
    throw new TypeError(
      `Cannot take the ${label} with hasAux: the function must return ` +
        `[result, aux], and returned ${result}`,
    );
  }
  const count = main!.leafCount;
  return { main: main!, aux: unflatten(aux!, outs.slice(count)), count };
}

/** Numbers of arguments: one, or a list. */
export type Argnums = number | readonly number[];

/** Which arguments `grad` differentiates, and whether `f` returns `[value, aux]`. */
export interface GradOptions<
  Chosen extends Argnums = Argnums,
  HasAux extends boolean = boolean,
> {
  /** Positions of the arguments; the first unless given. */
  readonly argnums?: Chosen;
  /** Whether the function returns `[value, aux]`. */
  readonly hasAux?: HasAux;
}

/** The gradient along the chosen arguments: one, or a list. */
export type Gradient<
  Args extends readonly unknown[],
  Chosen extends Argnums,
> = Chosen extends number ? GradientAlong<Args[Chosen]> : {
  -readonly [K in keyof Chosen]: GradientAlong<Args[Chosen[K] & number]>;
};

/** The first element of what `f` returns. */
export type ValueOf<F extends AnyFunction> = ReturnType<F> extends
  readonly [infer Value, unknown] ? Value : unknown;

/** The second element of what `f` returns. */
export type AuxOf<F extends AnyFunction> = ReturnType<F> extends
  readonly [unknown, infer Aux] ? Aux : unknown;

/**
 * Evaluates both `f` and its gradient: `[value, gradient]`.
 *
 * `f` must return one number of a floating-point dtype (with `hasAux`,
 * `[number, aux]`; the value is then that pair). The gradient has the structure
 * of the first argument; with a list of `argnums` it is a list of such. As
 * `jax.value_and_grad`.
 *
 * @throws {ShapeError} If the result is not a scalar, or not of a floating-point dtype.
 * @throws {RangeError} If an argument number is out of range.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, valueAndGrad } from "@dinograd/dinograd";
 *
 * const [value, slope] = valueAndGrad((x) => np.square(x))(3);
 * assertEquals([value.item(), slope.item()], [9, 6]);
 * ```
 */
export function valueAndGrad<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options?: GradOptions<Chosen>,
): (
  ...args: Lenient<Parameters<F>>
) => [ReturnType<F>, Gradient<Parameters<F>, NoInfer<Chosen>>];
export function valueAndGrad(
  f: AnyFunction,
  { argnums = 0, hasAux = false }: GradOptions = {},
): AnyFunction {
  const label = `grad of ${nameOf(f)}`;
  return (...args) => {
    const chosen = positions(argnums, args.length, "argnums");
    const ofChosen = (...some: readonly unknown[]) => {
      const all = [...args];
      chosen.forEach((at, i) => all[at] = some[i]);
      return callTraced(f, all);
    };
    const { arrays, structure } = flattenArrays(
      chosen.map((at) => args[at]),
      `the arguments of ${label}`,
    );
    arrays.forEach((x) => requireFloat(x, label));
    const flat = flatFunction(ofChosen, structure);
    const linearized = linearizeFlat(flat, arrays, label);
    const { main, aux, count } = splitAux(
      flat.result(),
      linearized.outs,
      hasAux,
      label,
    );
    const value = requireScalar(linearized.outs.slice(0, count), main, label);
    const cts = pullback(linearized, [fullLike(value, 1)]);
    const gradients = unflatten<readonly unknown[]>(structure, cts);
    return [
      hasAux ? [value, aux] : value,
      typeof argnums === "number" ? gradients[0] : gradients,
    ];
  };
}

function requireFloat(x: NDArray, label: string): void {
  if (isFloating(x.dtype)) return;
  throw new ShapeError(
    `Cannot take the ${label} along an argument of dtype ${x.dtype}: needs a ` +
      `floating-point dtype. Convert it with astype("float32"), or leave it ` +
      `out of argnums`,
  );
}

function requireScalar(
  outs: readonly NDArray[],
  structure: TreeStructure,
  label: string,
): NDArray {
  const [value] = outs;
  const isOne = outs.length === 1 && structure.children.length === 0;
  if (isOne && value!.ndim === 0 && isFloating(value!.dtype)) return value!;
  throw new ShapeError(
    `Cannot take the ${label}: it returned ` +
      `${
        isOne ? value!.aval : structure
      }, and a gradient needs one 0-d result ` +
      `of a floating-point dtype. Reduce it with sum() or mean(), or use ` +
      `jacrev() or vjp()`,
  );
}

/**
 * The gradient of `f`, as a function of the same arguments.
 *
 * As `valueAndGrad` without the value; with `hasAux` it gives
 * `[gradient, aux]`. As `jax.grad`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(grad((x) => np.power(x, 3))(2).item(), 12);
 * assertEquals(grad(grad((x) => np.power(x, 3)))(2).item(), 12);
 * ```
 */
export function grad<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options: GradOptions<Chosen, true> & { readonly hasAux: true },
): (
  ...args: Lenient<Parameters<F>>
) => [Gradient<Parameters<F>, NoInfer<Chosen>>, AuxOf<F>];
/** As above, for a function without an auxiliary result. */
export function grad<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options?: GradOptions<Chosen, false>,
): (
  ...args: Lenient<Parameters<F>>
) => Gradient<Parameters<F>, NoInfer<Chosen>>;
export function grad(f: AnyFunction, options: GradOptions = {}): AnyFunction {
  const both = valueAndGrad(f, options);
  return (...args) => {
    const [value, gradient] = both(...args) as [unknown, unknown];
    return options.hasAux
      ? [gradient, (value as [unknown, unknown])[1]]
      : gradient;
  };
}
