/** The primitive of `cond` and `switch`: one of several branches. */

import { NDArray } from "../core/array.ts";
import { isFloating } from "../core/dtype.ts";
import { evalJaxpr, Jaxpr, memoised } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import { broadcastInDim } from "../core/ops/broadcast_sum.ts";
import { compare, select } from "../core/ops/compare.ts";
import { fullLike, zerosLike } from "../core/ops/constants.ts";
import { stopGradient } from "../core/ops/barrier.ts";
import { max, min } from "../core/ops/arithmetic.ts";
import {
  type BatchAxis,
  known,
  Linear,
  type Primitive,
  type Tangent,
} from "../core/primitive.ts";
import { stage, type Staged } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import { merged, unless, where } from "./_jaxprs.ts";
import { jvpJaxpr } from "./jvp.ts";
import { splitJaxpr } from "./partial_eval.ts";
import { transposeJaxpr } from "./transpose.ts";
import { batchJaxpr } from "./vmap.ts";
import { pruned } from "../core/simplify.ts";

/** The first input is an int32, clamped to the number of branches; the others are operands of all. */
export type CondParams = { readonly branches: readonly Jaxpr[] };

/** The primitive of `cond` and `switch`. */
export const condP: Primitive<readonly NDArray[], CondParams> = {
  name: "cond",
  jaxprs: ({ branches }) => branches,
  abstractEval: (_avals, { branches }) => branches[0]!.outAvals,

  jvp: ([index, ...primals], [, ...tangents], { branches }) => {
    const nonzero = tangents.map((t) => t !== null);
    const derivatives = (instantiate: readonly boolean[]) =>
      branches.map((b) => jvpJaxpr(b, { nonzero, instantiate }));
    const none = branches[0]!.outputs.map(() => false);
    const nonzeroOut = union(derivatives(none).map((d) => d.nonzeroOut));
    const { branches: both, consts } = sharingConsts(derivatives(nonzeroOut));
    const along = tangents.filter((t) => t !== null);
    const given = [index!, ...consts, ...primals, ...along];
    const outs = bind(condP, given, { branches: both });
    const size = none.length;
    return [
      outs.slice(0, size),
      merged<Tangent>(nonzeroOut, outs.slice(size), nonzeroOut.map(() => null)),
    ];
  },

  batch: (
    [index, ...operands],
    [isIndexMapped, ...mapped],
    axis,
    { branches },
  ) => {
    if (isIndexMapped) {
      return selectBranch(branches, index!, { operands, mapped, axis });
    }
    const batched = (forced: readonly boolean[]) =>
      branches.map((b) => batchJaxpr(b, { mapped, axis, forced }));
    const none = branches[0]!.outputs.map(() => false);
    const mappedOut = union(batched(none).map((b) => b.mappedOut));
    const outs = bind(condP, [index!, ...operands], {
      branches: batched(mappedOut).map((b) => b.jaxpr),
    });
    return { outs, mapped: mappedOut };
  },

  partialEval: (inputs, params, trace) => {
    const [index, ...operands] = inputs;
    if (trace.isUnknown(index!)) return trace.record(condP, inputs, params);
    const unknown = operands.map((x) => trace.isUnknown(x));
    const splits = (forced: readonly boolean[]) =>
      params.branches.map((b) => splitJaxpr(b, { unknown, forced }));
    const none = params.branches[0]!.outputs.map(() => false);
    const unknownOut = union(splits(none).map((s) => s.unknownOut));
    const halves = splits(unknownOut);
    const knownOuts = unknownOut.filter((is) => !is).length;
    const outs = bind(condP, [index!, ...unless(operands, unknown)], {
      branches: halves.map(({ known }, i) =>
        withResiduals(known, {
          knownOuts,
          own: i,
          all: halves.map((h) => h.known.outAvals.slice(knownOuts)),
        })
      ),
    });
    const recorded = trace.record(condP, [
      index!,
      ...outs.slice(knownOuts),
      ...where(operands, unknown),
    ], {
      branches: halves.map(({ unknown: rest }, i) =>
        fromResiduals(rest, {
          own: i,
          all: halves.map((h) => h.unknown.inAvals.slice(0, h.residuals)),
        })
      ),
    });
    return merged(unknownOut, recorded, outs.slice(0, knownOuts));
  },

  transpose: (cts, inputs, { branches }) => {
    const [index, ...operands] = inputs;
    const linear = operands.map((x) => x instanceof Linear);
    const given = operands.filter((x) => x instanceof NDArray);
    const { branches: transposed, consts } = sharingConsts(
      branches.map((b) => transposeJaxpr(b, { linear })),
    );
    const outs = bind(condP, [known(index!), ...consts, ...given, ...cts], {
      branches: transposed,
    });
    return [null, ...merged<Tangent>(linear, outs, linear.map(() => null))];
  },

  dce: ({ branches }, used) => {
    const kept = branches.map((b) => pruned(b, used));
    const inputs = union(kept.map((k) => k.inputs));
    return {
      params: {
        branches: branches.map((b, i) => {
          const { equations, outputs } = kept[i]!.jaxpr;
          return new Jaxpr(where(b.inputs, inputs), equations, outputs);
        }),
      },
      inputs: [true, ...inputs],
    };
  },

  lowerStep: (block, { inputs: [index, ...operands] }, { branches }) => {
    block.branch(index!, branches, operands);
  },
};

/** Branches that all take the constants of all of them, then their own inputs. */
export function sharingConsts(
  staged: readonly Staged[],
): {
  readonly branches: readonly Jaxpr[];
  readonly consts: readonly NDArray[];
} {
  const consts = staged.flatMap((s) => s.consts);
  if (consts.length === 0) {
    return { branches: staged.map((s) => s.jaxpr), consts };
  }
  let start = 0;
  const branches = staged.map(({ jaxpr, consts: own }) => {
    const [from, to] = [start, start += own.length];
    return stage(
      (...args) =>
        evalJaxpr(jaxpr, [
          ...args.slice(from, to),
          ...args.slice(consts.length),
        ]),
      [...consts.map((x) => x.aval), ...jaxpr.inAvals.slice(own.length)],
      "a branch of cond",
    ).jaxpr;
  });
  return { branches, consts };
}

function union(masks: readonly (readonly boolean[])[]): readonly boolean[] {
  return masks[0]!.map((_, i) => masks.some((mask) => mask[i]));
}

/**
 * Evaluates all branches and takes, in each lane, the result of one. In the
 * other lanes a branch sees its operands as constants: whatever its derivative
 * is there, even NaN, does not reach them. So every operand that may have a
 * derivative is given to each lane.
 */
function selectBranch(
  branches: readonly Jaxpr[],
  index: NDArray,
  { operands, mapped, axis }: {
    readonly operands: readonly NDArray[];
    readonly mapped: readonly boolean[];
    readonly axis: BatchAxis;
  },
): readonly NDArray[] {
  const last = fullLike(index, branches.length - 1);
  const chosen = min(max(index, zerosLike(index)), last);
  const lanes = (x: NDArray, i: number) =>
    broadcastInDim(compare("eq", chosen, fullLike(chosen, i)), x.shape, [0]);
  const inLanes = operands.map((x, at) => mapped[at]! || isFloating(x.dtype));
  const given = operands.map((x, at) =>
    inLanes[at] ? leading(x, mapped[at]!, axis.size) : x
  );
  return branches.map((branch, i) => {
    const forced = branch.outputs.map(() => true);
    const { jaxpr } = batchJaxpr(branch, { mapped: inLanes, axis, forced });
    const guarded = given.map((x) =>
      isFloating(x.dtype) ? select(lanes(x, i), x, stopGradient(x)) : x
    );
    return evalJaxpr(jaxpr, guarded);
  }).reduce((before, outs, i) =>
    outs.map((x, at) => select(lanes(x, i), x, before[at]!))
  );
}

/** The known half of a branch, with zeros in place of the residuals of the others. */
const withResiduals: (
  known: Jaxpr,
  key: {
    readonly knownOuts: number;
    readonly own: number;
    readonly all: readonly (readonly NDArray["aval"][])[];
  },
) => Jaxpr = memoised((known, { knownOuts, own, all }) =>
  stage(
    (...args) => {
      const outs = evalJaxpr(known, args);
      const residuals = all.flatMap((avals, i) =>
        i === own
          ? outs.slice(knownOuts)
          : avals.map((aval) => zerosLike({ aval }))
      );
      return [...outs.slice(0, knownOuts), ...residuals];
    },
    known.inAvals,
    "a branch of cond",
  ).jaxpr
);

/** The unknown half of a branch, as a function of the residuals of all of them. */
const fromResiduals: (
  rest: Jaxpr,
  key: {
    readonly own: number;
    readonly all: readonly (readonly NDArray["aval"][])[];
  },
) => Jaxpr = memoised((rest, { own, all }) => {
  const size = all[own]!.length;
  const start = all.slice(0, own).reduce((n, avals) => n + avals.length, 0);
  const total = all.reduce((n, avals) => n + avals.length, 0);
  return stage(
    (...args) =>
      evalJaxpr(rest, [
        ...args.slice(start, start + size),
        ...args.slice(total),
      ]),
    [...all.flat(), ...rest.inAvals.slice(size)],
    "a branch of cond",
  ).jaxpr;
});
