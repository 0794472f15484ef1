/** Paths to leaves, spelled for messages. */

import type { Path } from "./types.ts";

/** Spells `key` as it stands in an object literal. */
export function spellKey(key: string): string {
  return isIdentifier(key) ? key : JSON.stringify(key);
}

// In a function, as making this expression takes half a millisecond.
function isIdentifier(key: string): boolean {
  return /^[\p{ID_Start}_$][\p{ID_Continue}$]*$/u.test(key);
}

/**
 * Spells `path` as the expression that a user would write.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const path = ["layers", 1, "bias"];
 * assertEquals(formatPath(path, "params"), "params.layers[1].bias");
 * ```
 */
export function formatPath(path: Path, name = "tree"): string {
  const steps = path.map((key) =>
    typeof key === "string" && isIdentifier(key)
      ? `.${key}`
      : `[${JSON.stringify(key)}]`
  );
  return name + steps.join("");
}
