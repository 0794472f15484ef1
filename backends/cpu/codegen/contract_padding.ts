/**
 * Operands that are zero outside of their array, as those of convolutions, are
 * copied once with the zeros around them. Then nothing in the many reads of an
 * element asks where it is.
 */

import { DTYPES } from "../../../core/dtype.ts";
import { Index, Loop, type Term } from "../../../core/ir/index.ts";
import type { Contract } from "../../../core/ir/kernel.ts";
import type { LoadNode, Node } from "../../../core/ir/scalar.ts";
import { v128 } from "../wasm/instructions.ts";
import type { I32, V128 } from "../wasm/value.ts";
import { type Axis, sizeOf } from "./axes.ts";
import { append, storeScalar } from "./contract_code.ts";
import { VECTOR } from "./micro_kernel.ts";
import { all, inVectors, oneByOne } from "./ranges.ts";
import type { Scope } from "./scope.ts";

/** Bytes of a copy at most. */
const LIMIT = 1 << 26;
/** How often an element must be read at least for a copy to pay. */
const LEAST_READS = 2;
/** Elements at this distance, or a multiple of it, compete for places in the first cache. */
const CONFLICT = 1024;
/** How many elements are added to a distance that is one. */
const SHIFT = 16;

/** A copy with zeros around, at the beginning of the workspace or after an earlier one. */
export interface PaddedCopy {
  /** What is copied, over `loops`. */
  readonly load: LoadNode;
  /** Planes, then the loops of each plane, in the order of memory. */
  readonly loops: readonly Loop[];
  /** Elements from plane to plane. */
  readonly plane: number;
  /** Element of the workspace where it begins. */
  readonly start: number;
  readonly size: number;
}

/** A contraction that reads copies: they are a buffer after those of the kernel. */
export interface Padded {
  readonly kernel: Contract;
  readonly copies: readonly PaddedCopy[];
}

/** Has those operands copied for which that pays. */
export function withPadding(kernel: Contract): Padded {
  const copies: PaddedCopy[] = [];
  const replaced = (operand: Node): Node => {
    if (operand.op !== "load" || operand.bounds.length === 0) return operand;
    const start = copies.reduce((n, copy) => n + copy.size, 0);
    const found = paddedCopyOf(operand, kernel.buffers.length, start);
    if (!found) return operand;
    copies.push(found.copy);
    return found.load;
  };
  const { node } = kernel;
  const [left, right] = [replaced(node.left), replaced(node.right)];
  if (copies.length === 0) return { kernel, copies };
  const padded = { ...node, left, right };
  // Stores go on reading the node by the name that they know.
  return { kernel: { ...kernel, node: padded }, copies };
}

/** A bound, and how far its array moves with it. */
interface Dimension {
  readonly index: Index;
  readonly extent: number;
  readonly stride: number;
  /** The smallest index that is read, and how many there are from there on. */
  readonly low: number;
  readonly size: number;
}

function paddedCopyOf(
  load: LoadNode,
  buffer: number,
  start: number,
): { readonly copy: PaddedCopy; readonly load: LoadNode } | null {
  const dimensions = dimensionsOf(load);
  if (!dimensions) return null;
  const shape = shapeOf(load, dimensions);
  if (!shape) return null;
  const copy = copyOf(load, dimensions, shape, start);
  const reads = sizeOf([...load.loops]);
  const isSmall = copy.size * DTYPES[load.dtype].bytes <= LIMIT;
  if (!isSmall || reads < LEAST_READS * copy.size) return null;
  const offset = offsetIn(dimensions, shape, start);
  return { copy, load: { ...load, buffer, offset, bounds: [] } };
}

/** The bounded dimensions, the innermost first; `null` if they do not lie as in an array. */
function dimensionsOf({ offset, bounds }: LoadNode): Dimension[] | null {
  const indices = [offset, ...bounds.map((b) => b.index)];
  const isPlain = indices.every(({ terms }) =>
    terms.every(({ atom }) => atom instanceof Loop)
  );
  if (!isPlain) return null;
  const dimensions = bounds.map(({ index, extent }) => {
    const [term] = index.terms;
    const stride = term ? strideIn(offset, term.atom) / term.stride : 0;
    const [low, size] = [index.min, index.max - index.min + 1];
    return { index, extent, stride, low, size };
  }).sort((x, y) => x.stride - y.stride);
  const isArray = dimensions.every(({ stride }, i) => {
    const below = dimensions[i - 1];
    return below ? stride === below.stride * below.extent : stride >= 1;
  });
  return isArray && dimensions.every((d) => Number.isInteger(d.stride))
    ? dimensions
    : null;
}

function strideIn({ terms }: Index, atom: Term["atom"]): number {
  return terms.find((term) => term.atom === atom)?.stride ?? 0;
}

/** Planes of bounded dimensions, before and after. */
interface Shape {
  /** Elements from plane to plane in the array, and in the copy. */
  readonly from: number;
  readonly to: number;
  readonly planes: number;
  /** Elements from index to index of each dimension in the copy. */
  readonly strides: readonly number[];
  /** What moves the offset besides the bounded dimensions. */
  readonly rest: Index;
}

function shapeOf(
  { offset }: LoadNode,
  dimensions: readonly Dimension[],
): Shape | null {
  const inner = dimensions[0]!.stride;
  const { stride, extent } = dimensions.at(-1)!;
  const from = stride * extent;
  const strides: number[] = [];
  let to = inner;
  for (const { size } of dimensions) {
    strides.push(to);
    to *= size;
  }
  if (to % CONFLICT === 0) to += SHIFT;
  const rest = combined([
    [offset, 1],
    ...dimensions.map((d) => [d.index, -d.stride] as const),
  ]);
  const isOfBounds = ({ atom }: Term) =>
    dimensions.some((d) => d.index.terms.some((t) => t.atom === atom));
  const within = partOf(rest, from, (stride) => stride % from !== 0);
  const isShape = !rest.terms.some(isOfBounds) && rest.min >= 0 &&
    within.min >= 0 && within.max < inner;
  if (!isShape) return null;
  return { from, to, planes: Math.floor(rest.max / from) + 1, strides, rest };
}

/** The terms whose stride passes a test, and the constant within a plane. */
function partOf(
  { terms, constant }: Index,
  plane: number,
  test: (stride: number) => boolean,
): Index {
  return new Index(constant % plane, terms.filter((t) => test(t.stride)), -1);
}

function offsetIn(
  dimensions: readonly Dimension[],
  { from, to, strides, rest }: Shape,
  start: number,
): Index {
  const planes = rest.terms.map(({ atom, stride }) => ({
    atom,
    stride: stride % from === 0 ? stride / from * to : stride,
  }));
  const inPlane = rest.constant % from;
  const first = start + (rest.constant - inPlane) / from * to + inPlane;
  return combined([
    [new Index(first, planes, -1), 1],
    ...dimensions.map(({ index, low }, i) =>
      [
        new Index(index.constant - low, index.terms, -1),
        strides[i]!,
      ] as const
    ),
  ]);
}

function copyOf(
  load: LoadNode,
  dimensions: readonly Dimension[],
  { from, to, planes }: Shape,
  start: number,
): PaddedCopy {
  let id = -1;
  const newLoop = (extent: number) => new Loop(extent, id--);
  const plane = newLoop(planes);
  const inner = newLoop(dimensions[0]!.stride);
  const along = dimensions.map(({ size }) => newLoop(size));
  const places = dimensions.map(({ low }, i) =>
    new Index(low, [{ atom: along[i]!, stride: 1 }], -1)
  );
  const offset = combined([
    [new Index(0, [{ atom: plane, stride: from }], -1), 1],
    ...places.map((place, i) => [place, dimensions[i]!.stride] as const),
    [new Index(0, [{ atom: inner, stride: 1 }], -1), 1],
  ]);
  const bounds = places.map((index, i) => ({
    index,
    extent: dimensions[i]!.extent,
  }));
  const loops = [plane, ...along.toReversed(), inner];
  return {
    load: { ...load, offset, bounds, loops: new Set(loops) },
    loops,
    plane: to,
    start,
    size: planes * to,
  };
}

/** A sum of multiples of indices. */
function combined(parts: readonly (readonly [Index, number])[]): Index {
  const strides = new Map<Term["atom"], number>();
  let constant = 0;
  for (const [index, factor] of parts) {
    constant += index.constant * factor;
    for (const { atom, stride } of index.terms) {
      strides.set(atom, (strides.get(atom) ?? 0) + stride * factor);
    }
  }
  const terms = Array.from(strides, ([atom, stride]) => ({ atom, stride }))
    .filter(({ atom, stride }) =>
      stride !== 0 && !(atom instanceof Loop && atom.extent === 1)
    );
  return new Index(constant, terms, -1);
}

/** Copies a plane with the zeros around it. */
export function copyPlane(
  scope: Scope,
  { load, loops }: PaddedCopy,
  plane: I32,
  to: I32,
): void {
  const [first, ...others] = loops.map((loop): Axis => ({
    loops: [loop],
    extent: loop.extent,
  }));
  scope.bind(first!, plane);
  const inner = others.filter(({ extent }) => extent > 1);
  const at = scope.code.let(to);
  const ranges = inner.map((axis) => ({ axis, positions: all(axis) }));
  const along = ranges.pop();
  if (!along) return scope.code.do(storeScalar(at, scope.scalar(load), 0));
  const { bytes } = DTYPES[load.dtype];
  oneByOne([scope], ranges, ([line]) => {
    inVectors(line!, along.axis, along.positions, 1, ([place], wide) => {
      const value = place!.value(load, wide);
      if (wide) append(place!, v128.store(at, value as V128), at, VECTOR);
      else append(place!, storeScalar(at, value, 0), at, bytes);
    });
  });
}
