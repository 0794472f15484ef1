/** Linear recurrences along an axis: what running combinations have as derivatives. */

import type { NDArray } from "../array.ts";
import type { KernelBuilder, Source } from "../ir/builder.ts";
import type { BlockLowering, StepEquation } from "../ir/block.ts";
import type { Index } from "../ir/index.ts";
import type { Stage } from "../ir/kernel.ts";
import type { BufferId } from "../ir/program.ts";
import type { Node } from "../ir/scalar.ts";
import type { Atom } from "../jaxpr.ts";
import { known, Linear, type Primitive } from "../primitive.ts";
import { bind1 } from "../trace.ts";
import { allLeading, requireEqual } from "./_define.ts";
import { addTangents } from "./addition.ts";
import { mul } from "./arithmetic.ts";
import { scalar } from "./constants.ts";
import { pad, type Padding } from "./slice_pad.ts";

/** Along which axis, and from which end. */
export type Direction = { readonly axis: number; readonly reverse: boolean };

const linearRecurrenceP: Primitive<readonly [NDArray, NDArray], Direction> = {
  name: "linear_recurrence",
  readsManyTimes: true, // inputs may not hold reductions
  abstractEval: ([factor, term]) => {
    requireEqual("linearRecurrence", [factor, term]);
    return [term];
  },
  jvp: ([factor, term], [dFactor, dTerm], direction) => {
    const out = linearRecurrence(factor, term, direction);
    const change = addTangents(
      dFactor && mul(dFactor, previous(out, direction)),
      dTerm,
    );
    return [[out], [change && linearRecurrence(factor, change, direction)]];
  },
  transpose: ([ct], [factor, term], { axis, reverse }) => {
    if (!(term instanceof Linear)) return [null, null];
    const back = { axis, reverse: !reverse };
    const next = previous(known(factor), back);
    return [null, linearRecurrence(next, ct, back)];
  },
  batch: (inputs, mapped, { size }, { axis, reverse }) => {
    const [factor, term] = allLeading(inputs, mapped, size);
    return [linearRecurrence(factor!, term!, { axis: axis + 1, reverse })];
  },
  lowerStep: emitRecurrence,
};

/** `out[i] = factor[i] * out[i - 1] + term[i]`, from 0; linear in `term`. */
export function linearRecurrence(
  factor: NDArray,
  term: NDArray,
  direction: Direction,
): NDArray {
  return bind1(linearRecurrenceP, [factor, term], direction);
}

/** The element before each one, and `nothing` where there is none. */
export function previous(
  x: NDArray,
  { axis, reverse, nothing = 0 }: Direction & { readonly nothing?: number },
): NDArray {
  const move: Padding = reverse ? [-1, 1, 0] : [1, -1, 0];
  const config = x.shape.map((_, a): Padding => a === axis ? move : [0, 0, 0]);
  return x.shape[axis] === 0 ? x : pad(x, scalar(nothing, x.dtype), config);
}

/** The affine map `y -> factor * y + term` of a range of steps, for each end of it. */
type Maps<T> = { readonly factor: T; readonly term: T };

/**
 * Composes the map of each step with those of 1, 2, 4, ... steps before it
 * (Hillis and Steele 1986, Data parallel algorithms), one kernel each time.
 */
function emitRecurrence(
  block: BlockLowering,
  { inputs }: StepEquation,
  { axis, reverse }: Direction,
): void {
  const [factor, term] = inputs as [Atom, Atom];
  const { aval } = term;
  const extent = aval.shape[axis]!;
  if (extent <= 1) return block.copy(term, block.output(0));
  let from: Maps<Atom | BufferId> = { factor, term };
  for (let by = 1; by < extent; by *= 2) {
    const isLast = 2 * by >= extent;
    const to = {
      factor: block.temporary(aval), // not written by the last kernel
      term: isLast ? block.output(0) : block.temporary(aval),
    };
    const place = { axis, extent, by: reverse ? by : -by };
    emitComposition(block, aval.shape, { from, to, place, isLast });
    from = to;
  }
}

/** Which neighbour the map of each step is composed with. */
interface Place {
  readonly axis: number;
  readonly extent: number;
  readonly by: number;
}

/** Emits one kernel that composes each map with that of a neighbour. */
function emitComposition(
  block: BlockLowering,
  shape: readonly number[],
  { from, to, place, isLast }: {
    readonly from: Maps<Atom | BufferId>;
    readonly to: Maps<BufferId>;
    readonly place: Place;
    readonly isLast: boolean;
  },
): void {
  block.kernel((k, source, target) => {
    const loops = shape.map((extent) => k.indices.newLoop(extent));
    const index = loops.map((loop) => k.indices.of(loop));
    const read = (value: Atom | BufferId): Source =>
      typeof value === "number"
        ? (at) => k.load(target(value), k.flatten(at, shape))
        : source(value);
    const maps = { factor: read(from.factor), term: read(from.term) };
    const { factor, term } = composed(k, maps, index, place);
    const store = (buffer: BufferId, value: Node): Stage => {
      const offset = k.flatten(index, shape);
      const written = { buffer: target(buffer), offset, value };
      return { kind: "store", loops: [], store: written };
    };
    const stages = [store(to.term, term)];
    if (!isLast) stages.push(store(to.factor, factor));
    return { kind: "nest", buffers: k.buffers, loops, stages };
  });
}

/** The map at `index` after that of its neighbour, if there is one. */
function composed(
  k: KernelBuilder,
  { factor, term }: Maps<Source>,
  index: readonly Index[],
  { axis, extent, by }: Place,
): Maps<Node> {
  const neighbour = index.with(axis, k.shift(index[axis]!, by));
  const bounds = [{ index: neighbour[axis]!, extent }];
  const [f, t] = [factor(index), term(index)];
  const before = k.within(bounds, () => ({
    factor: factor(neighbour),
    term: term(neighbour),
  }));
  const { dtype } = f;
  const chosen = (both: Node, alone: Node) =>
    k.apply("select", dtype, k.inBounds(bounds), both, alone);
  const carried = k.apply("mul", dtype, f, before.term);
  return {
    factor: chosen(k.apply("mul", dtype, f, before.factor), f),
    term: chosen(k.apply("add", dtype, carried, t), t),
  };
}
