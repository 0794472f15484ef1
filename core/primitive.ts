/** What is known of one operation, and the types its rules speak in. */

import type { NDArray } from "./array.ts";
import type { Aval } from "./aval.ts";
import type { Jaxpr } from "./jaxpr.ts";
import type { KernelBuilder, Source } from "./ir/builder.ts";
import type { BlockLowering, StepEquation } from "./ir/block.ts";

/** One `T` for each input of a primitive. */
export type Each<Inputs extends readonly unknown[], T> = {
  readonly [K in keyof Inputs]: T;
};

/** A tangent; `null` is a symbolic zero. */
export type Tangent = NDArray | null;

/** Stands in a transpose rule for an input in which the equation is linear. */
export class Linear {
  constructor(readonly aval: Aval) {}
}

/**
 * An input of a transpose rule that cannot be linear: a factor, a divisor, an index.
 *
 * @throws {TypeError} If it is: the function that is transposed is not linear.
 */
export function known(x: NDArray | Linear): NDArray {
  if (!(x instanceof Linear)) return x;
  throw new TypeError(
    `Cannot transpose a function that is not linear: an input (${x.aval}) is ` +
      `multiplied by itself, divided by, or used to choose`,
  );
}

/** At least one array: what a rule receives as cotangents or returns as outputs. */
export type Arrays = readonly [NDArray, ...NDArray[]];

/** The axis that `vmap` maps over. */
export interface BatchAxis {
  readonly size: number;
  readonly name: string | null;
}

/** Outputs of a batching rule, of which some may not be mapped. */
export interface Batched {
  readonly outs: readonly NDArray[];
  readonly mapped: readonly boolean[];
}

/** What a `partialEval` rule may ask of the trace that splits a program. */
export interface PartialEvaluation {
  isUnknown(x: NDArray): boolean;
  /** Records an equation among the unknown ones. */
  record(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[];
}

/** What remains of an equation without its unused outputs. */
export interface PrunedParams<Params> {
  readonly params: Params;
  /** Which inputs remain. */
  readonly inputs: readonly boolean[];
  /** Which outputs remain; those that are used unless given. */
  readonly outputs?: readonly boolean[];
}

/**
 * One operation with all its rules. Inputs have equal dtypes and shapes where
 * the operation is elementwise: broadcasting and promotion are settled above.
 *
 * Plain operations give `abstractEval`, `jvp`, `transpose` (if linear in some
 * input), `batch` and `lower`. Primitives that hold jaxprs give `lowerStep`
 * and the optional fields after it; `core/` reads these and never names one.
 */
export interface Primitive<
  Inputs extends readonly NDArray[] = readonly NDArray[],
  Params = Record<never, never>,
> {
  readonly name: string;

  /** Avals of the outputs; throws where inputs do not fit. */
  abstractEval(avals: Each<Inputs, Aval>, params: Params): readonly Aval[];

  /** Outputs and their tangents. At least one tangent is not `null`. */
  jvp?(
    primals: Inputs,
    tangents: Each<Inputs, Tangent>,
    params: Params,
  ): readonly [readonly NDArray[], readonly Tangent[]];

  /** Cotangents of the inputs that are `Linear`, `null` for the others. */
  transpose?(
    cts: Arrays,
    inputs: Each<Inputs, NDArray | Linear>,
    params: Params,
  ): readonly Tangent[];

  /** Applies the operation along a new leading axis of the mapped inputs. */
  batch?(
    inputs: Inputs,
    mapped: Each<Inputs, boolean>,
    axis: BatchAxis,
    params: Params,
  ): readonly NDArray[] | Batched;

  /** Element `index` of each output, from elements of the inputs. */
  lower?(
    k: KernelBuilder,
    inputs: Each<Inputs, Source>,
    params: Params,
    avals: { readonly ins: Each<Inputs, Aval>; readonly outs: readonly Aval[] },
  ): Source | readonly Source[];

  /** Roughly what one element costs, in additions: 0 for a view. 1 unless given. */
  readonly cost?: number;
  /** Reads elements of its inputs many times or anywhere: costly ones are stored first. */
  readonly readsManyTimes?: boolean;
  /** Lowers to a contract kernel, which holds no other. */
  readonly isContraction?: boolean;
  /** Whether these params ask for `lowerStep` although there is `lower`. */
  needsSteps?(params: Params): boolean;

  /** Emits steps of the Program where an output is not a map of its index. */
  lowerStep?(
    block: BlockLowering,
    equation: StepEquation,
    params: Params,
  ): void;

  /** The input whose memory the steps take over if they can: its other readers go first. */
  readonly overwrites?: number;

  /** Evaluates eagerly without a Program: for primitives that hold functions. */
  evaluate?(inputs: Inputs, params: Params): readonly NDArray[];

  /** Params with the functions they hold staged to jaxprs, before recording. */
  stage?(
    inputs: Inputs,
    params: Params,
  ): { readonly inputs: readonly NDArray[]; readonly params: Params };

  /** The jaxprs inside `params`. */
  jaxprs?(params: Params): readonly Jaxpr[];

  /** The jaxpr that an equation stands for, where it may be inlined. */
  inline?(params: Params): Jaxpr;

  /** Names of mapped axes that the equation itself refers to. */
  axisNames?(params: Params): readonly string[];

  /** Splits an application of which some inputs are unknown. */
  partialEval?(
    inputs: Inputs,
    params: Params,
    trace: PartialEvaluation,
  ): readonly NDArray[];

  /** The equation without its unused outputs. */
  dce?(params: Params, used: readonly boolean[]): PrunedParams<Params>;

  /** Equal equations of it are not merged. */
  readonly opaque?: boolean;
}

/** A primitive whose inputs and params are not known: for code that moves equations about. */
// deno-lint-ignore no-explicit-any
export type AnyPrimitive = Primitive<any, any>;
