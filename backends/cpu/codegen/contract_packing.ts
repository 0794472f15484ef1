/**
 * Packs the operands of a block: evaluates them and lays them out as the
 * micro-kernel reads them.
 *
 *     columns: for each vector of columns, its elements of every inner position
 *     rows:    for each row, its elements of every inner position; or
 *              for each inner position, its elements of every row
 */

import type { Effect, I32, Local, V128 } from "../wasm/value.ts";
import { f32, f64, i32, i8x16, v128 } from "../wasm/instructions.ts";
import type { F32, F64, Value } from "../wasm/value.ts";
import { DTYPES } from "../../../core/dtype.ts";
import { Index, Loop, type Term } from "../../../core/ir/index.ts";
import type { LoadNode, Node } from "../../../core/ir/scalar.ts";
import { type Axis, strideOf } from "./axes.ts";
import type { PaddedCopy } from "./contract_padding.ts";
import { type Plan, scatteredLoads } from "./contract_plan.ts";
import {
  bindAxes,
  bindVector,
  type InnerBlock,
  type Part,
} from "./contract_positions.ts";
import { LIST_ENTRY, type Spacing, VECTOR } from "./micro_kernel.ts";
import { all, type AxisRange, inVectors, oneByOne } from "./ranges.ts";
import type { Scope } from "./scope.ts";

/** How the columns of a block lie once they are packed. */
export function packedColumns({ inner }: Plan): Spacing {
  return { outer: inner.depth * VECTOR, inner: VECTOR };
}

/** How the rows of a block lie once they are packed. */
export function packedRows(plan: Plan): Spacing {
  const { type, rows, inner } = plan;
  const { bytes } = DTYPES[type];
  return rowsLieSideBySide(plan)
    ? { outer: bytes, inner: roundUp(rows.cut.size * bytes, VECTOR) }
    : { outer: roundUp(inner.depth * bytes, VECTOR), inner: bytes };
}

/** Whether it is along the rows that vectors of the left operand are loaded. */
function rowsLieSideBySide({ rows: { node, axes }, inner }: Plan): boolean {
  const [row, ...more] = axes;
  const along = inner.axes.at(-1);
  if (!row || more.length > 0) return false;
  if (!along) return true;
  return scatteredLoads(node, row) < scatteredLoads(node, along);
}

/** Packs vectors of columns. */
export function packColumns(
  scope: Scope,
  plan: Plan,
  block: InnerBlock,
  { from, count }: Part,
  to: I32,
): void {
  const { node, axes } = plan.columns;
  const along = block.ranges.at(-1);
  const isAcross = plan.lanes === 4 && along !== undefined &&
    scatteredLoads(node, along.axis) < scatteredLoads(node, axes.at(-1)!);
  forEach(scope, count, (place, i) => {
    const { code } = place;
    const vector = code.let(i32.add(from, i));
    const at = code.let(
      i32.add(to, i32.mul(i, i32.const(packedColumns(plan).outer))),
    );
    bindVector(place, plan, vector, { isVector: !isAcross });
    if (!isAcross) return packVector(place, plan, block, at);
    oneByOne([place], block.ranges.slice(0, -1), ([inner]) => {
      packTransposed(inner!, plan, along, at);
    });
  });
}

/** All elements of a vector of columns; without looking at bounds where all are inside. */
function packVector(
  place: Scope,
  plan: Plan,
  block: InnerBlock,
  at: I32,
): void {
  const { node } = plan.columns;
  const inside = node.op === "load" ? isAllInside(place, plan, node) : null;
  const checked = place.child();
  packEach(checked, node, block, at);
  const { code } = place;
  if (!inside) return code.append(checked.code);
  const free = place.child();
  packEach(free, { ...node, bounds: [] } as Node, block, at);
  code.if(
    inside,
    (then) => then.append(free.code),
    (otherwise) => otherwise.append(checked.code),
  );
}

/** Visits axes on which bounds depend first: what is the same for the others is computed once. */
function packEach(
  place: Scope,
  node: Node,
  { ranges }: InnerBlock,
  start: I32,
): void {
  let stride = VECTOR;
  const strides = ranges.toReversed().map(({ axis }) => {
    const own = { axis, stride };
    stride *= axis.extent;
    return own;
  });
  const base = startOf(place, ranges, strides.at(-1)?.stride ?? 0, start);
  const [first, last] = partition(ranges, ({ axis }) => boundsMove(node, axis));
  oneByOne([place], [...first, ...last], ([inner]) => {
    const { code } = inner!;
    const value = inner!.vector(node);
    const { base: at, offset } = inner!.addressAlong("packed", base, strides);
    code.do(v128.store(at, value, offset));
  });
}

/** Positions of the cut axis count from where the block begins. */
function startOf(
  { code }: Scope,
  ranges: readonly AxisRange[],
  stride: number,
  start: I32,
): I32 {
  const from = ranges[0]?.positions.from ?? 0;
  if (from === 0) return start;
  return code.let(i32.sub(start, i32.mul(from, i32.const(stride))));
}

function boundsMove(node: Node, { loops }: Axis): boolean {
  if (node.op !== "load") return false;
  return node.bounds.some(({ index }) =>
    loops.some((loop) => index.loops.has(loop))
  );
}

function partition<T>(
  list: readonly T[],
  test: (x: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [list.filter(test), list.filter((x) => !test(x))];
}

/** Whether a vector is within all bounds at every inner position; `null` if it never is. */
function isAllInside(
  place: Scope,
  { columns, inner, lanes }: Plan,
  { bounds }: LoadNode,
): I32 | null {
  const first = place.child(place.code);
  for (const axis of inner.axes) first.bind(axis, null);
  const tests = bounds.map(({ index, extent }) => {
    const isPlain = index.terms.every(({ atom }) => atom instanceof Loop);
    const spans = inner.axes.map((axis) =>
      strideOf(index, axis) * (axis.extent - 1)
    );
    spans.push(strideOf(index, columns.axes.at(-1)!) * (lanes - 1));
    const low = sum(spans.map((span) => Math.min(0, span)));
    const room = extent - sum(spans.map(Math.abs));
    if (!isPlain || room <= 0) return null;
    const lowest = i32.add(first.index(index), i32.const(low));
    return i32.lt_u(lowest, i32.const(room));
  });
  if (tests.length === 0 || tests.includes(null)) return null;
  return place.code.let(tests.map((t) => t!).reduce((x, y) => i32.and(x, y)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((x, y) => x + y, 0);
}

/** Loads along an inner axis, 4 columns at a time, and turns rows into columns. */
function packTransposed(
  scope: Scope,
  { columns: { node, axes } }: Plan,
  { axis, positions }: AxisRange,
  at: Local<"i32">,
): void {
  const column = axes.at(-1)!;
  inVectors(scope, axis, positions, 1, ([place], wide) => {
    const { code } = place!;
    const lines = [0, 1, 2, 3].map((by) =>
      place!.shifted(column, by).value(node, wide)
    );
    if (wide) {
      transposed(place!, lines as V128[]).forEach((vector, i) =>
        code.do(v128.store(at, vector, i * VECTOR))
      );
      code.set(at, i32.add(at, i32.const(4 * VECTOR)));
    } else {
      lines.forEach((x, i) => code.do(storeScalar(at, x, i * 4)));
      code.set(at, i32.add(at, i32.const(VECTOR)));
    }
  });
}

function transposed({ code }: Scope, rows: readonly V128[]): readonly V128[] {
  const words = (x: V128, y: V128, order: readonly number[]) =>
    code.let(
      i8x16.shuffle(
        x,
        y,
        order.flatMap((w) => [0, 1, 2, 3].map((b) => 4 * w + b)),
      ),
    );
  const [a, b, c, d] = rows;
  const [ab, cd] = [words(a!, b!, [0, 4, 1, 5]), words(c!, d!, [0, 4, 1, 5])];
  const [ef, gh] = [words(a!, b!, [2, 6, 3, 7]), words(c!, d!, [2, 6, 3, 7])];
  return [
    words(ab, cd, [0, 1, 4, 5]),
    words(ab, cd, [2, 3, 6, 7]),
    words(ef, gh, [0, 1, 4, 5]),
    words(ef, gh, [2, 3, 6, 7]),
  ];
}

export function packRows(
  scope: Scope,
  plan: Plan,
  block: InnerBlock,
  range: Part,
  to: I32,
): void {
  if (rowsLieSideBySide(plan)) packAlongRows(scope, plan, block, range, to);
  else packRowByRow(scope, plan, block, range, to);
}

function packRowByRow(
  scope: Scope,
  plan: Plan,
  { ranges }: InnerBlock,
  { from, count }: Part,
  to: I32,
): void {
  const { rows: { node, axes }, type } = plan;
  const { bytes } = DTYPES[type];
  const along = ranges.at(-1);
  forEach(scope, count, (place, i) => {
    const { code } = place;
    const at = code.let(
      i32.add(to, i32.mul(i, i32.const(packedRows(plan).outer))),
    );
    bindAxes(place, axes, code.let(i32.add(from, i)));
    if (!along) return place.code.do(storeScalar(at, place.scalar(node), 0));
    oneByOne([place], ranges.slice(0, -1), ([line]) => {
      inVectors(line!, along.axis, along.positions, 1, ([p], wide) => {
        const value = p!.value(node, wide);
        if (wide) append(p!, v128.store(at, value as V128), at, VECTOR);
        else append(p!, storeScalar(at, value, 0), at, bytes);
      });
    });
  });
}

/** The last vector may read beyond the last row; what it reads is not used. */
function packAlongRows(
  scope: Scope,
  plan: Plan,
  { ranges }: InnerBlock,
  { from, count }: Part,
  to: I32,
): void {
  const { rows: { node, axes }, lanes } = plan;
  const { inner } = packedRows(plan);
  const vectors = scope.code.let(
    i32.div_u(i32.add(count, i32.const(lanes - 1)), i32.const(lanes)),
  );
  forEach(scope, vectors, (place, i) => {
    const { code } = place;
    const row = code.let(i32.add(from, i32.mul(i, i32.const(lanes))));
    const at = code.let(i32.add(to, i32.mul(i, i32.const(VECTOR))));
    place.bind(axes[0] as Axis, row, { isVector: true });
    oneByOne([place], ranges, ([p]) => {
      append(p!, v128.store(at, p!.vector(node)), at, inner);
    });
  });
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

function append(
  { code }: Scope,
  store: Effect,
  at: Local<"i32">,
  by: number,
): void {
  code.do(store);
  code.set(at, i32.add(at, i32.const(by)));
}

function storeScalar(address: I32, value: Value, offset: number): Effect {
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

function roundUp(x: number, step: number): number {
  return Math.ceil(x / step) * step;
}
