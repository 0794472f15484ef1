/** Stores in code: of one element, or of as many as a vector has lanes. */

import { DTYPES } from "../../../core/dtype.ts";
import type { Store } from "../../../core/ir/kernel.ts";
import { i32, i32x4 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import { addressOf, scaled, stepOf, vectorIndex } from "./indices.ts";
import { lane, storeScalar, storeVector } from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** Stores one element. */
export function storeOne(
  scope: Scope,
  { buffer, offset, value: { dtype } }: Store,
  value: Value,
): void {
  const { code } = scope;
  const { base, offset: by } = addressOf(scope, buffer, offset);
  code.do(storeScalar(code, dtype, base, value, by));
}

/** Stores an element for each lane. */
export function storeLanes(scope: Scope, store: Store, vector: V128): void {
  const { buffer, offset, value: { dtype } } = store;
  const { code, form: { lanes } } = scope;
  const { bytes } = DTYPES[dtype];
  const step = stepOf(scope, offset);
  if (step === null) {
    const indices = code.let(vectorIndex(scope, offset));
    return storeApart(scope, store, vector, (i) => {
      const element = scaled(i32x4.extract_lane(indices, i), bytes);
      return i32.add(scope.buffer(buffer), element);
    });
  }
  const { base, offset: by } = addressOf(scope, buffer, offset);
  if (step === 1) {
    code.do(storeVector(code, lanes, dtype, base, vector, by));
  } else {
    storeApart(
      scope,
      store,
      vector,
      (i) => i32.add(base, i32.const(by + i * step * bytes)),
    );
  }
}

function storeApart(
  { code, form: { lanes } }: Scope,
  { value: { dtype } }: Store,
  vector: V128,
  address: (lane: number) => I32,
): void {
  for (let i = 0; i < lanes; i++) {
    const one = code.let(lane(vector, i, dtype));
    code.do(storeScalar(code, dtype, code.let(address(i)), one, 0));
  }
}
