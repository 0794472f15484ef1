/** The body of a scan, and the bodies that its rules make of it. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { add } from "../core/ops/addition.ts";
import { sub } from "../core/ops/arithmetic.ts";
import { scalar, zerosLike } from "../core/ops/constants.ts";
import { dynamicSlice, dynamicUpdateSlice } from "../core/ops/dynamic.ts";
import { reshape } from "../core/ops/layout.ts";
import { Linear } from "../core/primitive.ts";
import { stage, type Staged } from "../core/staging.ts";
import {
  count,
  merged,
  parts,
  range,
  reordered,
  unless,
  where,
} from "./_jaxprs.ts";
import { backwardMixed } from "./transpose.ts";

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

/** Masks of consts, carries and slices. */
export type Masks = [
  readonly boolean[],
  readonly boolean[],
  readonly boolean[],
];

/** Of `length` slices. */
export function stackedAval(aval: Aval, length: number): Aval {
  return aval.with({ shape: [length, ...aval.shape] });
}

/** Puts the tangents of consts, carries and slices behind their primals. */
export function interleaved(
  both: Jaxpr,
  [consts, carries, slices]: readonly [number, number, number],
  [dConsts, dCarries]: readonly [number, number],
  [outCarries, outResults]: readonly [number, number],
): Jaxpr {
  const primals = consts + carries + slices;
  const dSlices = both.inputs.length - primals - dConsts - dCarries;
  const outs = outCarries + outResults;
  const dResults = both.outputs.length - outs - dCarries;
  return reordered(both, [
    ...range(0, consts),
    ...range(primals, dConsts),
    ...range(consts, carries),
    ...range(primals + dConsts, dCarries),
    ...range(consts + carries, slices),
    ...range(primals + dConsts + dCarries, dSlices),
  ], [
    ...range(0, outCarries),
    ...range(outs, dCarries),
    ...range(outCarries, outResults),
    ...range(outs + dCarries, dResults),
  ]);
}

/** Which outputs depend on the first `fixed` inputs only. */
export function invariantOutputs(
  jaxpr: Jaxpr,
  fixed: number,
): readonly boolean[] {
  const varying = new Set<unknown>(jaxpr.inputs.slice(fixed));
  for (const { inputs, outputs } of jaxpr.equations) {
    if (inputs.some((a) => varying.has(a))) {
      outputs.forEach((v) => varying.add(v));
    }
  }
  return jaxpr.outputs.map((a) => !varying.has(a));
}

/** The body of the reversed loop that carries cotangents. */
export const transposedBody: (
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
export const loopBody: (
  jaxpr: Jaxpr,
  params: Omit<ScanParams, "jaxpr">,
) => Jaxpr = memoised(
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
