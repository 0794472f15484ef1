/** `customJvp`: functions with a derivative rule for both modes. */

import type { NDArray } from "../core/array.ts";
import { zerosLike } from "../core/ops/constants.ts";
import type { Primitive } from "../core/primitive.ts";
import { bind } from "../core/trace.ts";
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
  const custom = customFunction(f, customJvpP, {
    prepare,
    isReady: () => rule !== null,
    method: "defjvp",
  });
  return Object.assign(custom as F, {
    defjvp: (given: AnyFunction) => {
      rule = given;
      return custom as unknown as CustomJvpFunction<F>;
    },
  });
}
