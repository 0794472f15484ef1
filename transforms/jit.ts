/** `jit`: a function traced once per signature and run as one Program. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { backendNamed } from "../core/backend.ts";
import { ConcreteArray } from "../core/concrete_array.ts";
import { clearExecutables, runJaxpr } from "../core/dispatch.ts";
import { lower as lowerJaxpr } from "../core/ir/lower.ts";
import { inspectAsString } from "../core/inspect.ts";
import { formatProgram } from "../core/ir/print.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import type { Primitive } from "../core/primitive.ts";
import { simplify } from "../core/simplify.ts";
import { avalsOf, Signature } from "../core/signature.ts";
import { stage } from "../core/staging.ts";
import { StructuralMap } from "../core/structural_map.ts";
import { bind, isEager } from "../core/trace.ts";
import { flatten, type TreeStructure, unflatten } from "../core/tree.ts";
import { asArray, flatFunction, named, positions } from "./_arguments.ts";
import { type CallParams, callRules } from "./_call.ts";
import { merged, unless, where } from "./_jaxprs.ts";
import { axesInScope } from "./axis_names.ts";
import { splitJaxpr } from "./partial_eval.ts";
import type { AnyFunction } from "./types.ts";

type JitParams = CallParams & {
  /** Inputs whose memory may be reused when the Program runs. */
  readonly donated?: readonly boolean[];
};

const jitP: Primitive<readonly NDArray[], JitParams> = {
  name: "jit",
  ...callRules((inputs, params) => bind(jitP, inputs, params)),
  evaluate: (inputs, { jaxpr, donated }) => runJaxpr(jaxpr, inputs, donated),
  partialEval: (inputs, { name, jaxpr }, trace) => {
    const unknown = inputs.map((x) => trace.isUnknown(x));
    const forced = jaxpr.outputs.map(() => false);
    const split = splitJaxpr(jaxpr, { unknown, forced });
    const knownParams = { name, jaxpr: split.known };
    const results = bind(jitP, unless(inputs, unknown), knownParams);
    const knownCount = results.length - split.residuals;
    const unknownOuts = trace.record(
      jitP,
      [...results.slice(knownCount), ...where(inputs, unknown)],
      { name, jaxpr: split.unknown },
    );
    return merged(split.unknownOut, unknownOuts, results.slice(0, knownCount));
  },
};

/** What `jit` may be told. */
export interface JitOptions {
  /** Arguments that are values of the program, not inputs: it is traced for each. */
  readonly staticArgnums?: number | readonly number[];
  /** Arguments whose memory the result may take; they cannot be used afterwards. */
  readonly donateArgnums?: number | readonly number[];
  /** Where to run. */
  readonly device?: string;
}

/** A traced function, as found in the cache. */
interface Traced {
  readonly consts: readonly NDArray[];
  readonly result: TreeStructure;
  readonly params: JitParams;
  /** With what is donated, where there is anything. */
  readonly donating: JitParams;
}

/** A function that `jit` made. */
export type Jitted<F extends AnyFunction> = F & {
  /** The program for these arguments, its kernels and its buffers. */
  lower(...args: Parameters<F>): Lowered;
  /** How many signatures it has been traced for. */
  cacheSize(): number;
  /** Forgets them. */
  clearCache(): void;
};

/** A program and what it was lowered to. */
export interface Lowered {
  /** The program. */
  readonly jaxpr: Jaxpr;
  /** The program, its kernels and the plan of its memory. */
  toString(): string;
}

/**
 * Compiles `f`: traced once for each signature, then run as one Program.
 *
 * The signature is the structure, shapes, dtypes and weak types of the
 * arguments, the values of static ones and the named axes in scope; the Program
 * is compiled once more for each device. Numbers are inputs, not constants. As
 * `jax.jit`.
 *
 * @throws {TypeError} If an argument is neither static nor made of arrays.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jit, numpy as np } from "@dinograd/dinograd";
 *
 * const f = jit((x) => np.add(np.multiply(x, 2), 1));
 * assertEquals(f(np.array([1, 2])).js(), [3, 5]);
 * assertEquals(f.cacheSize(), 1);
 * ```
 */
export function jit<F extends AnyFunction>(
  f: F,
  { staticArgnums = [], donateArgnums = [], device }: JitOptions = {},
): Jitted<F> {
  const name = f.name || "anonymous";
  const what = `the arguments of jit of ${name}`;
  const hasStatic = typeof staticArgnums === "number" ||
    staticArgnums.length > 0;
  const cache = new StructuralMap<Signature, Traced>({ limit: 256 });

  const trace = (args: readonly unknown[]) => {
    const fixed = hasStatic
      ? positions(staticArgnums, args.length, "staticArgnums")
      : NOTHING;
    const { leaves, structure } = flatten<unknown, unknown>(
      hasStatic ? args.map((x, i) => fixed.includes(i) ? null : x) : args,
    );
    const arrays = arraysOf(leaves, what, device);
    const values = fixed.map((i) => args[i]);
    const rest = [structure, values, axesInScope()];
    const key = new Signature(avalsOf(arrays), rest);
    let traced = cache.get(key);
    if (!traced) {
      const donated = positions(donateArgnums, args.length, "donateArgnums");
      const ofGiven = named(
        f,
        (...some: readonly unknown[]) =>
          f(...args.map((arg, i) => fixed.includes(i) ? arg : some[i])),
      );
      const signature = { structure, avals: key.avals, donated };
      traced = traceFunction(ofGiven, signature, name);
      // What was closed over from an enclosing trace is of that trace only.
      if (traced.consts.every((x) => x instanceof ConcreteArray)) {
        cache.set(key, traced);
      }
    }
    return { traced, arrays };
  };

  const jitted = (...args: readonly unknown[]) => {
    const { traced, arrays } = trace(args);
    const { consts, result, params, donating } = traced;
    const inputs = consts.length === 0 ? arrays : [...consts, ...arrays];
    const outs = bind(jitP, inputs, isEager() ? donating : params);
    return unflatten(result, outs);
  };

  named(f, jitted);
  return Object.assign(jitted as AnyFunction as F, {
    lower: (...args: Parameters<F>) => lowered(trace(args).traced.params.jaxpr),
    cacheSize: () => cache.size,
    clearCache: () => cache.clear(),
  });
}

const NOTHING: readonly never[] = [];

/** Leaves as arrays, on the device that was asked for. */
function arraysOf(
  leaves: readonly unknown[],
  what: string,
  device: string | undefined,
): readonly NDArray[] {
  const backend = device === undefined ? null : backendNamed(device);
  return leaves.map((leaf) => {
    const x = asArray(leaf, what);
    return backend && x instanceof ConcreteArray ? x.on(backend) : x;
  });
}

function traceFunction(
  f: AnyFunction,
  { structure, avals, donated }: {
    readonly structure: TreeStructure;
    readonly avals: readonly Aval[];
    /** Positions of arguments. */
    readonly donated: readonly number[];
  },
  name: string,
): Traced {
  const flat = flatFunction(f, structure);
  const { jaxpr, consts } = stage(flat, avals, `jit of ${name}`);
  const params = { name, jaxpr };
  const ofLeaves = structure.children.flatMap(({ leafCount }, i) =>
    Array<boolean>(leafCount).fill(donated.includes(i))
  );
  const donating = ofLeaves.includes(true)
    ? { ...params, donated: [...consts.map(() => false), ...ofLeaves] }
    : params;
  return { consts, result: flat.result(), params, donating };
}

function lowered(jaxpr: Jaxpr): Lowered {
  return inspectAsString({
    jaxpr,
    toString: () => `${jaxpr}\n\n${formatProgram(lowerJaxpr(simplify(jaxpr)))}`,
  });
}

/** Forgets every compiled Program; functions are traced anew for each signature they meet. */
export function clearCaches(): void {
  clearExecutables();
}
