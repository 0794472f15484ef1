/** `cond` and `switch`: one of several functions, chosen by a value. */

import type { ArrayLike, NDArray } from "../core/array.ts";
import { type Aval, sameShape } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { compare } from "../core/ops/compare.ts";
import { scalar } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import { unflatten } from "../core/tree.ts";
import {
  asArray,
  callTraced,
  flattenArrays,
  type FlatTree,
  matched,
  nameOf,
} from "./_arguments.ts";
import type { AnyFunction, Traced } from "./types.ts";
import { condP, sharingConsts } from "./_cond.ts";

/**
 * `onTrue(...operands)` if `predicate` holds, else `onFalse(...operands)`.
 *
 * Both are traced, and must return one structure of equal shapes and dtypes;
 * one is run. Under `vmap` with a predicate that differs between lanes, both
 * are. As `jax.lax.cond`.
 *
 * @throws {ShapeError} If the predicate is not a scalar, or results differ in shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, type NDArray, numpy as np } from "@dinograd/dinograd";
 *
 * const f = (x: NDArray) => lax.cond(np.less(x, 0), (x) => np.negative(x), (x) => np.sqrt(x), x);
 * assertEquals([f(np.array(-3)).item(), f(np.array(4)).item()], [3, 2]);
 * ```
 */
export function cond<const Operands extends readonly unknown[], Result>(
  predicate: ArrayLike,
  onTrue: (...operands: Traced<Operands>) => Result,
  onFalse: (...operands: Traced<Operands>) => unknown,
  ...operands: Operands
): Traced<Result> {
  const which = asArray(predicate, "the predicate of cond");
  if (which.ndim !== 0) {
    throw new ShapeError(
      `Cannot run cond: the predicate is ${which.aval}, and must be a scalar. ` +
        `Use where() to choose element by element, or vmap()`,
    );
  }
  const isTrue = which.dtype === "bool" ? which : compare(
    "ne",
    which,
    convertElementType(scalar(0, "int32"), which.dtype, which.weakType),
  );
  return branch(
    convertElementType(isTrue, "int32"),
    [onFalse, onTrue],
    operands,
    "cond",
  );
}

/**
 * `branches[index](...operands)`; the index is clamped to the list.
 *
 * As `jax.lax.switch`.
 *
 * @throws {ShapeError} If the index is not an integer scalar, or results differ in shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const branches = [np.negative, np.square];
 * assertEquals(lax.switch(np.array(1, { dtype: "int32" }), branches, 3).item(), 9);
 * ```
 */
function switch_<const Operands extends readonly unknown[], Result>(
  index: ArrayLike,
  branches: readonly ((...operands: Traced<Operands>) => Result)[],
  ...operands: Operands
): Traced<Result> {
  const at = asArray(index, "the index of switch");
  if (
    at.ndim !== 0 || (typeof index !== "number" && at.dtype.includes("float"))
  ) {
    throw new ShapeError(
      `Cannot run switch: the index is ${at.aval}, and must be an integer scalar`,
    );
  }
  if (branches.length === 0) {
    throw new RangeError("Cannot run switch: the list of branches is empty");
  }
  return branch(convertElementType(at, "int32"), branches, operands, "switch");
}
export { switch_ as switch };

function branch<Result>(
  index: NDArray,
  functions: readonly AnyFunction[],
  operands: readonly unknown[],
  label: string,
): Traced<Result> {
  const { arrays, structure } = flattenArrays(
    operands,
    `the operands of ${label}`,
  );
  const avals = arrays.map((x) => x.aval);
  const outs: FlatTree[] = [];
  const stageAll = (wanted: readonly Aval[] | null) =>
    functions.map((f, i) =>
      stage(
        (...args) => {
          const given = unflatten<readonly unknown[]>(structure, args);
          const out = flattenArrays(
            callTraced(f, given),
            `the result of ${label}`,
          );
          outs[i] = out;
          return wanted
            ? out.arrays.map((x, at) => matched(x, wanted[at]!))
            : out.arrays;
        },
        avals,
        `${label} of ${nameOf(f)}`,
      )
    );
  stageAll(null);
  const staged = stageAll(commonAvals(outs, label));
  const { branches, consts } = sharingConsts(staged);
  const results = bind(condP, [index, ...consts, ...arrays], { branches });
  return unflatten(outs[0]!.structure, results);
}

/** The avals that results of all branches shall have: weak types yield to strong ones. */
function commonAvals(
  outs: readonly FlatTree[],
  label: string,
): readonly Aval[] {
  const [first, ...others] = outs;
  const different = others.find((o) => !o.structure.equals(first!.structure));
  if (different) {
    throw new TypeError(
      `Cannot run ${label}: one branch returns ${first!.structure}, another ` +
        `${different.structure}. They must have one structure`,
    );
  }
  return first!.arrays.map((_, at) => {
    const avals = outs.map((o) => o.arrays[at]!.aval);
    const wanted = avals.find((a) => !a.weakType) ?? avals[0]!;
    const wrong = avals.find((a) =>
      !sameShape(a.shape, wanted.shape) ||
      (a.dtype !== wanted.dtype && !a.weakType)
    );
    if (!wrong) return wanted;
    throw new ShapeError(
      `Cannot run ${label}: result ${at} is ${wanted} from one branch and ` +
        `${wrong} from another. They must have one shape and dtype`,
    );
  });
}
