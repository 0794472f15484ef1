/** Functions whose derivative is given by hand. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { evalJaxpr, type Jaxpr } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import { sum } from "../core/ops/broadcast_sum.ts";
import { zerosLike } from "../core/ops/constants.ts";
import {
  type BatchAxis,
  Linear,
  type Primitive,
  type Tangent,
} from "../core/primitive.ts";
import { stage } from "../core/staging.ts";
import { StructuralMap } from "../core/structural.ts";
import { bind } from "../core/trace.ts";
import { type TreeStructure, unflatten } from "../core/tree.ts";
import {
  type AnyFunction,
  callTraced,
  type FlatFunction,
  flattenArrays,
  named,
  nameOf,
  positions,
} from "./_arguments.ts";
import { batchFlat } from "./vmap.ts";

/** The function of a custom equation: called as it is eagerly, a jaxpr in programs. */
type Body = {
  readonly name: string;
  readonly f: FlatFunction;
  readonly jaxpr?: Jaxpr;
  /** How many inputs, before the arguments, are what `f` closes over. */
  readonly consts: number;
};

/** Stages the body; what it closes over comes before the arguments. */
function staged<Params extends Body>(
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
function batched(
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

function requireConstant(
  tangents: readonly (NDArray | null)[],
  { name, consts }: Body,
): void {
  if (tangents.slice(0, consts).every((t) => t === null)) return;
  throw new TypeError(
    `Cannot differentiate ${name} along a value that it closes over: its ` +
      `derivative rule does not know of it. Pass the value as an argument`,
  );
}

// ------------------------------------------------------------- Forward rules

type CustomJvp = Body & {
  /** From primals, then tangents, to outputs, then their tangents. */
  readonly rule: FlatFunction;
};

const customJvpP: Primitive<readonly NDArray[], CustomJvp> = {
  name: "custom_jvp_call",
  abstractEval: (_avals, { jaxpr }) => jaxpr!.outAvals,
  evaluate: (inputs, { f }) => f(...inputs),
  stage: staged,
  jaxprs: ({ jaxpr }) => jaxpr ? [jaxpr] : [],
  inline: ({ jaxpr }) => jaxpr!,
  jvp: (primals, tangents, params) => {
    requireConstant(tangents, params);
    const args = primals.slice(params.consts);
    const along = tangents.slice(params.consts).map((t, i) =>
      t ?? zerosLike(args[i]!)
    );
    const results = params.rule(...args, ...along);
    const count = results.length / 2;
    return [results.slice(0, count), results.slice(count)];
  },
  batch: (inputs, mapped, axis, params) => {
    const { name, f, rule, consts } = params;
    const args = mapped.slice(consts);
    return bind(customJvpP, inputs, {
      name,
      consts,
      f: batched(f, mapped, axis, name),
      rule: batched(rule, [...args, ...args], axis, name),
    });
  },
};

/** Arguments that are not differentiated, passed to the rules as they are. */
export interface CustomOptions {
  /** Positions of the arguments. */
  readonly nondiffArgnums?: number | readonly number[];
}

/** A custom function at one structure of its arguments, and its flat forms. */
class Signature<Params> {
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
function signatures<Params>(
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
      const whole = (...some: readonly unknown[]) => {
        const rest = some[Symbol.iterator]();
        return f(
          ...args.map((arg, i) => fixed.has(i) ? arg : rest.next().value),
        );
      };
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

/** A function with a derivative rule to be given by `defjvp`. */
export type CustomJvpFunction<F extends AnyFunction> = F & {
  /**
   * Sets the rule: from lists of primals and tangents to `[y, dy]`. Static
   * arguments come before them.
   */
  defjvp(rule: AnyFunction): CustomJvpFunction<F>;
};

/**
 * A function whose derivative is given by a rule, in both modes.
 *
 * As `jax.custom_jvp`. The rule must be linear in the tangents and made of
 * differentiable functions.
 *
 * @throws {TypeError} If it is called before `defjvp`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { customJvp, grad, numpy as np } from "@dinograd/dinograd";
 *
 * const f = customJvp((x) => np.square(x));
 * f.defjvp(([x], [dx]) => [f(x), np.multiply(10, dx)]);
 * assertEquals(grad(f)(3).item(), 10);
 * ```
 */
export function customJvp<F extends AnyFunction>(
  f: F,
  options: CustomOptions = {},
): CustomJvpFunction<F> {
  let rule: AnyFunction | null = null;
  const prepare = signatures<CustomJvp>(f, options, (signature, statics) => ({
    name: nameOf(f),
    consts: 0,
    f: signature.flat,
    rule: (...args) => {
      const count = args.length / 2;
      const [primals, tangents] = [args.slice(0, count), args.slice(count)];
      const given = [signature.trees(primals), signature.trees(tangents)];
      const [y, dy] = requirePair(
        callTraced(rule!, [...statics, ...given]),
        `the rule of ${nameOf(f)} must return [y, dy]`,
      );
      const outs = signature.flatten(y);
      const along = flattenArrays(dy, `the tangent of ${nameOf(f)}`);
      if (along.structure.equals(signature.result!)) {
        return [...outs, ...along.arrays];
      }
      throw new TypeError(
        `Cannot differentiate ${nameOf(f)}: its rule gave y, ` +
          `${signature.result}, and dy, ${along.structure}. They must be of ` +
          `one structure`,
      );
    },
  }));
  const custom = (...args: readonly unknown[]) => {
    if (!rule) throw missingRule(f, "defjvp");
    const { arrays, signature } = prepare(args);
    const outs = bind(customJvpP, arrays, signature.params);
    return unflatten(signature.result!, outs);
  };
  named(f, custom);
  return Object.assign(custom as AnyFunction as F, {
    defjvp: (given: AnyFunction) => {
      rule = given;
      return custom as unknown as CustomJvpFunction<F>;
    },
  });
}

function requirePair(
  result: unknown,
  need: string,
): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) {
    return result as [unknown, unknown];
  }
  throw new TypeError(`Cannot differentiate a custom function: ${need}`);
}

function missingRule(f: AnyFunction, method: string): TypeError {
  return new TypeError(
    `Cannot call ${
      nameOf(f)
    }: its rule is missing. Set it with .${method}(...)`,
  );
}

// ------------------------------------------------------------ Backward rules

type CustomVjp = Body & {
  /** From arguments to outputs, then residuals. */
  readonly forward: FlatFunction;
  /** What the last run of `forward` settled: structures may depend on values. */
  readonly outcome: () => {
    /** How many of its results are outputs. */
    readonly count: number;
    readonly backward: BackwardRule;
  };
};

/** From residuals, then cotangents of the outputs, to cotangents of the arguments. */
type BackwardRule = (...args: NDArray[]) => readonly Tangent[];

const customVjpP: Primitive<readonly NDArray[], CustomVjp> = {
  name: "custom_vjp_call",
  abstractEval: (_avals, { jaxpr }) => jaxpr!.outAvals,
  evaluate: (inputs, { f }) => f(...inputs),
  stage: staged,
  jaxprs: ({ jaxpr }) => jaxpr ? [jaxpr] : [],
  inline: ({ jaxpr }) => jaxpr!,
  jvp: (primals, tangents, params) => {
    requireConstant(tangents, params);
    const { name, consts, forward, outcome } = params;
    const args = primals.slice(consts);
    const results = forward(...args);
    const { count, backward } = outcome();
    const [outs, residuals] = [results.slice(0, count), results.slice(count)];
    const along = tangents.slice(consts).map((t, i) =>
      t ?? zerosLike(args[i]!)
    );
    const outAvals = outs.map((x) => x.aval);
    const dOuts = bind(linearP, [...residuals, ...along], {
      name,
      backward,
      residuals: residuals.length,
      outAvals,
    });
    return [outs, dOuts];
  },
  batch: (inputs, mapped, axis, params) => {
    const { name, f, forward, outcome, consts } = params;
    const args = mapped.slice(consts);
    return bind(customVjpP, inputs, {
      name,
      consts,
      f: batched(f, mapped, axis, name),
      forward: batched(forward, args, axis, name),
      outcome: () => {
        const { count, backward } = outcome();
        return { count, backward: batchedBackward(backward, args, axis, name) };
      },
    });
  },
};

/** Batches a backward rule; arguments that were not mapped receive the sum over the batch. */
function batchedBackward(
  backward: BackwardRule,
  mapped: readonly boolean[],
  axis: BatchAxis,
  name: string,
): BackwardRule {
  return (...args) => {
    let present: readonly boolean[] = [];
    const nonzero: FlatFunction = (...xs) => {
      const cts = backward(...xs);
      present = cts.map((ct) => ct !== null);
      return cts.filter((ct) => ct !== null);
    };
    const results = batched(nonzero, args.map(() => true), axis, name)(...args);
    const rest = results[Symbol.iterator]();
    return mapped.map((isMapped, i) => {
      if (!present[i]) return null;
      const ct = rest.next().value!;
      return isMapped ? ct : sum(ct, [0]);
    });
  };
}

/** Cotangents have the shape and dtype of what they belong to. */
function requireFit(
  ct: NDArray,
  { aval }: { readonly aval: Aval },
  name: string,
): void {
  if (ct.aval.with({ weakType: aval.weakType }) === aval) return;
  throw new ShapeError(
    `Cannot differentiate ${name}: a cotangent is ${ct.aval} where the ` +
      `argument is ${aval}. They must have one shape and dtype`,
  );
}

type LinearCall = {
  readonly name: string;
  readonly backward: BackwardRule;
  readonly residuals: number;
  readonly outAvals: readonly Aval[];
};

/** The derivative of a function of which only the transpose is known. */
const linearP: Primitive<readonly NDArray[], LinearCall> = {
  name: "custom_vjp_linear",
  abstractEval: (_avals, { outAvals }) => outAvals,
  evaluate: (_inputs, { name }) => {
    throw forwardMode(name);
  },
  lowerStep: (_block, _equation, { name }) => {
    throw forwardMode(name);
  },
  jvp: (_primals, _tangents, { name }) => {
    throw forwardMode(name);
  },
  transpose: (cts, inputs, { name, backward, residuals }) => {
    const known = inputs.slice(0, residuals) as readonly NDArray[];
    const results = backward(...known, ...cts);
    results.forEach((ct, i) =>
      ct && requireFit(ct, inputs[residuals + i]!, name)
    );
    return inputs.map((x, i) =>
      x instanceof Linear ? results[i - residuals] ?? null : null
    );
  },
  batch: (inputs, mapped, axis, { name, backward, residuals, outAvals }) => {
    const full = inputs.map((x, i) => leading(x, mapped[i]!, axis.size));
    return bind(linearP, full, {
      name,
      backward: batchedBackward(
        backward,
        mapped.slice(residuals).map(() => true),
        axis,
        name,
      ),
      residuals,
      outAvals: outAvals.map((a) => a.with({ shape: [axis.size, ...a.shape] })),
    });
  },
};

function forwardMode(name: string): TypeError {
  return new TypeError(
    `Cannot differentiate ${name} in forward mode: customVjp gives it a ` +
      `derivative for reverse mode only. Use grad() or vjp(), or define it ` +
      `with customJvp`,
  );
}

/** A function with derivative rules to be given by `defvjp`. */
export type CustomVjpFunction<F extends AnyFunction> = F & {
  /**
   * Sets the rules: `forward(...args)` gives `[y, residuals]`, and
   * `backward(residuals, ct)` a list of cotangents, one per argument, `null`
   * for zero. Static arguments come first in both.
   */
  defvjp(forward: AnyFunction, backward: AnyFunction): CustomVjpFunction<F>;
};

/**
 * A function whose derivative in reverse mode is given by two rules.
 *
 * As `jax.custom_vjp`. Forward mode raises.
 *
 * @throws {TypeError} If it is called before `defvjp`.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { customVjp, grad, numpy as np } from "@dinograd/dinograd";
 *
 * // The identity, with gradients limited to [-1, 1].
 * const limited = customVjp((x) => x);
 * limited.defvjp((x) => [x, null], (_, ct) => [np.clip(ct, -1, 1)]);
 * assertEquals(grad((x) => np.multiply(5, limited(x)))(2).item(), 1);
 * ```
 */
export function customVjp<F extends AnyFunction>(
  f: F,
  options: CustomOptions = {},
): CustomVjpFunction<F> {
  let rules:
    | { readonly forward: AnyFunction; readonly backward: AnyFunction }
    | null = null;
  const prepare = signatures<CustomVjp>(f, options, (signature, statics) => {
    let kept: TreeStructure | null = null;
    const pullback =
      (kept: TreeStructure, result: TreeStructure) =>
      (...args: readonly NDArray[]) => {
        const residuals = unflatten(kept, args.slice(0, kept.leafCount));
        const ct = unflatten(result, args.slice(kept.leafCount));
        return signature.cotangents(
          callTraced(rules!.backward, [...statics, residuals, ct]),
        );
      };
    return {
      name: nameOf(f),
      consts: 0,
      f: signature.flat,
      forward: (...args) => {
        const [y, residuals] = requirePair(
          callTraced(rules!.forward, [...statics, ...signature.trees(args)]),
          `the forward rule of ${nameOf(f)} must return [y, residuals]`,
        );
        const saved = flattenArrays(residuals, `the residuals of ${nameOf(f)}`);
        kept = saved.structure;
        return [...signature.flatten(y), ...saved.arrays];
      },
      outcome: () => ({
        count: signature.result!.leafCount,
        backward: pullback(kept!, signature.result!),
      }),
    };
  });
  const custom = (...args: readonly unknown[]) => {
    if (!rules) throw missingRule(f, "defvjp");
    const { arrays, signature } = prepare(args);
    const outs = bind(customVjpP, arrays, signature.params);
    return unflatten(signature.result!, outs);
  };
  named(f, custom);
  return Object.assign(custom as AnyFunction as F, {
    defvjp: (forward: AnyFunction, backward: AnyFunction) => {
      rules = { forward, backward };
      return custom as unknown as CustomVjpFunction<F>;
    },
  });
}
