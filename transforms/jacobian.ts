/** Matrices of derivatives: one transform over a basis of tangents or cotangents. */

import type { NDArray } from "../core/array.ts";
import { add } from "../core/ops/addition.ts";
import { compare } from "../core/ops/compare.ts";
import { fullLike, iota } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { reshape, transpose } from "../core/ops/layout.ts";
import { slice } from "../core/ops/slice_pad.ts";
import { map, unflatten } from "../core/tree.ts";
import { callTraced, flattenArrays, nameOf, positions } from "./_arguments.ts";
import { range } from "./_jaxprs.ts";
import { type Argnums, type Gradient, vjp } from "./grad.ts";
import type { AnyFunction, Lenient } from "./types.ts";
import { linearize } from "./linearize.ts";
import { vmap } from "./vmap.ts";

/** Which arguments are differentiated. */
export interface JacobianOptions<Chosen extends Argnums = Argnums> {
  /** Their positions; the first unless given. */
  readonly argnums?: Chosen;
}

/** For a function to an array: the structure of the gradient. A tree of such otherwise. */
export type Jacobian<F extends AnyFunction, Chosen extends Argnums> =
  ReturnType<F> extends NDArray ? Gradient<Parameters<F>, NoInfer<Chosen>>
    : unknown;

/** An array for one array along one argument; a tree of trees otherwise. */
export type Hessian<F extends AnyFunction, Chosen extends Argnums> =
  Jacobian<F, Chosen> extends NDArray ? NDArray : unknown;

/** For each leaf, all unit arrays of its shape, stacked; zero for the other leaves. */
function basis(arrays: readonly NDArray[]): readonly NDArray[] {
  const sizes = arrays.map((x) => x.size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let start = 0;
  return arrays.map((x, i) => {
    const shape = [total, sizes[i]!];
    const column = iota("int32", shape, 1);
    const place = add(column, fullLike(column, start));
    start += sizes[i]!;
    const unit = compare("eq", iota("int32", shape, 0), place);
    return reshape(convertElementType(unit, x.dtype), [total, ...x.shape]);
  });
}

/** Cuts the first axis of `x`, which runs over all leaves of `like`, into their shapes. */
function unstacked(x: NDArray, like: readonly NDArray[]): readonly NDArray[] {
  let start = 0;
  const rest = x.shape.slice(1);
  return like.map((leaf) => {
    const from = [start, ...rest.map(() => 0)];
    const part = slice(x, from, [start += leaf.size, ...rest]);
    return reshape(part, [...leaf.shape, ...rest]);
  });
}

/** `f` as a function of the chosen arguments only. */
function ofChosen(
  f: AnyFunction,
  args: readonly unknown[],
  chosen: readonly number[],
) {
  return (...some: readonly unknown[]) => {
    const all = [...args];
    chosen.forEach((at, i) => all[at] = some[i]);
    return callTraced(f, all);
  };
}

/**
 * The Jacobian of `f`, column by column: best where inputs are few.
 *
 * For each leaf of the result a tree like the argument, whose leaves have the
 * axes of the result first and those of the argument last. As `jax.jacfwd`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jacfwd, numpy as np } from "@dinograd/dinograd";
 *
 * const J = jacfwd((x) => np.multiply(x, x))(np.array([1, 2]));
 * assertEquals(J.js(), [[2, 0], [0, 4]]);
 * ```
 */
export function jacfwd<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options?: JacobianOptions<Chosen>,
): (...args: Lenient<Parameters<F>>) => Jacobian<F, Chosen>;
export function jacfwd(
  f: AnyFunction,
  { argnums = 0 }: JacobianOptions = {},
): AnyFunction {
  return (...args) => {
    const chosen = positions(argnums, args.length, "argnums");
    const given = flattenArrays(
      chosen.map((at) => args[at]),
      `the arguments of ${nameOf(f)}`,
    );
    const point = unflatten<readonly unknown[]>(given.structure, given.arrays);
    const [, derivative] = linearize(ofChosen(f, args, chosen), point);
    const units = basis(given.arrays);
    const columns = vmap((...leaves: readonly NDArray[]) =>
      derivative(...unflatten<readonly unknown[]>(given.structure, leaves))
    )(...units);
    // [inputs, ...out] for each leaf of the result: the axis of inputs goes last.
    return map((column: NDArray) => {
      const moved = unstacked(column, given.arrays).map((part, i) => {
        const inner = given.arrays[i]!.ndim;
        return transpose(part, [
          ...range(inner, part.ndim - inner),
          ...range(0, inner),
        ]);
      });
      const trees = unflatten<readonly unknown[]>(given.structure, moved);
      return typeof argnums === "number" ? trees[0] : trees;
    }, columns as never);
  };
}

/**
 * The Jacobian of `f`, row by row: best where results are few.
 *
 * Laid out as that of `jacfwd`. As `jax.jacrev`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jacrev, numpy as np } from "@dinograd/dinograd";
 *
 * const J = jacrev((x) => np.multiply(x, x))(np.array([1, 2]));
 * assertEquals(J.js(), [[2, 0], [0, 4]]);
 * ```
 */
export function jacrev<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options?: JacobianOptions<Chosen>,
): (...args: Lenient<Parameters<F>>) => Jacobian<F, Chosen>;
export function jacrev(
  f: AnyFunction,
  { argnums = 0 }: JacobianOptions = {},
): AnyFunction {
  return (...args) => {
    const chosen = positions(argnums, args.length, "argnums");
    const point = chosen.map((at) => args[at]);
    const [y, pullback] = vjp(ofChosen(f, args, chosen), point);
    const result = flattenArrays(y, `the result of ${nameOf(f)}`);
    const units = basis(result.arrays);
    const rows = vmap((...leaves: readonly NDArray[]) =>
      pullback(unflatten(result.structure, leaves))
    )(...units) as readonly unknown[];
    const inputs = flattenArrays(rows, `the arguments of ${nameOf(f)}`);
    // [results, ...in] for each leaf of the arguments: cut by leaf of the result.
    const cut = inputs.arrays.map((row) => unstacked(row, result.arrays));
    const trees = result.arrays.map((_, i) => {
      const tree = unflatten<readonly unknown[]>(
        inputs.structure,
        cut.map((parts) => parts[i]!),
      );
      return typeof argnums === "number" ? tree[0] : tree;
    });
    return unflatten(result.structure, trees);
  };
}

/**
 * The matrix of second derivatives of a scalar function: `jacfwd(jacrev(f))`.
 *
 * As `jax.hessian`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hessian, numpy as np } from "@dinograd/dinograd";
 *
 * const H = hessian((x) => np.prod(x))(np.array([2, 3]));
 * assertEquals(H.js(), [[0, 1], [1, 0]]);
 * ```
 */
export function hessian<
  F extends AnyFunction,
  const Chosen extends Argnums = 0,
>(
  f: F,
  options?: JacobianOptions<Chosen>,
): (...args: Lenient<Parameters<F>>) => Hessian<F, Chosen>;
export function hessian(
  f: AnyFunction,
  options: JacobianOptions = {},
): AnyFunction {
  return jacfwd(jacrev(f, options), options);
}
