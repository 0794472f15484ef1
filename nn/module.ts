/**
 * Networks as immutable values: a module is a tree whose leaves are its arrays.
 *
 * @module
 */

import { NDArray } from "../core/array.ts";
import { leaves, registerTreeNode, TREE_NODE } from "../core/tree.ts";

/**
 * Base class of everything with parameters.
 *
 * Properties that hold arrays or modules, also in lists and objects, are
 * children of the module in a tree: `grad`, `jit` and optimizers see its arrays
 * as leaves. All other properties (sizes, flags, functions) are static: they
 * are the same in every copy, and `jit` traces anew where they differ.
 * A copy has the prototype and the properties of the original; its constructor
 * does not run again, and private names (`#name`) are not carried over.
 *
 * @example A network of one's own
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, type NDArray, nn, numpy as np } from "@dinograd/dinograd";
 *
 * class Scale extends nn.Module {
 *   readonly factor = np.array([1, 2]);
 *   readonly power = 2; // not an array, so it is not trained
 *   call(x: NDArray) {
 *     return np.power(np.multiply(x, this.factor), this.power);
 *   }
 * }
 * const x = np.array([3, 1]);
 * const loss = (scale: Scale) => np.sum(scale.call(x));
 * assertEquals(loss(new Scale()).item(), 13);
 * assertEquals(grad(loss)(new Scale()).factor.js(), [18, 4]);
 * ```
 */
export abstract class Module {
  /** Marks modules as trees for the type checker. */
  declare readonly [TREE_NODE]: true;
}

/** Properties that are children of a copy, whatever a transform put there. */
const childrenOfCopies = new WeakMap<Module, ReadonlySet<string>>();

registerTreeNode(Module, {
  flatten: (module) => {
    const known = childrenOfCopies.get(module);
    const children: Record<string, unknown> = {};
    const data: Record<string, unknown> = {};
    const properties = module as unknown as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(module)) {
      const value = properties[name];
      const isChild = known?.has(name) || holdsArrays(value);
      (isChild ? children : data)[name] = value;
    }
    return [children, data];
  },
  unflatten: (data, children, prototype) => {
    const copy: Module = Object.assign(
      Object.create(prototype),
      data,
      children,
    );
    childrenOfCopies.set(copy, new Set(Object.keys(children)));
    return copy;
  },
});

function holdsArrays(value: unknown): boolean {
  if (typeof value !== "object") return false;
  return leaves<unknown, unknown>(value, isArrayOrModule).some(isArrayOrModule);
}

function isArrayOrModule(value: unknown): boolean {
  return value instanceof NDArray || value instanceof Module;
}
