/** `vmap`: a function of one example, applied to a batch at once. */

import type { NDArray } from "../core/array.ts";
import { ShapeError } from "../core/errors.ts";
import { axisNamesOf, evalJaxpr, type Jaxpr, memoised } from "../core/jaxpr.ts";
import { leading } from "../core/ops/_define.ts";
import { transpose } from "../core/ops/layout.ts";
import type { AnyPrimitive, BatchAxis, Batched } from "../core/primitive.ts";
import { stage } from "../core/staging.ts";
import {
  bind,
  currentTrace,
  type Trace,
  Tracer,
  withTrace,
} from "../core/trace.ts";
import {
  flatten,
  flattenUpTo,
  type TreeStructure,
  unflatten,
} from "../core/tree.ts";
import { axesExcept } from "../core/ops/_axes.ts";
import {
  type FlatFunction,
  flatFunction,
  flattenArrays,
  named,
  nameOf,
} from "./_arguments.ts";
import type { AnyFunction } from "./types.ts";
import { withAxisName } from "./axis_names.ts";

/** One example; `batch` holds all of them along its first axis. */
class BatchTracer extends Tracer {
  constructor(trace: BatchTrace, readonly batch: NDArray) {
    super(trace, batch.aval.with({ shape: batch.shape.slice(1) }));
  }
}

/** Applies each primitive to whole batches. */
class BatchTrace implements Trace {
  isOpen = true;
  constructor(
    readonly parent: Trace,
    readonly axis: BatchAxis,
    readonly label: string,
  ) {}

  process(
    primitive: AnyPrimitive,
    inputs: readonly NDArray[],
    params: unknown,
  ): readonly NDArray[] {
    const pairs = inputs.map((x) => this.split(x));
    const mapped = pairs.map(([, isMapped]) => isMapped);
    const values = pairs.map(([value]) => value);
    return withTrace(this.parent, () => {
      if (!mapped.includes(true) && !this.isNamedIn(primitive, params)) {
        return bind(primitive, values, params);
      }
      if (!primitive.batch) {
        throw new TypeError(
          `Cannot vmap ${primitive.name}: it has no batching rule`,
        );
      }
      const result = primitive.batch(values, mapped, this.axis, params);
      return "outs" in result
        ? result.outs.map((out, i) => this.join(out, result.mapped[i]!))
        : result.map((out) => this.join(out, true));
    });
  }

  split(x: NDArray): readonly [value: NDArray, isMapped: boolean] {
    return x instanceof BatchTracer && x.trace === this
      ? [x.batch, true]
      : [x, false];
  }

  join(x: NDArray, isMapped: boolean): NDArray {
    return isMapped ? new BatchTracer(this, x) : x;
  }

  private isNamedIn(primitive: AnyPrimitive, params: unknown): boolean {
    const { name } = this.axis;
    return name !== null && axisNamesOf({ primitive, params }).includes(name);
  }
}

/** Applies a flat function to inputs of which some have a leading batch axis. */
export function batchFlat(
  f: FlatFunction,
  inputs: readonly NDArray[],
  mapped: readonly boolean[],
  axis: BatchAxis,
  label: string,
): Batched {
  const trace = new BatchTrace(currentTrace(), axis, label);
  try {
    const outs = withTrace(
      trace,
      () =>
        withAxisName(
          axis,
          () => f(...inputs.map((x, i) => trace.join(x, mapped[i]!))),
        ),
    );
    const pairs = outs.map((x) => trace.split(x));
    return { outs: pairs.map(([x]) => x), mapped: pairs.map(([, is]) => is) };
  } finally {
    trace.isOpen = false;
  }
}

/** What is wanted of the batched form of a jaxpr. */
export interface BatchPattern {
  readonly mapped: readonly boolean[];
  readonly axis: BatchAxis;
  /** Outputs that shall have the batch axis even if they do not depend on it. */
  readonly forced: readonly boolean[];
}

/** A jaxpr on batches, and which of its outputs are batches. */
export interface BatchedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly mappedOut: readonly boolean[];
}

/** The batched form of a jaxpr. */
export const batchJaxpr: (jaxpr: Jaxpr, pattern: BatchPattern) => BatchedJaxpr =
  memoised(
    (jaxpr, { mapped, axis, forced }: BatchPattern) => {
      let mappedOut: readonly boolean[] = [];
      const avals = jaxpr.inAvals.map((aval, i) =>
        mapped[i] ? aval.with({ shape: [axis.size, ...aval.shape] }) : aval
      );
      const { jaxpr: batched } = stage(
        (...args) => {
          const result = batchFlat(
            (...xs) => evalJaxpr(jaxpr, xs),
            args,
            mapped,
            axis,
            "vmap of a jaxpr",
          );
          mappedOut = result.mapped.map((is, i) => is || forced[i]!);
          return result.outs.map((x, i) =>
            mappedOut[i] ? leading(x, result.mapped[i]!, axis.size) : x
          );
        },
        avals,
        "vmap of a jaxpr",
      );
      return { jaxpr: batched, mappedOut };
    },
  );

/** Which axis of each leaf is mapped: one for all, `null` for none, or a tree of such. */
export type InAxes = number | null | readonly InAxes[] | {
  readonly [key: string]: InAxes;
};

/** Options of `vmap`. */
export interface VmapOptions {
  /** A name for the axis, for collectives such as `psum`. */
  readonly axisName?: string;
  /** Its size, where no argument is mapped. */
  readonly axisSize?: number;
}

/**
 * Applies `f` along an axis of its arguments, all at once.
 *
 * `inAxes` says which axis of each argument is mapped: a number for all, or a
 * list with an entry per argument, each a number, `null` (not mapped) or a tree
 * that is a prefix of the argument. `outAxes` says likewise where the axis goes
 * in the results. As `jax.vmap`.
 *
 * @throws {ShapeError} If mapped axes differ in size.
 * @throws {RangeError} If an axis is out of range.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { numpy as np, vmap } from "@dinograd/dinograd";
 *
 * const rows = np.array([[1, 2], [3, 4]]);
 * assertEquals(vmap((row) => row.sum())(rows).js(), [3, 7]);
 * assertEquals(vmap(np.dot, [0, null])(rows, np.array([1, 10])).js(), [21, 43]);
 * ```
 */
export function vmap<F extends AnyFunction>(
  f: F,
  inAxes: InAxes = 0,
  outAxes: InAxes = 0,
  { axisName, axisSize }: VmapOptions = {},
): F {
  const label = `vmap of ${nameOf(f)}`;
  const mapped = (...args: readonly unknown[]) => {
    const { arrays, structure } = flattenArrays(
      args,
      `the arguments of ${label}`,
    );
    const axes = axesFor(inAxes, structure, {
      name: `the arguments of ${label}`,
      first: "inAxes",
    })
      .map((axis, i) => checkedAxis(axis, arrays[i]!.ndim, label));
    const size = batchSize(arrays, axes, axisSize, label);
    const batches = arrays.map((x, i) => moveToFront(x, axes[i]!));
    const flat = flatFunction(f, structure);
    const { outs, mapped } = batchFlat(
      flat,
      batches,
      axes.map((axis) => axis !== null),
      { size, name: axisName ?? null },
      label,
    );
    const result = flat.result();
    const places = axesFor(outAxes, result, {
      name: `the result of ${label}`,
      first: "outAxes",
    });
    return unflatten(
      result,
      outs.map((x, i) => placeAxis(x, mapped[i]!, places[i]!, size, label)),
    );
  };
  return named(f, mapped) as AnyFunction as F;
}

/** One axis for each leaf, from a tree that is a prefix of theirs. */
function axesFor(
  axes: InAxes,
  structure: TreeStructure,
  names: { readonly name: string; readonly first: string },
): readonly (number | null)[] {
  const isAxis = (x: unknown) => typeof x === "number" || x === null;
  const spec = flatten<unknown, number | null>(axes, isAxis);
  if (isAxis(axes)) return new Array(structure.leafCount).fill(axes);
  const leaves = unflatten(
    structure,
    Array.from({ length: structure.leafCount }, () => 0),
  );
  const parts = flattenUpTo(spec.structure, leaves, names);
  return parts.flatMap((part, i) =>
    flatten<unknown, unknown>(part).leaves.map(() => spec.leaves[i]!)
  );
}

function checkedAxis(
  axis: number | null,
  ndim: number,
  label: string,
): number | null {
  if (axis === null) return null;
  if (Number.isInteger(axis) && axis >= -ndim && axis < ndim) {
    return axis < 0 ? axis + ndim : axis;
  }
  throw new RangeError(
    `Cannot take the ${label} along axis ${axis} of an array with ${ndim} ` +
      `axes. Use null for arguments that are not mapped`,
  );
}

function batchSize(
  arrays: readonly NDArray[],
  axes: readonly (number | null)[],
  given: number | undefined,
  label: string,
): number {
  const sizes = new Set(
    arrays.flatMap((x, i) => axes[i] === null ? [] : [x.shape[axes[i]!]!]),
  );
  if (given !== undefined) sizes.add(given);
  const [size] = sizes;
  if (sizes.size === 1) return size!;
  throw new ShapeError(
    sizes.size === 0
      ? `Cannot take the ${label}: no argument is mapped. Give axisSize, or map one`
      : `Cannot take the ${label}: mapped axes have sizes ${
        [...sizes].join(", ")
      } ` +
        `(shapes ${
          arrays.map((x) => `[${x.shape}]`).join(", ")
        }). They must be equal`,
  );
}

function moveToFront(x: NDArray, axis: number | null): NDArray {
  return axis === null
    ? x
    : transpose(x, [axis, ...axesExcept([axis], x.ndim)]);
}

function placeAxis(
  x: NDArray,
  isMapped: boolean,
  place: number | null,
  size: number,
  label: string,
): NDArray {
  if (place === null) {
    if (!isMapped) return x;
    throw new RangeError(
      `Cannot use outAxes null in the ${label}: the result depends on the ` +
        `mapped axis. Give the axis where it goes`,
    );
  }
  const batch = leading(x, isMapped, size);
  const to = checkedAxis(place, batch.ndim, label)!;
  const order = axesExcept([0], batch.ndim);
  return transpose(batch, [...order.slice(0, to), 0, ...order.slice(to)]);
}
