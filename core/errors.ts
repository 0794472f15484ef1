/**
 * The errors that a caller may want to catch. All are `TypeError`s: a value was
 * not of the kind that the operation needs. Axes and counts outside their range
 * are plain `RangeError`s.
 *
 * @module
 */

/**
 * Shapes or dtypes do not fit the operation.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * const add = () => {
 *   throw new ShapeError("Cannot add f32[2] and f32[3]: shapes must broadcast");
 * };
 * assertThrows(add, ShapeError, "f32[2] and f32[3]");
 * assertThrows(add, TypeError);
 * ```
 */
export class ShapeError extends TypeError {
  /** The name that precedes the message when the error is printed. */
  override readonly name = "ShapeError";
}

/**
 * A tracer was asked for a concrete value, or used after its trace had ended.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TracerError("Cannot read the value of a tracer");
 * assertEquals(String(error), "TracerError: Cannot read the value of a tracer");
 * ```
 */
export class TracerError extends TypeError {
  /** The name that precedes the message when the error is printed. */
  override readonly name = "TracerError";
}

/**
 * Two trees that must have the same structure do not.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new TreeError("Cannot map over trees of different structure");
 * assertEquals(error instanceof TypeError, true);
 * assertEquals(error.name, "TreeError");
 * ```
 */
export class TreeError extends TypeError {
  /** The name that precedes the message when the error is printed. */
  override readonly name = "TreeError";
}
