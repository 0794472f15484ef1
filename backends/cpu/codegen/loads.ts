/** Loads in code: of one element, or of as many as a vector has lanes. */

import { type DType, DTYPES } from "../../../core/dtype.ts";
import type { Bound, LoadNode } from "../../../core/ir/scalar.ts";
import { ZEROS } from "../layout.ts";
import { i32, i32x4, i8x16, select, v128 } from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import {
  type Address,
  addressOf,
  scalarIndex,
  scaled,
  stepOf,
  vectorIndex,
} from "./indices.ts";
import {
  fromLanes,
  loadScalar,
  loadVector,
  maskFor,
  vectorConst,
} from "./lanes.ts";
import type { Scope } from "./scope.ts";

/** Which lanes of a load are inside of its bounds. */
interface Inside {
  /** Of bounds in which all lanes agree. */
  readonly all: I32 | null;
  /** Of the others. */
  readonly each: V128 | null;
}

/** One element, or 0 where a bound does not hold. */
export function loadOne(
  scope: Scope,
  { buffer, dtype, offset, bounds }: LoadNode,
): Value {
  const { code } = scope;
  const address = addressOf(scope, buffer, offset);
  if (bounds.length === 0) {
    return loadScalar(code, dtype, address.base, address.offset);
  }
  const safe = code.let(safely(isInside(scope, bounds), address));
  return loadScalar(code, dtype, safe, 0);
}

/** An element for each lane. */
export function loadLanes(scope: Scope, node: LoadNode): V128 {
  const { buffer, dtype, offset, bounds } = node;
  const { code, form: { lanes } } = scope;
  const inside = insideOf(scope, bounds);
  const step = stepOf(scope, offset);
  if (step === null || (step !== 1 && bounds.length > 0)) {
    return gather(scope, node, inside);
  }
  const address = addressOf(scope, buffer, offset);
  if (step === -1) return loadReversed(scope, dtype, address);
  if (step !== 1) return loadApart(scope, dtype, address, step);
  if (bounds.length === 0) {
    return loadVector(code, lanes, dtype, address.base, address.offset);
  }
  // Where one lane is inside, the others are not far from it.
  const some = inside.each && v128.any_true(inside.each);
  const condition = inside.all && some
    ? i32.and(inside.all, some)
    : (inside.all ?? some)!;
  const safe = code.let(safely(condition, address));
  const vector = loadVector(code, lanes, dtype, safe, 0);
  return inside.each ? v128.and(vector, maskFor(dtype, inside.each)) : vector;
}

/** An address, or that of zeros. */
function safely(condition: I32, { base, offset }: Address): I32 {
  const exact = offset === 0 ? base : i32.add(base, i32.const(offset));
  return select(condition, exact, i32.const(ZEROS));
}

function isInside(scope: Scope, bounds: readonly Bound[]): I32 {
  return bounds.map(({ index, extent }) =>
    i32.lt_u(scalarIndex(scope, index), i32.const(extent))
  ).reduce((x, y) => i32.and(x, y));
}

function insideOf(scope: Scope, bounds: readonly Bound[]): Inside {
  const { code } = scope;
  const uneven = bounds.filter(({ index }) =>
    scope.homes.ofIndex(index).varies
  );
  const even = bounds.filter((b) => !uneven.includes(b));
  return {
    all: even.length > 0 ? code.let(isInside(scope, even)) : null,
    each: uneven.length > 0 ? code.let(insideMask(scope, uneven)) : null,
  };
}

function insideMask(scope: Scope, bounds: readonly Bound[]): V128 {
  return bounds.map(({ index, extent }) => {
    const limit = vectorConst(scope.code, extent, "int32");
    return i32x4.lt_u(vectorIndex(scope, index), limit);
  }).reduce((x, y) => v128.and(x, y));
}

/** Neighbours that lie `step` elements apart. */
function loadApart(
  { code, form: { lanes } }: Scope,
  dtype: DType,
  { base, offset }: Address,
  step: number,
): V128 {
  const stride = step * DTYPES[dtype].bytes;
  // What a load adds to an address is not negative.
  const back = Math.min(0, stride * (lanes - 1));
  const isBefore = offset + back < 0;
  const first = isBefore
    ? code.let(i32.add(base, i32.const(offset + back)))
    : base;
  const from = isBefore ? -back : offset;
  return fromLanes(
    code,
    lanes,
    dtype,
    (i) => loadScalar(code, dtype, first, from + i * stride),
  );
}

/** Neighbours in memory, the last one first. */
function loadReversed(
  { code, form: { lanes } }: Scope,
  dtype: DType,
  { base, offset }: Address,
): V128 {
  const back = (lanes - 1) * DTYPES[dtype].bytes;
  const last = code.let(i32.add(base, i32.const(offset - back)));
  const x = code.let(loadVector(code, lanes, dtype, last, 0));
  const width = dtype === "float64" ? 8 : 4;
  const order = Array.from({ length: 16 }, (_, byte) => {
    const from = lanes - 1 - Math.floor(byte / width);
    return from < 0 ? byte : from * width + byte % width;
  });
  return i8x16.shuffle(x, x, order);
}

/** Loads lane by lane from addresses of their own. */
function gather(
  scope: Scope,
  { buffer, dtype, offset }: LoadNode,
  { all, each }: Inside,
): V128 {
  const { code, form: { lanes } } = scope;
  const indices = code.let(vectorIndex(scope, offset));
  const { bytes } = DTYPES[dtype];
  return fromLanes(code, lanes, dtype, (i) => {
    const element = scaled(i32x4.extract_lane(indices, i), bytes);
    const base = i32.add(scope.buffer(buffer), element);
    const own = each && i32x4.extract_lane(each, i);
    const condition = own && all ? i32.and(own, all) : own ?? all;
    const at = condition ? safely(condition, { base, offset: 0 }) : base;
    return loadScalar(code, dtype, code.let(at), 0);
  });
}
