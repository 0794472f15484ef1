/** The primitive of `scan`, with all its rules. */

import type { NDArray } from "../core/array.ts";
import { evalJaxpr, Jaxpr } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import { zerosLike } from "../core/ops/constants.ts";
import { transpose } from "../core/ops/layout.ts";
import { Linear, type Primitive, type Tangent } from "../core/primitive.ts";
import { pruned } from "../core/simplify.ts";
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
import {
  interleaved,
  invariantOutputs,
  loopBody,
  type Masks,
  type ScanParams,
  stackedAval,
  transposedBody,
} from "./_scan_bodies.ts";
import { jvpJaxpr } from "./jvp.ts";
import { splitJaxpr } from "./partial_eval.ts";
import { batchJaxpr } from "./vmap.ts";

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
    const { moving, inSlices, derived } = derivedBody(
      params,
      tangents.map((t) => t !== null),
      (nonzero, instantiate) => jvpJaxpr(jaxpr, { nonzero, instantiate }),
      ({ nonzeroOut }) => nonzeroOut,
    );
    const { jaxpr: both, consts: closed, nonzeroOut } = derived;
    const results = jaxpr.outputs.length - carries;
    const fixed = closed.length + consts;
    const [dConsts, dCarries, dSlices] = parts(tangents, consts, carries);
    const [xConsts, xCarries, xSlices] = parts(primals, consts, carries);
    const started = moving.map((is, i): Tangent =>
      is ? dCarries![i] ?? zerosLike(xCarries![i]!) : null
    );
    const some = (list: readonly Tangent[]) => list.filter((t) => t !== null);
    const counts = [some(dConsts!).length, count(moving)] as const;
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
      consts: fixed + counts[0],
      carries: carries + counts[1],
    });
    const [outCarries, dOutCarries, outResults, dResults] = parts(
      outs,
      carries,
      counts[1],
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
    const { moving, inCarries, inSlices, derived } = derivedBody(
      params,
      mapped,
      (some, forced) => batchJaxpr(jaxpr, { mapped: some, axis, forced }),
      ({ mappedOut }) => mappedOut,
    );
    const { jaxpr: body, mappedOut } = derived;
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
    const { moving, inConsts, inSlices, derived } = derivedBody(
      params,
      inputs.map((x) => trace.isUnknown(x)),
      (unknown, forced) => splitJaxpr(jaxpr, { unknown, forced }),
      ({ unknownOut }) => unknownOut,
    );
    const { known, unknown: rest, unknownOut, residuals } = derived;
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

/**
 * The body derived for a property that some inputs have, such as a tangent or a
 * batch axis, and the carries that have it once it has spread among them.
 */
function derivedBody<Derived>(
  { jaxpr, consts, carries }: ScanParams,
  mask: readonly boolean[],
  derive: (inputs: readonly boolean[], forced: readonly boolean[]) => Derived,
  outputsOf: (derived: Derived) => readonly boolean[],
) {
  const [inConsts, inCarries, inSlices] = parts(mask, consts, carries) as Masks;
  const results = jaxpr.outputs.slice(carries).map(() => false);
  const at = (moving: readonly boolean[]) =>
    derive(
      [...inConsts, ...moving, ...inSlices],
      [...moving, ...results],
    );
  const moving = fixedPoint(
    inCarries,
    (now) => outputsOf(at(now)).slice(0, carries),
  );
  return { inConsts, inCarries, inSlices, moving, derived: at(moving) };
}

/** Exchanges the batch axis and the axis that is scanned. */
function exchanged(x: NDArray): NDArray {
  return transpose(x, [1, 0, ...range(2, x.ndim - 2)]);
}
