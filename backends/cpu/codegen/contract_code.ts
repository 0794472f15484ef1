/** Pieces of code that the parts of a contraction share. */

import { f32, f64, i32 } from "../wasm/instructions.ts";
import type { Effect, F32, F64, I32, Local, Value } from "../wasm/value.ts";
import type { Scope } from "./scope.ts";

/** Stores something at `at`, which then moves on. */
export function append(
  { code }: Scope,
  store: Effect,
  at: Local<"i32">,
  by: number,
): void {
  code.do(store);
  code.set(at, i32.add(at, i32.const(by)));
}

/** Stores a number in the form in which kernels compute with it. */
export function storeScalar(
  address: I32,
  value: Value,
  offset: number,
): Effect {
  switch (value.type) {
    case "f32":
      return f32.store(address, value as F32, offset);
    case "f64":
      return f64.store(address, value as F64, offset);
    default:
      return i32.store(address, value as I32, offset);
  }
}

/** Runs `build` for `i` from 0 to `count`, which is not 0, in a place of its own. */
export function forEach(
  scope: Scope,
  count: I32,
  build: (place: Scope, i: I32) => void,
): void {
  const i = scope.code.fn.local("i32");
  const place = scope.child();
  build(place, i);
  scope.code.for(
    i,
    { from: i32.const(0), to: count, nonEmpty: true },
    (code) => code.append(place.code),
  );
}
