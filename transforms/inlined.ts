/** Library functions of several equations, run eagerly as one Program. */

import type { ArrayLike, NDArray } from "../core/array.ts";
import { runJaxpr } from "../core/dispatch.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { avalsOf, Signature } from "../core/signature.ts";
import { stage } from "../core/staging.ts";
import { StructuralMap } from "../core/structural_map.ts";
import { isEager } from "../core/trace.ts";
import { type TreeStructure, unflatten } from "../core/tree.ts";
import { asOperands, flattenArrays } from "./_arguments.ts";

interface Staged {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly result: TreeStructure;
}

/** The arrays that a function of one to four of them receives. */
interface Operands {
  readonly 1: readonly [NDArray];
  readonly 2: readonly [NDArray, NDArray];
  readonly 3: readonly [NDArray, NDArray, NDArray];
  readonly 4: readonly [NDArray, NDArray, NDArray, NDArray];
}

type Given<Arrays extends readonly NDArray[]> = {
  readonly [K in keyof Arrays]: ArrayLike;
};

/**
 * A function whose first `count` arguments are arrays or numbers and whose
 * other ones are plain static values. Eagerly it is staged once per signature
 * and runs as one Program; under a trace it is a plain call.
 *
 * Inside, arguments that were given as numbers are arrays already.
 */
export function inlined<
  Count extends keyof Operands,
  Rest extends readonly unknown[],
  Result,
>(
  name: string,
  count: Count,
  f: (arrays: Operands[Count], ...rest: Rest) => Result,
): (...args: readonly [...Given<Operands[Count]>, ...Rest]) => Result {
  const run = eagerly(name, f as StaticFunction);
  const call = (...args: readonly unknown[]) =>
    args.length === count
      ? run(args, NOTHING)
      : run(args.slice(0, count), args.slice(count));
  return Object.defineProperty(call as () => Result, "name", { value: name });
}

/** As `inlined`, for a function of a list of arrays. */
export function inlinedList<Rest extends readonly unknown[], Result>(
  name: string,
  f: (arrays: readonly NDArray[], ...rest: Rest) => Result,
): (arrays: readonly ArrayLike[], ...rest: Rest) => Result {
  const run = eagerly(name, f as StaticFunction);
  const call = (given: readonly ArrayLike[], ...rest: Rest) =>
    run(given, rest) as Result;
  return Object.defineProperty(call, "name", { value: name });
}

/** A function of arrays and of static values. */
type StaticFunction = (
  arrays: readonly NDArray[],
  ...rest: readonly unknown[]
) => unknown;

const NOTHING: readonly unknown[] = [];

/** Calls `f`; where nothing is traced, as one Program. */
function eagerly(
  name: string,
  f: StaticFunction,
): (given: readonly unknown[], rest: readonly unknown[]) => unknown {
  const cache = new StructuralMap<Signature, Staged>({ limit: 512 });
  return (given, rest) => {
    const operands = asOperands(given, name);
    if (!isEager()) return f(operands, ...rest);
    const key = new Signature(avalsOf(operands), rest);
    let staged = cache.get(key);
    if (!staged) cache.set(key, staged = stageCall(name, f, operands, rest));
    const { jaxpr, consts, result } = staged;
    const inputs = consts.length === 0 ? operands : [...consts, ...operands];
    return unflatten(result, runJaxpr(jaxpr, inputs));
  };
}

function stageCall(
  name: string,
  f: StaticFunction,
  operands: readonly NDArray[],
  rest: readonly unknown[],
): Staged {
  let result: TreeStructure;
  const { jaxpr, consts } = stage(
    (...arrays) => {
      const out = flattenArrays(f(arrays, ...rest), `the result of ${name}`);
      result = out.structure;
      return out.arrays;
    },
    avalsOf(operands),
    name,
  );
  return { jaxpr, consts, result: result! };
}
