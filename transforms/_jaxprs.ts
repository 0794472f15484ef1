/** Rearranging the inputs and outputs of jaxprs, and finding fixed points over loops. */

import { internJaxpr, Jaxpr } from "../core/jaxpr.ts";

/** The same program with inputs and outputs in another order. */
export function reordered(
  jaxpr: Jaxpr,
  inputs: readonly number[],
  outputs: readonly number[],
): Jaxpr {
  return internJaxpr(
    new Jaxpr(
      inputs.map((i) => jaxpr.inputs[i]!),
      jaxpr.equations,
      outputs.map((i) => jaxpr.outputs[i]!),
    ),
  );
}

/** The numbers `start, start + 1, ...`. */
export function range(start: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

/** Elements of a list where a mask is true. */
export function where<T>(
  list: readonly T[],
  mask: readonly boolean[],
): readonly T[] {
  return list.filter((_, i) => mask[i]);
}

/** Elements of a list where a mask is false. */
export function unless<T>(
  list: readonly T[],
  mask: readonly boolean[],
): readonly T[] {
  return list.filter((_, i) => !mask[i]);
}

/** How many elements of a mask are true. */
export function count(mask: readonly boolean[]): number {
  return mask.filter((is) => is).length;
}

/** Takes the next of `yes` or of `no` for each element of a mask: undoes `where` and `unless`. */
export function merged<T>(
  mask: readonly boolean[],
  yes: readonly T[],
  no: readonly T[],
): readonly T[] {
  const [some, others] = [yes[Symbol.iterator](), no[Symbol.iterator]()];
  return mask.map((is) => (is ? some : others).next().value!);
}

/** Cuts a list into consecutive parts of given lengths; the last takes the rest. */
export function parts<T>(
  list: readonly T[],
  ...lengths: readonly number[]
): (readonly T[])[] {
  let start = 0;
  const cut = lengths.map((length) => list.slice(start, start += length));
  return [...cut, list.slice(start)];
}

/**
 * The least set of carries that is closed under `step`, which says for a set of
 * carries coming in which ones come out.
 */
export function fixedPoint(
  start: readonly boolean[],
  step: (carries: readonly boolean[]) => readonly boolean[],
): readonly boolean[] {
  for (let carries = start;;) {
    const out = step(carries);
    const next = carries.map((is, i) => is || out[i]!);
    if (next.every((is, i) => is === carries[i])) return carries;
    carries = next;
  }
}
