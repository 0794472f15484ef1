/** Between the trees of a custom function and its rules, and lists of arrays. */

import type { NDArray } from "../core/array.ts";
import type { Primitive, Tangent } from "../core/primitive.ts";
import { StructuralMap } from "../core/structural_map.ts";
import { bind } from "../core/trace.ts";
import { type TreeStructure, unflatten } from "../core/tree.ts";
import {
  callTraced,
  type FlatFunction,
  flattenArrays,
  named,
  nameOf,
  positions,
} from "./_arguments.ts";
import { merged } from "./_jaxprs.ts";
import type { AnyFunction } from "./types.ts";

/** Arguments that are not differentiated, passed to the rules as they are. */
export interface CustomOptions {
  /** Positions of the arguments. */
  readonly nondiffArgnums?: number | readonly number[];
}

/** A custom function at one structure of its arguments, and its flat forms. */
export class Signature<Params> {
  /** Of the result; known once the function or its rule has run. */
  result: TreeStructure | null = null;
  readonly params: Params;

  constructor(
    private readonly f: AnyFunction,
    private readonly structure: TreeStructure,
    make: (signature: Signature<Params>) => Params,
  ) {
    this.params = make(this);
  }

  /** The function itself, on arrays. */
  readonly flat: FlatFunction = (...arrays) =>
    this.flatten(callTraced(this.f, this.trees(arrays)));

  /** The arguments that `arrays` came from. */
  trees(arrays: readonly NDArray[]): readonly unknown[] {
    return unflatten(this.structure, arrays);
  }

  /** The arrays of a result, whose structure is remembered. */
  flatten(result: unknown): readonly NDArray[] {
    const { arrays, structure } = flattenArrays(
      result,
      `the result of ${nameOf(this.f)}`,
    );
    this.result = structure;
    return arrays;
  }

  /** What a backward rule returned, as one cotangent or `null` per array. */
  cotangents(given: unknown): readonly Tangent[] {
    const args = this.structure.children;
    if (!Array.isArray(given) || given.length !== args.length) {
      throw new TypeError(
        `Cannot differentiate ${
          nameOf(this.f)
        }: its backward rule must return ` +
          `a list of ${args.length} cotangents, one per argument`,
      );
    }
    return args.flatMap((arg, i): readonly Tangent[] => {
      if (given[i] === null || given[i] === undefined) {
        return new Array<Tangent>(arg.leafCount).fill(null);
      }
      const ct = flattenArrays(given[i], `the cotangents of ${nameOf(this.f)}`);
      if (ct.structure.equals(arg)) return ct.arrays;
      throw new TypeError(
        `Cannot differentiate ${nameOf(this.f)}: cotangent ${i} is ` +
          `${ct.structure} where the argument is ${arg}`,
      );
    });
  }
}

/** Separates static arguments; finds or makes the signature of the others. */
export function signatures<Params>(
  f: AnyFunction,
  { nondiffArgnums = [] }: CustomOptions,
  make: (signature: Signature<Params>, statics: readonly unknown[]) => Params,
) {
  const cache = new StructuralMap<unknown, Signature<Params>>({ limit: 64 });
  return (args: readonly unknown[]) => {
    const fixed = new Set(
      positions(nondiffArgnums, args.length, "nondiffArgnums"),
    );
    const statics = args.filter((_, i) => fixed.has(i));
    const { arrays, structure } = flattenArrays(
      args.filter((_, i) => !fixed.has(i)),
      `the arguments of ${nameOf(f)}`,
    );
    const key = [structure, statics];
    let signature = cache.get(key);
    if (!signature) {
      const isStatic = args.map((_, i) => fixed.has(i));
      const whole = (...some: readonly unknown[]) =>
        f(...merged(isStatic, statics, some));
      named(f, whole);
      signature = new Signature(
        whole,
        structure,
        (s: Signature<Params>) => make(s, statics),
      );
      cache.set(key, signature);
    }
    return { arrays, signature };
  };
}

/** What a rule returned, which must be a pair. */
export function requirePair(
  result: unknown,
  need: string,
): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) {
    return result as [unknown, unknown];
  }
  throw new TypeError(`Cannot differentiate a custom function: ${need}`);
}

/**
 * The function that users call: binds a primitive on what `prepare` makes of
 * the arguments.
 *
 * @throws {TypeError} When called while it is not ready: before `method`.
 */
export function customFunction<Params>(
  f: AnyFunction,
  primitive: Primitive<readonly NDArray[], Params>,
  { prepare, isReady, method }: {
    readonly prepare: ReturnType<typeof signatures<Params>>;
    readonly isReady: () => boolean;
    readonly method: string;
  },
): AnyFunction {
  return named(f, (...args: readonly unknown[]) => {
    if (!isReady()) {
      throw new TypeError(
        `Cannot call ${nameOf(f)}: its rule is missing. Set it with ` +
          `.${method}(...)`,
      );
    }
    const { arrays, signature } = prepare(args);
    const outs = bind(primitive, arrays, signature.params);
    return unflatten(signature.result!, outs);
  });
}
