/** Numerical check of derivatives, as `jax.test_util.check_grads`. */

import { AssertionError } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { isFloating } from "../../core/dtype.ts";
import { vjp } from "../../transforms/grad.ts";
import { jvp } from "../../transforms/jvp.ts";
import { areClose } from "./assert_close.ts";

/** A function whose derivatives are checked. */
export type Checked = (
  ...args: NDArray[]
) => NDArray | readonly NDArray[];

/** How derivatives are checked. */
export interface CheckGradsOptions {
  /** How many times the function is differentiated. */
  readonly order?: number;
  readonly modes?: readonly ("fwd" | "rev")[];
  /** Step of the central difference. */
  readonly eps?: number;
  /** Relative, or absolute below 1. The difference itself is off by about 1e-10. */
  readonly tolerance?: number;
}

/**
 * Checks jvp of `f` at `args` (float64) against central differences and vjp
 * against jvp by `<ct, J dx> = <J' ct, dx>`, then the same of the derivatives.
 */
export function checkGrads(
  f: Checked,
  args: readonly NDArray[],
  {
    order = 2,
    modes = ["fwd", "rev"],
    eps = 1e-5,
    tolerance = 1e-6,
  }: CheckGradsOptions = {},
): void {
  const bounds = { eps, tolerance };
  const check = (
    g: Flat,
    at: readonly NDArray[],
    rest: number,
    path: string,
  ) => {
    if (rest === 0) return;
    if (modes.includes("fwd")) {
      checkJvp(g, at, bounds, `${path}.jvp`);
      const along = at.map((x) => randomLike(x));
      const next: Flat = (...both) => tangentsOf(g, both);
      check(next, [...at, ...along], rest - 1, `${path}.jvp`);
    }
    if (modes.includes("rev")) {
      checkVjp(g, at, bounds, `${path}.vjp`);
      const cts = g(...at).map((y) => randomLike(y));
      check((...xs) => cotangentsOf(g, xs, cts), at, rest - 1, `${path}.vjp`);
    }
  };
  check((...xs) => listed(f(...xs)), args, order, "f");
}

type Flat = (...args: readonly NDArray[]) => readonly NDArray[];
type Bounds = { readonly eps: number; readonly tolerance: number };

function listed(out: NDArray | readonly NDArray[]): readonly NDArray[] {
  const all = Array.isArray(out) ? out as readonly NDArray[] : [out as NDArray];
  return all.filter((y) => isFloating(y.dtype));
}

/** Tangents of the outputs at `[...primals, ...tangents]`. */
function tangentsOf(f: Flat, both: readonly NDArray[]): readonly NDArray[] {
  const half = both.length / 2;
  const [, tangents] = jvp(
    (...xs: NDArray[]) => [...f(...xs)],
    both.slice(0, half),
    both.slice(half),
  );
  return tangents;
}

function cotangentsOf(
  f: Flat,
  args: readonly NDArray[],
  cts: readonly NDArray[],
): readonly NDArray[] {
  const [, pullback] = vjp((...xs: NDArray[]) => [...f(...xs)], [...args]);
  return pullback([...cts]) as readonly NDArray[];
}

function checkJvp(
  f: Flat,
  args: readonly NDArray[],
  { eps, tolerance }: Bounds,
  path: string,
): void {
  const along = args.map((x) => randomLike(x));
  const actual = tangentsOf(f, [...args, ...along]);
  const shifted = (by: number) =>
    f(...args.map((x, i) => moved(x, along[i]!, by))).map(valuesOf);
  const [above, below] = [shifted(eps), shifted(-eps)];
  actual.forEach((tangent, out) => {
    valuesOf(tangent).forEach((value, i) => {
      const numeric = (above[out]![i]! - below[out]![i]!) / (2 * eps);
      if (areClose(value, numeric, tolerance)) return;
      throw new AssertionError(
        `${path}: element ${i} of tangent ${out} is ${value}, and the ` +
          `central difference ${numeric}, at ${args.join(", ")}`,
      );
    });
  });
}

function checkVjp(
  f: Flat,
  args: readonly NDArray[],
  { tolerance }: Bounds,
  path: string,
): void {
  const along = args.map((x) => randomLike(x));
  const tangents = tangentsOf(f, [...args, ...along]);
  const cts = tangents.map((y) => randomLike(y));
  const cotangents = cotangentsOf(f, args, cts);
  const forward = innerProduct(cts, tangents);
  const reverse = innerProduct(cotangents, along);
  if (areClose(reverse, forward, tolerance)) return;
  throw new AssertionError(
    `${path}: <J' ct, dx> is ${reverse} and <ct, J dx> is ${forward}, at ` +
      args.join(", "),
  );
}

function innerProduct(
  xs: readonly NDArray[],
  ys: readonly NDArray[],
): number {
  return xs.reduce((sum, x, which) => {
    const other = valuesOf(ys[which]!);
    return valuesOf(x).reduce((s, value, i) => s + value * other[i]!, sum);
  }, 0);
}

function valuesOf(x: NDArray): readonly number[] {
  return Array.from(x.dataSync());
}

/** `x + by * along`; an array that is not of floats stays as it is. */
function moved(x: NDArray, along: NDArray, by: number): NDArray {
  if (!isFloating(x.dtype)) return x;
  const step = valuesOf(along);
  const values = valuesOf(x).map((value, i) => value + by * step[i]!);
  return arrayFromStorage(Float64Array.from(values), x.shape, "float64");
}

let seed = 1;

/** Numbers in [-1, 1) that are the same in each run (a linear congruential generator). */
function randomLike(x: NDArray): NDArray {
  if (!isFloating(x.dtype)) return x;
  const values = Float64Array.from({ length: x.size }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 31 - 1;
  });
  return arrayFromStorage(values, x.shape, "float64");
}
