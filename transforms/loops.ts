/** Loops and branches as users write them: over trees. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { add } from "../core/ops/addition.ts";
import { compare } from "../core/ops/compare.ts";
import { scalar } from "../core/ops/constants.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import {
  flatten,
  flattenWithPath,
  formatPath,
  type TreeStructure,
  unflatten,
} from "../core/tree.ts";
import {
  type AnyFunction,
  asArray,
  callTraced,
  flattenArrays,
  type FlatTree,
  named,
  nameOf,
} from "./_arguments.ts";
import { condP, sharingConsts } from "./cond.ts";
import { scanP } from "./scan.ts";
import { whileP } from "./while.ts";

/** The body of a loop, staged, and initial carries of the dtypes that it needs. */
interface LoopBody {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly carries: readonly NDArray[];
  /** Structure of what the body returns besides the carry. */
  readonly rest: TreeStructure;
}

/**
 * Stages `body`, a function from carry and slices to a carry and something
 * else. Where only one of the carries that go in and come out is weakly typed,
 * it takes the dtype of the other.
 */
function stageBody(
  body: (
    carry: unknown,
    ...slices: NDArray[]
  ) => readonly [carry: unknown, rest: unknown],
  init: FlatTree,
  slices: readonly Aval[],
  label: string,
): LoopBody {
  let carries = init.arrays;
  for (;;) {
    let rest: TreeStructure | null = null;
    let outs: readonly NDArray[] = [];
    const avals = carries.map((x) => x.aval);
    const { jaxpr, consts } = stage(
      (...args) => {
        const carry = unflatten(init.structure, args.slice(0, avals.length));
        const [next, other] = body(carry, ...args.slice(avals.length));
        const nextCarry = flattenArrays(next, `the carry of ${label}`);
        requireStructure(nextCarry, init, label);
        outs = nextCarry.arrays;
        const results = flattenArrays(other, `the result of ${label}`);
        rest = results.structure;
        return [
          ...outs.map((x, i) =>
            x.weakType || x.dtype === avals[i]!.dtype
              ? matched(x, avals[i]!)
              : x
          ),
          ...results.arrays,
        ];
      },
      [...avals, ...slices],
      label,
    );
    const stronger = carries.map((x, i) =>
      x.weakType ? matched(x, outs[i]!.aval) : x
    );
    if (stronger.every((x, i) => x.aval === avals[i])) {
      requireAvals(jaxpr.outAvals, avals, init, label);
      return { jaxpr, consts, carries, rest: rest! };
    }
    carries = stronger;
  }
}

/**
 * The arrays of an initial carry. A whole number is a weakly typed int32: the
 * body makes a float of it where it combines it with floats.
 */
function flattenCarry(init: unknown, what: string): FlatTree {
  const { leaves, structure } = flatten<unknown, unknown>(init);
  const isInt32 = (leaf: unknown): leaf is number =>
    typeof leaf === "number" && leaf === (leaf | 0) && !Object.is(leaf, -0);
  const arrays = leaves.map((leaf) =>
    isInt32(leaf) ? scalar(leaf, "int32", true) : asArray(leaf, what)
  );
  return { arrays, structure };
}

/** `x` with the dtype and weak type of a partner. */
function matched(x: NDArray, { dtype, weakType }: Aval): NDArray {
  return x.dtype === dtype && x.weakType === weakType
    ? x
    : convertElementType(x, dtype, weakType);
}

function requireStructure(next: FlatTree, init: FlatTree, label: string): void {
  if (next.structure.equals(init.structure)) return;
  throw new TypeError(
    `Cannot run ${label}: the carry goes in as ${init.structure} and comes ` +
      `out as ${next.structure}. They must have one structure`,
  );
}

function requireAvals(
  outs: readonly Aval[],
  ins: readonly Aval[],
  init: FlatTree,
  label: string,
): void {
  const at = ins.findIndex((aval, i) =>
    outs[i]!.with({ weakType: aval.weakType }) !== aval
  );
  if (at < 0) return;
  const tree = unflatten<unknown>(init.structure, init.arrays);
  const path = formatPath(flattenWithPath(tree).leaves[at]![0], "carry");
  throw new ShapeError(
    `Cannot run ${label}: ${path} goes in as ${ins[at]} and comes out as ` +
      `${outs[at]}. They must have one shape and dtype`,
  );
}

/** Options of `scan`. */
export interface ScanOptions {
  /** Number of steps, where `xs` has no arrays. */
  readonly length?: number;
  /** From the last element to the first; results are stacked in place. */
  readonly reverse?: boolean;
}

/**
 * Folds `f` over the first axis of `xs`, carrying a value: `[carry, ys]`.
 *
 * `f(carry, x)` returns `[carry, y]`; the carry keeps its structure, shapes and
 * dtypes, and the results `y` are stacked along a new first axis. Traced once
 * and run as a loop; differentiable in both modes. As `jax.lax.scan`.
 *
 * @throws {ShapeError} If arrays of `xs` differ in length, or a carry changes shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const [total, partial] = lax.scan((sum, x) => {
 *   const next = np.add(sum, x);
 *   return [next, next];
 * }, 0, np.array([1, 2, 3]));
 * assertEquals([total.js(), partial.js()], [6, [1, 3, 6]]);
 * ```
 */
export function scan(
  f: AnyFunction,
  init: unknown,
  xs: unknown,
  { length, reverse = false }: ScanOptions = {},
): [carry: unknown, ys: unknown] {
  const label = `scan of ${nameOf(f)}`;
  const carry = flattenCarry(init, `the carry of ${label}`);
  const stacked = flattenArrays(xs, `the xs of ${label}`);
  const steps = stepsOf(stacked.arrays, length, label);
  const slices = stacked.arrays.map(({ aval }) =>
    aval.with({ shape: aval.shape.slice(1) })
  );
  const body = stageBody(
    (state, ...items) => {
      const result = callTraced(f, [
        state,
        unflatten(stacked.structure, items),
      ]);
      if (Array.isArray(result) && result.length === 2) {
        return result as [
          unknown,
          unknown,
        ];
      }
      throw new TypeError(
        `Cannot run ${label}: the function must return [carry, y]`,
      );
    },
    carry,
    slices,
    label,
  );
  const outs = bind(
    scanP,
    [...body.consts, ...body.carries, ...stacked.arrays],
    {
      jaxpr: body.jaxpr,
      consts: body.consts.length,
      carries: body.carries.length,
      length: steps,
      reverse,
    },
  );
  const split = body.carries.length;
  return [
    unflatten(carry.structure, outs.slice(0, split)),
    unflatten(body.rest, outs.slice(split)),
  ];
}

function stepsOf(
  arrays: readonly NDArray[],
  length: number | undefined,
  label: string,
): number {
  const lengths = new Set(arrays.map((x) => x.shape[0]));
  if (length !== undefined) lengths.add(length);
  const [steps] = lengths;
  if (lengths.size === 1 && steps !== undefined) return steps;
  const shapes = arrays.map((x) => `[${x.shape}]`).join(", ");
  throw new ShapeError(
    lengths.size === 0
      ? `Cannot run ${label}: xs has no arrays, so the number of steps is unknown. Give { length }`
      : `Cannot run ${label}: the first axes of xs (${shapes}) and length ` +
        `${length ?? "(not given)"} must agree`,
  );
}

/**
 * Applies `f` to each element of the first axis, one after the other.
 *
 * As `jax.lax.map`: like `vmap`, but in constant memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(lax.map((x) => np.square(x), np.array([1, 2, 3])).js(), [1, 4, 9]);
 * ```
 */
export function map(f: AnyFunction, xs: unknown): unknown {
  const each = (_: unknown, x: unknown) => [null, callTraced(f, [x])];
  return scan(named(f, each), null, xs)[1];
}

/**
 * Runs `body` as long as `condition` holds: the last value.
 *
 * The value keeps its structure, shapes and dtypes. Forward mode only; under
 * `vmap`, lanes that are done keep their values. As `jax.lax.while_loop`.
 *
 * @throws {ShapeError} If the condition is not one bool, or the value changes shape or dtype.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const y = lax.whileLoop((x) => np.less(x, 100), (x) => np.multiply(x, 2), 3);
 * assertEquals(y.item(), 192);
 * ```
 */
export function whileLoop(
  condition: AnyFunction,
  body: AnyFunction,
  init: unknown,
): unknown {
  const label = `whileLoop of ${nameOf(body)}`;
  const carry = flattenCarry(init, `the value of ${label}`);
  const staged = stageBody(
    (value) => [callTraced(body, [value]), null],
    carry,
    [],
    label,
  );
  const cond = stage(
    (...args) => {
      const result = callTraced(condition, [unflatten(carry.structure, args)]);
      return [requireBool(asArray(result, `the condition of ${label}`), label)];
    },
    staged.carries.map((x) => x.aval),
    `the condition of ${label}`,
  );
  const outs = bind(whileP, [
    ...cond.consts,
    ...staged.consts,
    ...staged.carries,
  ], {
    cond: cond.jaxpr,
    condConsts: cond.consts.length,
    body: staged.jaxpr,
    bodyConsts: staged.consts.length,
  });
  return unflatten(carry.structure, outs);
}

function requireBool(x: NDArray, label: string): NDArray {
  if (x.ndim === 0 && x.dtype === "bool") return x;
  throw new ShapeError(
    `Cannot run ${label}: the condition is ${x.aval}, and must be one bool. ` +
      `Compare, or reduce with all() or any()`,
  );
}

/**
 * Runs `body(i, value)` for `i` from `lower` to `upper - 1`: the last value.
 *
 * With bounds that are JavaScript numbers it is differentiable in both modes;
 * with arrays as bounds, in forward mode. As `jax.lax.fori_loop`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, lax, numpy as np } from "@dinograd/dinograd";
 *
 * const cube = (x) => lax.foriLoop(0, 3, (_, y) => np.multiply(y, x), 1);
 * assertEquals(cube(2).item(), 8);
 * assertEquals(grad(cube)(2).item(), 12);
 * ```
 */
export function foriLoop(
  lower: number | NDArray,
  upper: number | NDArray,
  body: AnyFunction,
  init: unknown,
): unknown {
  const one = scalar(1, "int32");
  if (typeof lower === "number" && typeof upper === "number") {
    const step = ([i, value]: [NDArray, unknown]) => [
      [add(i, one), callTraced(body, [i, value])],
      null,
    ];
    const length = Math.max(0, Math.trunc(upper) - Math.trunc(lower));
    const start = scalar(Math.trunc(lower), "int32");
    const [last] = scan(named(body, step), [start, init], null, { length });
    return (last as [NDArray, unknown])[1];
  }
  const [start, end] = [lower, upper].map((x) =>
    convertElementType(asArray(x, "the bounds of foriLoop"), "int32")
  );
  const last = whileLoop(
    ([i]: [NDArray, unknown]) => compare("lt", i, end!),
    named(body, ([i, value]: [NDArray, unknown]) => [
      add(i, one),
      callTraced(body, [i, value]),
    ]),
    [start, init],
  );
  return (last as [NDArray, unknown])[1];
}

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
 * import { lax, numpy as np } from "@dinograd/dinograd";
 *
 * const f = (x) => lax.cond(np.less(x, 0), (x) => np.negative(x), (x) => np.sqrt(x), x);
 * assertEquals([f(-3).item(), f(4).item()], [3, 2]);
 * ```
 */
export function cond(
  predicate: unknown,
  onTrue: AnyFunction,
  onFalse: AnyFunction,
  ...operands: readonly unknown[]
): unknown {
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
 * const branches = [(x) => np.negative(x), (x) => np.square(x)];
 * assertEquals(lax.switch(np.array(1, { dtype: "int32" }), branches, 3).item(), 9);
 * ```
 */
function switch_(
  index: unknown,
  branches: readonly AnyFunction[],
  ...operands: readonly unknown[]
): unknown {
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

function branch(
  index: NDArray,
  functions: readonly AnyFunction[],
  operands: readonly unknown[],
  label: string,
): unknown {
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
      String(a.shape) !== String(wanted.shape) ||
      (a.dtype !== wanted.dtype && !a.weakType)
    );
    if (!wrong) return wanted;
    throw new ShapeError(
      `Cannot run ${label}: result ${at} is ${wanted} from one branch and ` +
        `${wrong} from another. They must have one shape and dtype`,
    );
  });
}
