/** The function of a custom equation, staged and batched as it is. */

import type { NDArray } from "../core/array.ts";
import { evalJaxpr, type Jaxpr } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import type { BatchAxis } from "../core/primitive.ts";
import { stage } from "../core/staging.ts";
import type { FlatFunction } from "./_arguments.ts";
import { batchFlat } from "./vmap.ts";

/** The function of a custom equation: called as it is eagerly, a jaxpr in programs. */
export type Body = {
  readonly name: string;
  readonly f: FlatFunction;
  readonly jaxpr?: Jaxpr;
  /** How many inputs, before the arguments, are what `f` closes over. */
  readonly consts: number;
};

/** Stages the body; what it closes over comes before the arguments. */
export function staged<Params extends Body>(
  inputs: readonly NDArray[],
  params: Params,
) {
  if (params.jaxpr) return { inputs, params };
  const { jaxpr, consts } = stage(
    params.f,
    inputs.map((x) => x.aval),
    params.name,
  );
  const f: FlatFunction = (...args) => evalJaxpr(jaxpr, args);
  return {
    inputs: [...consts, ...inputs],
    params: { ...params, f, jaxpr, consts: consts.length },
  };
}

/** `f` along a batch axis; every output has it. */
export function batched(
  f: FlatFunction,
  mapped: readonly boolean[],
  axis: BatchAxis,
  name: string,
): FlatFunction {
  return (...args) => {
    const { outs, mapped: mappedOut } = batchFlat(
      f,
      args,
      mapped,
      axis,
      `vmap of ${name}`,
    );
    return outs.map((x, i) => leading(x, mappedOut[i]!, axis.size));
  };
}

/** What a body closes over must not be differentiated. */
export function requireConstant(
  tangents: readonly (NDArray | null)[],
  { name, consts }: Body,
): void {
  if (tangents.slice(0, consts).every((t) => t === null)) return;
  throw new TypeError(
    `Cannot differentiate ${name} along a value that it closes over: its ` +
      `derivative rule does not know of it. Pass the value as an argument`,
  );
}
