/** The names of mapped axes that are in scope. */

import type { BatchAxis } from "../core/primitive.ts";

let scope: readonly BatchAxis[] = [];

/** The named axes in scope, outermost first: part of the key of what is traced. */
export function axesInScope(): readonly BatchAxis[] {
  return scope;
}

/** Runs `f` with an axis in scope, if it has a name. */
export function withAxisName<T>(axis: BatchAxis, f: () => T): T {
  if (axis.name === null) return f();
  const outer = scope;
  scope = [...outer, axis];
  try {
    return f();
  } finally {
    scope = outer;
  }
}

/**
 * The size of a named axis.
 *
 * @throws {RangeError} If no axis of that name is in scope.
 */
export function axisSizeOf(name: string): number {
  const axis = scope.findLast((a) => a.name === name);
  if (axis) return axis.size;
  const known = scope.map((a) => `"${a.name}"`).join(", ") || "none";
  throw new RangeError(
    `Cannot use axis "${name}": no vmap with that axisName is under way ` +
      `(names in scope: ${known})`,
  );
}
