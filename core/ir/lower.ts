/** From a jaxpr to a Program: lowers its equations and plans its memory. */

import type { Jaxpr } from "../jaxpr.ts";
import { Block, Memory } from "./lower_block.ts";
import { plan } from "./plan.ts";
import type { Program } from "./program.ts";

/** What lowering depends on besides the jaxpr. */
export interface LoweringOptions {
  /** Inputs whose memory may be overwritten. */
  readonly donated?: readonly boolean[];
  /** How many buffers a kernel may use. */
  readonly bindings?: number;
}

/** The Program of a jaxpr. */
export function lower(
  jaxpr: Jaxpr,
  { donated = [], bindings = Infinity }: LoweringOptions = {},
): Program {
  const memory = new Memory();
  const inputs = jaxpr.inputs.map((v) => memory.allocate(v.aval));
  const block = new Block(jaxpr, inputs, jaxpr.outputs.map(() => null), {
    memory,
    bindings,
  });
  const { steps, outputs } = block.lower();
  return plan({
    buffers: memory.buffers,
    steps,
    inputs,
    outputs,
    donated: inputs.map((_, i) => donated[i] ?? false),
  });
}
