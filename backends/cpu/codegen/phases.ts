/** Items of phases: rows, and loops in them. */

import { i32 } from "../wasm/instructions.ts";
import type { Code, Range } from "../wasm/function.ts";
import type { I32, Local } from "../wasm/value.ts";
import { type KernelModule, smaller } from "./kernel_module.ts";
import type { Scope } from "./scope.ts";

/** Rough nanoseconds of work that an item should have. */
export const ITEM_COST = 16_000;

/** Adds a phase whose items are so many rows each that they are worth a call. */
export function rowPhase(
  module: KernelModule,
  { rows, cost }: { readonly rows: number; readonly cost: number },
  build: (scope: Scope, row: I32) => void,
): void {
  const perItem = Math.max(1, Math.ceil(ITEM_COST / cost));
  const items = Math.ceil(rows / perItem);
  module.phase(
    { items, cost: Math.min(perItem, rows) * cost },
    (scope, item) => {
      if (perItem === 1) return build(scope, item);
      const { code } = scope;
      const from = code.let(i32.mul(item, i32.const(perItem)));
      const end = code.let(i32.add(from, i32.const(perItem)));
      const to = code.let(smaller(end, i32.const(rows)));
      loop(scope, { from, to }, build);
    },
  );
}

/** A loop in a place: `build` writes its body in a place inside. */
export function loop(
  scope: Scope,
  range: Range,
  build: (inner: Scope, at: Local<"i32">) => void,
): void {
  const at = scope.code.fn.local("i32");
  const inner = scope.child();
  build(inner, at);
  scope.code.for(at, range, (code: Code) => code.append(inner.code));
}
