/** Library functions of several equations, run eagerly as one Program. */

import type { NDArray } from "../core/array.ts";
import { runJaxpr } from "../core/dispatch.ts";
import type { Jaxpr } from "../core/jaxpr.ts";
import { stage } from "../core/staging.ts";
import { StructuralMap } from "../core/structural.ts";
import { isEager } from "../core/trace.ts";
import { type TreeStructure, unflatten } from "../core/tree.ts";
import { asOperands, flattenArrays } from "./_arguments.ts";

interface Staged {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly NDArray[];
  readonly result: TreeStructure;
}

/**
 * A function whose first `count` arguments are arrays or numbers and whose
 * other ones are plain static values. Eagerly it is staged once per signature
 * and runs as one Program; under a trace it is a plain call. Absent optional
 * arrays may be `null` or `undefined`.
 *
 * Inside, arguments that were given as numbers are arrays already.
 */
export function inlined<
  Args extends readonly unknown[],
  Rest extends readonly unknown[],
  Result,
>(
  name: string,
  count: number,
  f: (arrays: { readonly [K in keyof Args]: NDArray }, ...rest: Rest) => Result,
): (...args: readonly [...Args, ...Rest]) => Result {
  const cache = new StructuralMap<unknown, Staged>({ limit: 512 });
  const call = (...args: readonly unknown[]) => {
    const given = args.slice(0, count);
    const rest = args.slice(count) as unknown as Rest;
    const present = given.map((x) => x !== null && x !== undefined);
    const operands = asOperands(given.filter((_, i) => present[i]), name);
    const rebuild = (some: readonly NDArray[]) => {
      const next = some[Symbol.iterator]();
      return given.map((x, i) =>
        present[i] ? next.next().value! : x
      ) as unknown as Parameters<typeof f>[0];
    };
    if (!isEager()) return f(rebuild(operands), ...rest);
    const key = [operands.map((x) => x.aval), present, rest];
    let staged = cache.get(key);
    if (!staged) {
      let result: TreeStructure;
      const { jaxpr, consts } = stage(
        (...some) => {
          const out = flattenArrays(
            f(rebuild(some), ...rest),
            `the result of ${name}`,
          );
          result = out.structure;
          return out.arrays;
        },
        operands.map((x) => x.aval),
        name,
      );
      cache.set(key, staged = { jaxpr, consts, result: result! });
    }
    const { jaxpr, consts, result } = staged;
    return unflatten<Result>(result, runJaxpr(jaxpr, [...consts, ...operands]));
  };
  return Object.defineProperty(call, "name", { value: name });
}
