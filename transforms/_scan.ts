/** The primitive of `scan`: its rules, and the pattern of its inputs. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { evalJaxpr, Jaxpr, memoised } from "../core/jaxpr.ts";
import { add } from "../core/ops/addition.ts";
import { leading } from "../core/ops/_define.ts";
import { sub } from "../core/ops/arithmetic.ts";
import { scalar, zerosLike } from "../core/ops/constants.ts";
import { dynamicSlice, dynamicUpdateSlice } from "../core/ops/dynamic.ts";
import { reshape, transpose } from "../core/ops/layout.ts";
import { Linear, type Primitive, type Tangent } from "../core/primitive.ts";
import { pruned } from "../core/simplify.ts";
import { stage, type Staged } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import {
  count,
  fixedPoint,
  merged,
  parts,
  range,
  reordered,
  unless,
  where,
} from "./_jaxprs.ts";
import { jvpJaxpr } from "./jvp.ts";
import { splitJaxpr } from "./partial_eval.ts";
import { backwardMixed } from "./transpose.ts";
import { batchJaxpr } from "./vmap.ts";

/**
 * The body is a jaxpr from `[...consts, ...carries, ...slices]` to
 * `[...carries, ...slices of results]`; the equation's own inputs are
 * `[...consts, ...carries, ...stacked]`.
 */
export type ScanParams = {
  readonly jaxpr: Jaxpr;
  readonly consts: number;
  readonly carries: number;
  readonly length: number;
  readonly reverse: boolean;
};

/** The primitive of `scan`. */
export const scanP: Primitive<readonly NDArray[], ScanParams> = {
  name: "scan",
  jaxprs: ({ jaxpr }) => [jaxpr],
  abstractEval: (_avals, { jaxpr, carries, length }) =>
    jaxpr.outAvals.map((aval, i) =>
      i < carries ? aval : stackedAval(aval, length)
    ),

  jvp: (primals, tangents, params) => {
    const { jaxpr, consts, carries } = params;
    const nonzero = tangents.map((t) => t !== null);
    const [inConsts, inCarries, inSlices] = parts(
      nonzero,
      consts,
      carries,
    ) as Masks;
    const results = jaxpr.outputs.length - carries;
    const derivative = (moving: readonly boolean[]) =>
      jvpJaxpr(jaxpr, {
        nonzero: [...inConsts, ...moving, ...inSlices],
        instantiate: [...moving, ...new Array<boolean>(results).fill(false)],
      });
    const moving = fixedPoint(
      inCarries,
      (now) => derivative(now).nonzeroOut.slice(0, carries),
    );
    const { jaxpr: both, consts: closed, nonzeroOut } = derivative(moving);
    const fixed = closed.length + consts;
    const [dConsts, dCarries, dSlices] = parts(tangents, consts, carries);
    const [xConsts, xCarries, xSlices] = parts(primals, consts, carries);
    const started = moving.map((is, i): Tangent =>
      is ? dCarries![i] ?? zerosLike(xCarries![i]!) : null
    );
    const some = (list: readonly Tangent[]) => list.filter((t) => t !== null);
    const counts = [some(dConsts!).length, count(moving)];
    const body = interleaved(both, [fixed, carries, inSlices.length], counts, [
      carries,
      results,
    ]);
    const outs = bind(scanP, [
      ...closed,
      ...xConsts!,
      ...some(dConsts!),
      ...xCarries!,
      ...some(started),
      ...xSlices!,
      ...some(dSlices!),
    ], {
      ...params,
      jaxpr: body,
      consts: fixed + counts[0]!,
      carries: carries + counts[1]!,
    });
    const [outCarries, dOutCarries, outResults, dResults] = parts(
      outs,
      carries,
      counts[1]!,
      results,
    );
    return [
      [...outCarries!, ...outResults!],
      merged(
        nonzeroOut,
        [...dOutCarries!, ...dResults!],
        nonzeroOut.map(() => null),
      ),
    ];
  },

  batch: (inputs, mapped, axis, params) => {
    const { jaxpr, consts, carries } = params;
    const [inConsts, inCarries, inSlices] = parts(
      mapped,
      consts,
      carries,
    ) as Masks;
    const results = jaxpr.outputs.length - carries;
    const batched = (moving: readonly boolean[]) =>
      batchJaxpr(jaxpr, {
        mapped: [...inConsts, ...moving, ...inSlices],
        axis,
        forced: [...moving, ...new Array<boolean>(results).fill(false)],
      });
    const moving = fixedPoint(
      inCarries,
      (now) => batched(now).mappedOut.slice(0, carries),
    );
    const { jaxpr: body, mappedOut } = batched(moving);
    const [xConsts, xCarries, xSlices] = parts(inputs, consts, carries);
    const outs = bind(scanP, [
      ...xConsts!,
      ...xCarries!.map((x, i) =>
        moving[i] ? leading(x, inCarries[i]!, axis.size) : x
      ),
      ...xSlices!.map((x, i) => inSlices[i] ? exchanged(x) : x),
    ], { ...params, jaxpr: body });
    return {
      outs: outs.map((x, i) => i >= carries && mappedOut[i] ? exchanged(x) : x),
      mapped: mappedOut,
    };
  },

  partialEval: (inputs, params, trace) => {
    const { jaxpr, consts, carries } = params;
    const unknown = inputs.map((x) => trace.isUnknown(x));
    const [inConsts, inCarries, inSlices] = parts(
      unknown,
      consts,
      carries,
    ) as Masks;
    const results = jaxpr.outputs.length - carries;
    const splitAt = (moving: readonly boolean[]) =>
      splitJaxpr(jaxpr, {
        unknown: [...inConsts, ...moving, ...inSlices],
        forced: [...moving, ...new Array<boolean>(results).fill(false)],
      });
    const moving = fixedPoint(
      inCarries,
      (now) => splitAt(now).unknownOut.slice(0, carries),
    );
    const { known, unknown: rest, unknownOut, residuals } = splitAt(moving);
    const [xConsts, xCarries, xSlices] = parts(inputs, consts, carries);

    // Residuals that are the same in every iteration are computed once, outside.
    const fixedCount = consts - count(inConsts);
    const knownOuts = known.outputs.length - residuals;
    const fixed = invariantOutputs(known, fixedCount).slice(knownOuts);
    const given = [xConsts!, xCarries!, xSlices!];
    const ofKnown = [inConsts, moving, inSlices].flatMap((mask, i) =>
      unless(given[i]!, mask)
    );
    const once = pruned(known, [
      ...new Array<boolean>(knownOuts).fill(false),
      ...fixed,
    ]);
    const fixedResiduals = evalJaxpr(once.jaxpr, where(ofKnown, once.inputs));
    const loop = reordered(known, range(0, known.inputs.length), [
      ...range(0, knownOuts),
      ...unless(range(knownOuts, residuals), fixed),
    ]);
    const outs = bind(scanP, ofKnown, {
      ...params,
      jaxpr: loop,
      consts: fixedCount,
      carries: carries - count(moving),
    });
    const stacked = outs.slice(knownOuts);

    // Unknown body: residuals of both kinds come first; stacked ones become slices.
    const n = residuals;
    const [uConsts, uCarries] = [count(inConsts), count(moving)];
    const body = reordered(rest, [
      ...where(range(0, n), fixed),
      ...range(n, uConsts + uCarries),
      ...unless(range(0, n), fixed),
      ...range(
        n + uConsts + uCarries,
        rest.inputs.length - n - uConsts - uCarries,
      ),
    ], range(0, rest.outputs.length));
    const recorded = trace.record(scanP, [
      ...fixedResiduals,
      ...where(xConsts!, inConsts),
      ...where(xCarries!, moving),
      ...stacked,
      ...where(xSlices!, inSlices),
    ], {
      ...params,
      jaxpr: body,
      consts: fixedResiduals.length + uConsts,
      carries: uCarries,
    });
    return merged(unknownOut, recorded, outs.slice(0, knownOuts));
  },

  transpose: (cts, inputs, params) => {
    const { jaxpr, consts, carries } = params;
    // A carry that starts from a known value, a zero tangent, is linear all the same.
    const linear = inputs.map((x, i) =>
      x instanceof Linear || (i >= consts && i < consts + carries)
    );
    const [inConsts, , inSlices] = parts(linear, consts, carries) as Masks;
    const [xConsts, , xSlices] = parts(inputs, consts, carries);
    const body = transposedBody(jaxpr, { linear, consts, carries });
    const known = unless(xConsts!, inConsts) as readonly NDArray[];
    const linearConsts = where(xConsts!, inConsts) as readonly Linear[];
    const [ctCarries, ctResults] = parts(cts, carries);
    const outs = bind(scanP, [
      ...body.consts,
      ...known,
      ...linearConsts.map(zerosLike),
      ...ctCarries!,
      ...unless(xSlices!, inSlices) as readonly NDArray[],
      ...ctResults!,
    ], {
      ...params,
      jaxpr: body.jaxpr,
      consts: body.consts.length + known.length,
      carries: linearConsts.length + carries,
      reverse: !params.reverse,
    });
    return merged<Tangent>(linear, outs, linear.map(() => null));
  },

  dce: (params, used) => {
    const { jaxpr, consts, carries } = params;
    const results = used.slice(carries);
    const needed = (kept: readonly boolean[]) =>
      pruned(jaxpr, [...kept, ...results]);
    const kept = fixedPoint(
      used.slice(0, carries),
      (now) => needed(now).inputs.slice(consts, consts + carries),
    );
    const { jaxpr: body, inputs } = needed(kept);
    // A carry that comes out goes in, even if the body does not read it.
    const keptInputs = [
      ...inputs.slice(0, consts),
      ...kept,
      ...inputs.slice(consts + carries),
    ];
    return {
      params: {
        ...params,
        jaxpr: new Jaxpr(
          where(jaxpr.inputs, keptInputs),
          body.equations,
          body.outputs,
        ),
        consts: count(inputs.slice(0, consts)),
        carries: count(kept),
      },
      inputs: keptInputs,
      outputs: [...kept, ...results],
    };
  },

  lowerStep: (block, { inputs, outputs }, params) => {
    const { consts, carries, length } = params;
    const [xConsts, xCarries, xSlices] = parts(inputs, consts, carries);
    const targets = outputs.map((_, i) => block.output(i));
    if (length === 0) {
      return xCarries!.forEach((x, i) => block.copy(x, targets[i]!));
    }
    block.loop({
      count: length,
      condition: null,
      counter: true,
      body: loopBody(params.jaxpr, params),
      consts: [...xConsts!, ...xSlices!],
      carries: [...xCarries!, ...outputs.slice(carries).map(() => null)],
    }, targets);
  },
};

type Masks = [readonly boolean[], readonly boolean[], readonly boolean[]];

function stackedAval(aval: Aval, length: number): Aval {
  return aval.with({ shape: [length, ...aval.shape] });
}

/** Exchanges the batch axis and the axis that is scanned. */
function exchanged(x: NDArray): NDArray {
  return transpose(x, [1, 0, ...range(2, x.ndim - 2)]);
}

/** Puts the tangents of consts, carries and slices behind their primals. */
function interleaved(
  both: Jaxpr,
  [consts, carries, slices]:
    | readonly [number, number, number]
    | readonly number[],
  [dConsts, dCarries]: readonly number[],
  [outCarries, outResults]: readonly number[],
): Jaxpr {
  const primals = consts! + carries! + slices!;
  const dSlices = both.inputs.length - primals - dConsts! - dCarries!;
  const outs = outCarries! + outResults!;
  const dResults = both.outputs.length - outs - dCarries!;
  return reordered(both, [
    ...range(0, consts!),
    ...range(primals, dConsts!),
    ...range(consts!, carries!),
    ...range(primals + dConsts!, dCarries!),
    ...range(consts! + carries!, slices!),
    ...range(primals + dConsts! + dCarries!, dSlices),
  ], [
    ...range(0, outCarries!),
    ...range(outs, dCarries!),
    ...range(outCarries!, outResults!),
    ...range(outs + dCarries!, dResults),
  ]);
}

/** Which outputs depend on the first `fixed` inputs only. */
function invariantOutputs(jaxpr: Jaxpr, fixed: number): readonly boolean[] {
  const varying = new Set<unknown>(jaxpr.inputs.slice(fixed));
  for (const { inputs, outputs } of jaxpr.equations) {
    if (inputs.some((a) => varying.has(a))) {
      outputs.forEach((v) => varying.add(v));
    }
  }
  return jaxpr.outputs.map((a) => !varying.has(a));
}

/** The body of the reversed loop that carries cotangents. */
const transposedBody: (
  jaxpr: Jaxpr,
  key: {
    readonly linear: readonly boolean[];
    readonly consts: number;
    readonly carries: number;
  },
) => Staged = memoised((jaxpr, { linear, consts, carries }) => {
  const [inConsts, , inSlices] = parts(linear, consts, carries) as Masks;
  const [cAvals, , sAvals] = parts(jaxpr.inAvals, consts, carries);
  const avals = [
    ...unless(cAvals!, inConsts),
    ...where(cAvals!, inConsts),
    ...jaxpr.outAvals.slice(0, carries),
    ...unless(sAvals!, inSlices),
    ...jaxpr.outAvals.slice(carries),
  ];
  const counts = [
    consts - count(inConsts),
    count(inConsts),
    carries,
    inSlices.length - count(inSlices),
  ];
  return stage(
    (...args) => {
      const [fixed, sums, ctCarries, slices, ctResults] = parts(
        args,
        ...counts,
      );
      const known = merged(
        linear,
        where(jaxpr.inAvals, linear).map((aval) =>
          new Linear(aval)
        ) as readonly (NDArray | Linear)[],
        [...fixed!, ...slices!],
      );
      const cts = backwardMixed(jaxpr, known, [...ctCarries!, ...ctResults!])
        .map((ct, i) =>
          ct ?? (linear[i] ? zerosLike({ aval: jaxpr.inAvals[i]! }) : null)
        );
      const [ofConsts, ofCarries, ofSlices] = parts(cts, consts, carries);
      return [
        ...(where(ofConsts!, inConsts) as readonly NDArray[]).map((ct, i) =>
          add(sums![i]!, ct)
        ),
        ...ofCarries as readonly NDArray[],
        ...where(ofSlices!, inSlices) as readonly NDArray[],
      ];
    },
    avals,
    "the transpose of scan",
  );
});

/** The body as a loop runs it: slices are read, and results stored, in place. */
const loopBody: (jaxpr: Jaxpr, params: Omit<ScanParams, "jaxpr">) => Jaxpr =
  memoised(
    (jaxpr, { consts, carries, length, reverse }) => {
      const [cAvals, kAvals, sAvals] = parts(jaxpr.inAvals, consts, carries);
      const results = jaxpr.outAvals.slice(carries);
      const avals = [
        scalar(0, "int32").aval,
        ...cAvals!,
        ...sAvals!.map((aval) => stackedAval(aval, length)),
        ...kAvals!,
        ...results.map((aval) => stackedAval(aval, length)),
      ];
      return stage(
        (counter, ...args) => {
          const [fixed, stacked, moving, stores] = parts(
            args,
            consts,
            sAvals!.length,
            carries,
          );
          const at = reverse
            ? sub(scalar(length - 1, "int32"), counter!)
            : counter!;
          const place = (x: NDArray) => [
            at,
            ...range(1, x.ndim - 1).map(() => scalar(0, "int32")),
          ];
          const slices = stacked!.map((x) =>
            reshape(
              dynamicSlice(x, place(x), [1, ...x.shape.slice(1)]),
              x.shape.slice(1),
            )
          );
          const outs = evalJaxpr(jaxpr, [...fixed!, ...moving!, ...slices]);
          return [
            ...outs.slice(0, carries),
            ...outs.slice(carries).map((y, i) => {
              const store = stores![i]!;
              return dynamicUpdateSlice(
                store,
                reshape(y, [1, ...y.shape]),
                place(store),
              );
            }),
          ];
        },
        avals,
        "the body of scan",
      ).jaxpr;
    },
  );
