/** The primitive of `whileLoop`: runs as long as a condition holds. */

import type { NDArray } from "../core/array.ts";
import { evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import { broadcastInDim } from "../core/ops/broadcast_sum.ts";
import { select } from "../core/ops/compare.ts";
import { zerosLike } from "../core/ops/constants.ts";
import { reduceOr } from "../core/ops/extrema.ts";
import type { BatchAxis, Primitive, Tangent } from "../core/primitive.ts";
import { stage } from "../core/staging.ts";
import { bind } from "../core/trace.ts";
import {
  count,
  fixedPoint,
  merged,
  parts,
  range,
  reordered,
  unless,
} from "./_jaxprs.ts";
import { jvpJaxpr } from "./jvp.ts";
import { splitJaxpr } from "./partial_eval.ts";
import { batchJaxpr } from "./vmap.ts";

/**
 * `cond` is a jaxpr from `[...condConsts, ...carries]` to a bool, `body` one
 * from `[...bodyConsts, ...carries]` to carries; the equation's inputs are
 * `[...condConsts, ...bodyConsts, ...carries]`.
 */
export type WhileParams = {
  readonly cond: Jaxpr;
  readonly condConsts: number;
  readonly body: Jaxpr;
  readonly bodyConsts: number;
};

/** The primitive of `whileLoop`. Forward mode only: the number of steps is not known. */
export const whileP: Primitive<readonly NDArray[], WhileParams> = {
  name: "while",
  jaxprs: ({ cond, body }) => [cond, body],
  abstractEval: (_avals, { body }) => body.outAvals,

  jvp: (primals, tangents, { cond, condConsts, body, bodyConsts }) => {
    const nonzero = tangents.map((t) => t !== null);
    const [, inConsts, inCarries] = parts(nonzero, condConsts, bodyConsts);
    const carries = inCarries!.length;
    const derivative = (moving: readonly boolean[]) =>
      jvpJaxpr(body, {
        nonzero: [...inConsts!, ...moving],
        instantiate: moving,
      });
    const moving = fixedPoint(inCarries!, (now) => derivative(now).nonzeroOut);
    const { jaxpr: both, consts } = derivative(moving);
    const [xCond, xBody, xCarries] = parts(primals, condConsts, bodyConsts);
    const [, dBody, dCarries] = parts(tangents, condConsts, bodyConsts);
    const along = dBody!.filter((t) => t !== null);
    const started = moving.flatMap((is, i) =>
      is ? [dCarries![i] ?? zerosLike(xCarries![i]!)] : []
    );
    const fixed = consts.length + bodyConsts;
    const primalCount = fixed + carries;
    const outs = bind(whileP, [
      ...xCond!,
      ...consts,
      ...xBody!,
      ...along,
      ...xCarries!,
      ...started,
    ], {
      cond: ignoring(cond, {
        at: condConsts + carries,
        avals: started.map((x) => x.aval),
      }),
      condConsts,
      body: reordered(both, [
        ...range(0, fixed),
        ...range(primalCount, along.length),
        ...range(fixed, carries),
        ...range(primalCount + along.length, started.length),
      ], range(0, both.outputs.length)),
      bodyConsts: fixed + along.length,
    });
    return [
      outs.slice(0, carries),
      merged<Tangent>(moving, outs.slice(carries), moving.map(() => null)),
    ];
  },

  batch: (inputs, mapped, axis, params) => {
    const { cond, condConsts, body, bodyConsts } = params;
    const [inCond, inBody, inCarries] = parts(mapped, condConsts, bodyConsts);
    const isMapped = (moving: readonly boolean[]) =>
      batchJaxpr(cond, {
        mapped: [...inCond!, ...moving],
        axis,
        forced: [false],
      }).mappedOut[0]!;
    const bodyAt = (moving: readonly boolean[]) =>
      batchJaxpr(body, {
        mapped: [...inBody!, ...moving],
        axis,
        forced: moving,
      });
    // A condition that differs between lanes makes every carry differ.
    const moving = fixedPoint(
      inCarries!,
      (now) => bodyAt(now).mappedOut.map((is) => is || isMapped(now)),
    );
    const [xCond, xBody, xCarries] = parts(inputs, condConsts, bodyConsts);
    const started = xCarries!.map((x, i) =>
      moving[i] ? leading(x, inCarries![i]!, axis.size) : x
    );
    const condAt = batchJaxpr(cond, {
      mapped: [...inCond!, ...moving],
      axis,
      forced: [false],
    });
    const outs = isMapped(moving)
      ? bind(whileP, [...xCond!, ...xCond!, ...xBody!, ...started], {
        cond: anyLane(condAt.jaxpr, null),
        condConsts,
        body: frozen(bodyAt(moving).jaxpr, {
          cond: condAt.jaxpr,
          condConsts,
          bodyConsts,
          axis,
        }),
        bodyConsts: condConsts + bodyConsts,
      })
      : bind(whileP, [...xCond!, ...xBody!, ...started], {
        ...params,
        cond: condAt.jaxpr,
        body: bodyAt(moving).jaxpr,
      });
    return { outs, mapped: moving };
  },

  // What is known is computed by a loop of its own; the recorded one repeats it.
  partialEval: (inputs, params, trace) => {
    const { cond, condConsts, body, bodyConsts } = params;
    const unknown = inputs.map((x) => trace.isUnknown(x));
    const [inCond, inBody, inCarries] = parts(unknown, condConsts, bodyConsts);
    const splitAt = (moving: readonly boolean[]) =>
      splitJaxpr(body, { unknown: [...inBody!, ...moving], forced: moving });
    const moving = fixedPoint(inCarries!, (now) => splitAt(now).unknownOut);
    const condNeeds = splitJaxpr(cond, {
      unknown: [...inCond!, ...moving],
      forced: [false],
    });
    const recorded = trace.record(whileP, inputs, params);
    if (condNeeds.unknownOut[0]) return recorded;
    const { known } = splitAt(moving);
    const [xCond, xBody, xCarries] = parts(inputs, condConsts, bodyConsts);
    const knownCarries = moving.length - count(moving);
    const outs = bind(whileP, [
      ...xCond!,
      ...unless(xBody!, inBody!),
      ...unless(xCarries!, moving),
    ], {
      cond: reordered(
        condNeeds.known,
        range(0, condNeeds.known.inputs.length),
        [0],
      ),
      condConsts,
      body: reordered(
        known,
        range(0, known.inputs.length),
        range(0, knownCarries),
      ),
      bodyConsts: bodyConsts - count(inBody!),
    });
    return merged(moving, recorded.filter((_, i) => moving[i]), outs);
  },

  transpose: () => {
    throw new TypeError(
      "Cannot differentiate whileLoop in reverse mode: the number of steps is " +
        "not known, so residuals cannot be stored. Use scan() or foriLoop() with " +
        "bounds that are JavaScript numbers, or forward mode: jvp(), jacfwd()",
    );
  },

  lowerStep: (
    block,
    { inputs, outputs },
    { cond, condConsts, body, bodyConsts },
  ) => {
    const [xCond, xBody, carries] = parts(inputs, condConsts, bodyConsts);
    block.loop({
      count: null,
      condition: { jaxpr: cond, consts: xCond! },
      counter: false,
      body,
      consts: xBody!,
      carries: carries!,
    }, outputs.map((_, i) => block.output(i)));
  },
};

/** A condition with further inputs at the end that it does not read. */
const ignoring: (
  cond: Jaxpr,
  key: { readonly at: number; readonly avals: readonly NDArray["aval"][] },
) => Jaxpr = memoised((cond, { at, avals }) =>
  stage(
    (...args) => evalJaxpr(cond, args.slice(0, at)),
    [...cond.inAvals, ...avals],
    "the condition of whileLoop",
  ).jaxpr
);

/** Whether a condition holds in any lane. */
const anyLane: (cond: Jaxpr, key: null) => Jaxpr = memoised((cond) =>
  stage(
    (...args) => [reduceOr(evalJaxpr(cond, args)[0]!, [0])],
    cond.inAvals,
    "the condition of whileLoop",
  ).jaxpr
);

/** A body that leaves the lanes alone in which the condition no longer holds. */
const frozen: (
  body: Jaxpr,
  key: {
    readonly cond: Jaxpr;
    readonly condConsts: number;
    readonly bodyConsts: number;
    readonly axis: BatchAxis;
  },
) => Jaxpr = memoised((body, { cond, condConsts, bodyConsts }) => {
  const avals = [...cond.inAvals.slice(0, condConsts), ...body.inAvals];
  return stage(
    (...args) => {
      const [xCond, xBody, carries] = parts(args, condConsts, bodyConsts);
      const [running] = evalJaxpr(cond, [...xCond!, ...carries!]);
      const next = evalJaxpr(body, [...xBody!, ...carries!]);
      return next.map((x, i) =>
        select(broadcastInDim(running!, x.shape, [0]), x, carries![i]!)
      );
    },
    avals,
    "the body of whileLoop",
  ).jaxpr;
});
