/** The trace that records a jaxpr. */

import type { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import { ConcreteArray } from "./concrete_array.ts";
import {
  type Atom,
  type Equation,
  internJaxpr,
  Jaxpr,
  Literal,
  Var,
} from "./jaxpr.ts";
import type { AnyPrimitive } from "./primitive.ts";
import { avalsOf } from "./signature.ts";
import { type Trace, Tracer, withTrace } from "./trace.ts";

/** A value of a program being recorded. */
export class StagingTracer extends Tracer {
  constructor(override readonly trace: StagingTrace, readonly atom: Var) {
    super(trace, atom.aval);
  }
}

/** A recorded program and the arrays that it closes over, its first inputs. */
export interface Staged {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
}

/** Records every application as an equation. */
export class StagingTrace implements Trace {
  isOpen = true;
  private readonly inputs: Var[] = [];
  private readonly equations: Equation[] = [];
  private readonly consts = new Map<NDArray, Var>();

  constructor(readonly label: string) {}

  newInput(aval: Aval): StagingTracer {
    const v = new Var(aval);
    this.inputs.push(v);
    return new StagingTracer(this, v);
  }

  process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[] {
    return this.record(primitive, inputs, params);
  }

  record(
    primitive: AnyPrimitive,
    given: readonly NDArray[],
    givenParams: unknown,
  ): readonly NDArray[] {
    const { inputs, params } = primitive.stage
      ? primitive.stage(given, givenParams)
      : { inputs: given, params: givenParams };
    const avals = primitive.abstractEval(avalsOf(inputs), params);
    const outputs = avals.map((aval) => new Var(aval));
    const atoms = new Array<Atom>(inputs.length);
    for (let i = 0; i < atoms.length; i++) atoms[i] = this.atom(inputs[i]!);
    this.equations.push({ primitive, inputs: atoms, params, outputs });
    return outputs.map((v) => new StagingTracer(this, v));
  }

  owns(x: NDArray): x is StagingTracer {
    return x instanceof StagingTracer && x.trace === this;
  }

  /** The program that computes `outputs`; constants come before the inputs. */
  finish(outputs: readonly NDArray[]): Staged {
    const atoms = outputs.map((x) => this.atom(x));
    this.isOpen = false;
    const jaxpr = new Jaxpr(
      [...this.consts.values(), ...this.inputs],
      this.equations,
      atoms,
    );
    return { jaxpr, consts: [...this.consts.keys()] };
  }

  /** A tracer of another trace, and an array, is a constant here. */
  private atom(x: NDArray): Atom {
    if (this.owns(x)) return x.atom;
    if (x instanceof ConcreteArray && x.literal !== null) {
      return new Literal(x.literal, x.aval);
    }
    let v = this.consts.get(x);
    if (!v) this.consts.set(x, v = new Var(x.aval));
    return v;
  }
}

/** The same with the first jaxpr seen that is equal: see `internJaxpr`. */
function internStaged({ jaxpr, consts }: Staged): Staged {
  return { jaxpr: internJaxpr(jaxpr), consts };
}

/**
 * Records `f`, applied to arrays of the given avals.
 *
 * Whatever `f` throws leaves no trace behind.
 */
export function stage(
  f: (...args: NDArray[]) => readonly NDArray[],
  avals: readonly Aval[],
  label: string,
): Staged {
  const trace = new StagingTrace(label);
  try {
    return withTrace(trace, () => {
      const inputs = avals.map((aval) => trace.newInput(aval));
      return internStaged(trace.finish(f(...inputs)));
    });
  } finally {
    trace.isOpen = false;
  }
}
