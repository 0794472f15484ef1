/** `customVjp`: functions with a derivative rule for reverse mode. */

import type { NDArray } from "../core/array.ts";
import type { Aval } from "../core/aval.ts";
import { ShapeError } from "../core/errors.ts";
import { leading } from "../core/ops/_define.ts";
import { sum } from "../core/ops/broadcast_sum.ts";
import { zerosLike } from "../core/ops/constants.ts";
import {
  type BatchAxis,
  Linear,
  type Primitive,
  type Tangent,
} from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
import { type TreeStructure, unflatten } from "../core/tree.ts";
import {
  callTraced,
  type FlatFunction,
  flattenArrays,
  nameOf,
} from "./_arguments.ts";
import type { AnyFunction } from "./types.ts";
import { batched, type Body, requireConstant, staged } from "./_custom_body.ts";
import {
  customFunction,
  type CustomOptions,
  requirePair,
  signatures,
} from "./_custom_signature.ts";

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
  const custom = customFunction(f, customVjpP, {
    prepare,
    isReady: () => rules !== null,
    method: "defvjp",
  });
  return Object.assign(custom as F, {
    defvjp: (forward: AnyFunction, backward: AnyFunction) => {
      rules = { forward, backward };
      return custom as unknown as CustomVjpFunction<F>;
    },
  });
}
