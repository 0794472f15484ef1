/** Lists by which the micro-kernel finds what does not lie at even distances. */

import { DTYPES } from "../../../core/dtype.ts";
import { Index, type Loop, type Term } from "../../../core/ir/index.ts";
import type { LoadNode } from "../../../core/ir/scalar.ts";
import { i32 } from "../wasm/instructions.ts";
import type { I32 } from "../wasm/value.ts";
import { append, forEach } from "./contract_code.ts";
import type { Plan } from "./contract_plan.ts";
import type { InnerBlock, Part } from "./contract_positions.ts";
import { LIST_ENTRY } from "./micro_kernel.ts";
import { oneByOne } from "./ranges.ts";
import type { Scope } from "./scope.ts";

/** Lists how many bytes the positions of a block of inner loops are away from the first of all. */
export function listDistances(
  scope: Scope,
  { inner: { axes } }: Plan,
  { offset, dtype }: LoadNode,
  { ranges }: InnerBlock,
  to: I32,
): void {
  const isInner = ({ atom }: Term) =>
    axes.some(({ loops }) => loops.includes(atom as Loop));
  const index = new Index(0, offset.terms.filter(isInner), -1);
  const at = scope.code.let(to);
  oneByOne([scope], ranges, ([place]) => {
    const { bytes } = DTYPES[dtype];
    const distance = i32.mul(place!.index(index), i32.const(bytes));
    append(place!, i32.store(at, distance), at, LIST_ENTRY);
  });
}

/** Lists where rows or vectors are. */
export function listAddresses(
  scope: Scope,
  { buffer, offset }: LoadNode,
  { from, count }: Part,
  to: I32,
  bind: (place: Scope, position: I32) => void,
): void {
  const at = scope.code.let(to);
  forEach(scope, count, (place, i) => {
    bind(place, place.code.let(i32.add(from, i)));
    const { base, offset: by } = place.address(buffer, offset);
    append(place, i32.store(at, i32.add(base, i32.const(by))), at, LIST_ENTRY);
  });
}
