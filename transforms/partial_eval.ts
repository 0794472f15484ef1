/** Splits a program: what is known is computed, what is not is recorded. */

import type { NDArray } from "../core/array.ts";
import { evalJaxpr, internJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import type { AnyPrimitive, PartialEvaluation } from "../core/primitive.ts";
import { type Staged, StagingTrace } from "../core/staging.ts";
import { bind, type Trace, withTrace } from "../core/trace.ts";

/** Records equations that depend on unknown inputs; the others fall through to `parent`. */
export class PartialTrace extends StagingTrace implements PartialEvaluation {
  constructor(readonly parent: Trace, label: string) {
    super(label);
  }

  /** Runs `f` with this trace as the current one. */
  run<T>(f: () => T): T {
    return withTrace(this, f);
  }

  isUnknown(x: NDArray): boolean {
    return this.owns(x);
  }

  override process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[] {
    return withTrace(this.parent, () => {
      if (!inputs.some((x) => this.owns(x))) {
        return bind(primitive, inputs, params);
      }
      return primitive.partialEval
        ? primitive.partialEval(inputs, params, this)
        : this.record(primitive, inputs, params);
    });
  }
}

/** A jaxpr in two parts. */
export interface SplitJaxpr {
  /** From the known inputs to the known outputs, then the residuals. */
  readonly known: Jaxpr;
  /** From the residuals, then the unknown inputs, to the unknown outputs. */
  readonly unknown: Jaxpr;
  readonly unknownOut: readonly boolean[];
  readonly residuals: number;
}

/** What is unknown of a jaxpr. */
export interface SplitPattern {
  readonly unknown: readonly boolean[];
  /** Outputs to count as unknown even if they could be known. */
  readonly forced: readonly boolean[];
}

/** Splits a jaxpr by which of its inputs are known. */
export const splitJaxpr: (jaxpr: Jaxpr, pattern: SplitPattern) => SplitJaxpr =
  memoised(
    (jaxpr, { unknown, forced }: SplitPattern) => {
      const outer = new StagingTrace("the known part of a jaxpr");
      const inner = new PartialTrace(outer, "the unknown part of a jaxpr");
      try {
        const args = jaxpr.inputs.map(({ aval }, i) =>
          (unknown[i] ? inner : outer).newInput(aval)
        );
        return withTrace(inner, () => {
          const outs = evalJaxpr(jaxpr, args);
          const unknownOut = outs.map((x, i) => inner.owns(x) || forced[i]!);
          const recorded: Staged = inner.finish(
            outs.filter((_, i) => unknownOut[i]),
          );
          const known = withTrace(
            outer,
            () =>
              outer.finish([
                ...outs.filter((_, i) => !unknownOut[i]),
                ...recorded.consts,
              ]),
          );
          return {
            known: internJaxpr(known.jaxpr),
            unknown: internJaxpr(recorded.jaxpr),
            unknownOut,
            residuals: recorded.consts.length,
          };
        });
      } finally {
        inner.isOpen = outer.isOpen = false;
      }
    },
  );
