/** Contractions of labelled axes: what products and einsum have in common. */

import type { NDArray } from "../../core/array.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { reshape, transpose } from "../../core/ops/layout.ts";
import { broadcastTo } from "../_promote.ts";
import { diagonalOf } from "./_diagonal.ts";

/** The name of an axis: axes of one name are equal, and summed together unless kept. */
export type Label = string;

/** An array, and the names of its axes. */
export interface Labelled {
  readonly array: NDArray;
  readonly labels: readonly Label[];
}

/** The sum of products over all labels that are not in `out`. */
export function contracted(
  operands: readonly Labelled[],
  out: readonly Label[],
): NDArray {
  const extents = extentsOf(operands);
  let rest = operands.map((x) => squeezed(withoutRepeats(x), extents));
  while (rest.length > 1) {
    const [i, j] = cheapestPair(rest, out, extents);
    const others = rest.filter((_, k) => k !== i && k !== j);
    const kept = new Set([...out, ...others.flatMap((x) => x.labels)]);
    rest = [...others, product(rest[i]!, rest[j]!, kept)];
  }
  return arranged(summed(rest[0]!, new Set(out)), out, extents);
}

/** The extent of each label; where some are 1, that of the others. */
export function extentsOf(
  operands: readonly Labelled[],
): ReadonlyMap<Label, number> {
  const extents = new Map<Label, number>();
  for (const { array, labels } of operands) {
    labels.forEach((label, axis) => {
      const extent = array.shape[axis]!;
      if (extent !== 1 || !extents.has(label)) extents.set(label, extent);
    });
  }
  return extents;
}

/** An axis of one element that others stretch is left out. */
function squeezed(
  { array, labels }: Labelled,
  extents: ReadonlyMap<Label, number>,
): Labelled {
  const isKept = (axis: number) =>
    array.shape[axis] === extents.get(labels[axis]!);
  return {
    array: reshape(array, array.shape.filter((_, axis) => isKept(axis))),
    labels: labels.filter((_, axis) => isKept(axis)),
  };
}

/** Axes of one name become their diagonal. */
function withoutRepeats({ array, labels }: Labelled): Labelled {
  const second = labels.findIndex((label, i) => labels.indexOf(label) < i);
  if (second < 0) return { array, labels };
  const first = labels.indexOf(labels[second]!);
  return withoutRepeats({
    array: diagonalOf(array, 0, first, second),
    labels: [
      ...labels.filter((_, i) => i !== first && i !== second),
      labels[second]!,
    ],
  });
}

function summed({ array, labels }: Labelled, kept: Set<Label>): Labelled {
  const axes = labels.flatMap((label, axis) => kept.has(label) ? [] : [axis]);
  return {
    array: sum(array, axes),
    labels: labels.filter((label) => kept.has(label)),
  };
}

/** The pair whose product has the fewest elements; the first of several. */
function cheapestPair(
  operands: readonly Labelled[],
  out: readonly Label[],
  extents: ReadonlyMap<Label, number>,
): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  let least = Infinity;
  operands.forEach((x, i) =>
    operands.slice(i + 1).forEach((y, offset) => {
      const j = i + 1 + offset;
      const others = operands.filter((_, k) => k !== i && k !== j);
      const kept = new Set([...out, ...others.flatMap((o) => o.labels)]);
      const labels = new Set([...x.labels, ...y.labels]);
      const size = [...labels].filter((label) => kept.has(label))
        .reduce((n, label) => n * extents.get(label)!, 1);
      if (size < least) [best, least] = [[i, j], size];
    })
  );
  return best;
}

/** The product of two operands, summed over labels that are not kept. */
function product(a: Labelled, b: Labelled, kept: Set<Label>): Labelled {
  const x = summed(a, new Set([...kept, ...b.labels]));
  const y = summed(b, new Set([...kept, ...a.labels]));
  const shared = x.labels.filter((label) => y.labels.includes(label));
  const batch = shared.filter((label) => kept.has(label));
  const inner = shared.filter((label) => !kept.has(label));
  const free = (side: Labelled) =>
    side.labels.filter((label) => !shared.includes(label));
  const axes = (side: Labelled, labels: readonly Label[]) =>
    labels.map((label) => side.labels.indexOf(label));
  const labels = [...batch, ...free(x), ...free(y)];
  if (inner.length === 0) return outerProduct(x, y, labels);
  const array = dotGeneral(x.array, y.array, {
    contract: [axes(x, inner), axes(y, inner)],
    batch: [axes(x, batch), axes(y, batch)],
  });
  return { array, labels };
}

/** A product without a sum is elementwise, and fuses as such. */
function outerProduct(
  x: Labelled,
  y: Labelled,
  labels: readonly Label[],
): Labelled {
  const extents = extentsOf([x, y]);
  const factors = [x, y].map((side) => arranged(side, labels, extents));
  return { array: mul(factors[0]!, factors[1]!), labels };
}

/** Axes in the order of `out`; labels that `array` lacks are repeated. */
function arranged(
  { array, labels }: Labelled,
  out: readonly Label[],
  extents: ReadonlyMap<Label, number>,
): NDArray {
  const present = out.filter((label) => labels.includes(label));
  const ordered = transpose(
    array,
    present.map((label) => labels.indexOf(label)),
  );
  const spread = reshape(
    ordered,
    out.map((label) => labels.includes(label) ? extents.get(label)! : 1),
  );
  return broadcastTo(spread, out.map((label) => extents.get(label)!));
}
