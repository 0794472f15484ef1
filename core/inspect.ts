/** What `console.log` shows of a value. */

const KEYS = ["Deno.customInspect", "nodejs.util.inspect.custom"];

/**
 * Makes `console.log` show what `toString()` says of an object, or of the
 * instances of the class whose prototype it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const point = inspectAsString({ x: 1, toString: () => "at 1" });
 * assertEquals(Deno.inspect([point]), "[ at 1 ]");
 * ```
 */
export function inspectAsString<T extends object>(target: T): T {
  for (const key of KEYS) {
    Object.defineProperty(target, Symbol.for(key), {
      value(this: unknown) {
        return String(this);
      },
    });
  }
  return target;
}
