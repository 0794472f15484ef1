/** Bodies of loops over trees: staged so that carries come out as they went in. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { scalar } from "../core/ops/constants.ts";
import { stage } from "../core/staging.ts";
import {
  flatten,
  flattenWithPath,
  formatPath,
  type TreeStructure,
  unflatten,
} from "../core/tree.ts";
import {
  asArray,
  flattenArrays,
  type FlatTree,
  matched,
} from "./_arguments.ts";

/** The body of a loop, staged, and initial carries of the dtypes that it needs. */
export interface LoopBody {
  /** From `[...consts, ...carries, ...slices]` to carries and the rest. */
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
export function stageBody(
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
export function flattenCarry(init: unknown, what: string): FlatTree {
  const { leaves, structure } = flatten<unknown, unknown>(init);
  const isInt32 = (leaf: unknown): leaf is number =>
    typeof leaf === "number" && leaf === (leaf | 0) && !Object.is(leaf, -0);
  const arrays = leaves.map((leaf) =>
    isInt32(leaf) ? scalar(leaf, "int32", true) : asArray(leaf, what)
  );
  return { arrays, structure };
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
