/** Expressions and statements of a function body, written where they are used. */

import type { Bytes } from "./bytes.ts";

/** The types of values on the stack. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** How the binary format writes each type. */
export const TYPE_CODES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

/**
 * An expression: instructions that push one value. Used twice it is computed
 * twice; `Code.let` keeps its value in a local.
 */
export class Value<T extends ValueType = ValueType> {
  constructor(readonly type: T, readonly write: (to: Bytes) => void) {}
}

export type I32 = Value<"i32">;
export type I64 = Value<"i64">;
export type F32 = Value<"f32">;
export type F64 = Value<"f64">;
export type V128 = Value<"v128">;

/** A statement: instructions that leave the stack as it was. */
export class Effect {
  constructor(readonly write: (to: Bytes) => void) {}
}

/** A local variable; as an expression it is its present value. */
export class Local<T extends ValueType = ValueType> extends Value<T> {
  constructor(type: T, readonly index: number) {
    super(type, (to) => void to.byte(0x20).unsigned(index));
  }
}

/** A global constant of the module. */
export function global<T extends ValueType>(type: T, index: number): Value<T> {
  return new Value(type, (to) => void to.byte(0x23).unsigned(index));
}
