/**
 * Packs the operands of a block: evaluates them and lays them out as the
 * micro-kernel reads them.
 *
 *     columns: for each vector of columns, its elements of every inner position
 *     rows:    for each row, its elements of every inner position; or
 *              for each inner position, its elements of every row
 */

import { DTYPES } from "../../../core/dtype.ts";
import { Loop } from "../../../core/ir/index.ts";
import type { LoadNode, Node } from "../../../core/ir/scalar.ts";
import { i32, i8x16, v128 } from "../wasm/instructions.ts";
import type { I32, Local, V128 } from "../wasm/value.ts";
import { type Axis, strideOf } from "./axes.ts";
import { isEven, scatteredLoads } from "./contract_access.ts";
import { append, forEach, storeScalar } from "./contract_code.ts";
import type { Plan } from "./contract_plan.ts";
import {
  bindVector,
  type InnerBlock,
  type Part,
} from "./contract_positions.ts";
import { type Spacing, VECTOR } from "./micro_kernel.ts";
import { type AxisRange, inVectors, oneByOne } from "./ranges.ts";
import type { Scope } from "./scope.ts";
import { bindAll } from "./positions.ts";

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
  // Vectors may go beyond the last row: no more than that must be out of place.
  if (!row || more.length > 0 || !isEven(node)) return false;
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
    const { base: at, offset } = inner!.addressAlong(base, strides);
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
    bindAll(place, axes, code.let(i32.add(from, i)));
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

function roundUp(x: number, step: number): number {
  return Math.ceil(x / step) * step;
}
