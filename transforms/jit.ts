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
  evaluate: (inputs, { jaxpr, donated = [] }) =>
    runJaxpr(jaxpr, inputs, { donated }),
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
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly result: TreeStructure;
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
  const cache = new StructuralMap<unknown, Traced>({ limit: 256 });

  const trace = (args: readonly unknown[]) => {
    const fixed = new Set(
      positions(staticArgnums, args.length, "staticArgnums"),
    );
    const donatedArgs = new Set(
      positions(donateArgnums, args.length, "donateArgnums"),
    );
    const given = args.map((arg, i) => fixed.has(i) ? null : arg);
    const donated = given.flatMap((arg, i) =>
      flatten(arg).leaves.map(() => donatedArgs.has(i))
    );
    const { leaves, structure } = flatten<unknown, unknown>(given);
    const arrays = leaves.map((leaf) =>
      placed(asArray(leaf, `the arguments of jit of ${name}`), device)
    );
    const values = args.filter((_, i) => fixed.has(i));
    const key = [structure, arrays.map((x) => x.aval), values, axesInScope()];
    let traced = cache.get(key);
    if (!traced) {
      const ofGiven = named(
        f,
        (...some: readonly unknown[]) =>
          f(...args.map((arg, i) => fixed.has(i) ? arg : some[i])),
      );
      traced = traceFunction(
        ofGiven,
        structure,
        arrays.map((x) => x.aval),
        name,
      );
      // What was closed over from an enclosing trace is of that trace only.
      if (traced.consts.every((x) => x instanceof ConcreteArray)) {
        cache.set(key, traced);
      }
    }
    return { traced, arrays, donated };
  };

  const jitted = (...args: readonly unknown[]) => {
    const { traced, arrays, donated } = trace(args);
    const { jaxpr, consts, result } = traced;
    const inputs = [...consts, ...arrays];
    const params: JitParams = isEager() && donated.includes(true)
      ? { name, jaxpr, donated: [...consts.map(() => false), ...donated] }
      : { name, jaxpr };
    return unflatten(result, bind(jitP, inputs, params));
  };

  named(f, jitted);
  return Object.assign(jitted as AnyFunction as F, {
    lower: (...args: Parameters<F>) => lowered(trace(args).traced.jaxpr),
    cacheSize: () => cache.size,
    clearCache: () => cache.clear(),
  });
}

function placed(x: NDArray, device: string | undefined): NDArray {
  return device !== undefined && x instanceof ConcreteArray
    ? x.on(backendNamed(device))
    : x;
}

function traceFunction(
  f: AnyFunction,
  structure: TreeStructure,
  avals: readonly Aval[],
  name: string,
): Traced {
  const flat = flatFunction(f, structure);
  const { jaxpr, consts } = stage(flat, avals, `jit of ${name}`);
  return { jaxpr, consts, result: flat.result() };
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
