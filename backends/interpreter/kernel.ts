/** Runs each kind of kernel. */

import { type DType, isFloating } from "../../core/dtype.ts";
import { readValue, type Storage, writeValue } from "../../core/storage.ts";
import type {
  Contract,
  Cumulative,
  Kernel,
  Nest,
  Scatter,
  Sort,
  Stage,
  Store,
} from "../../core/ir/kernel.ts";
import type { ReduceNode } from "../../core/ir/scalar.ts";
import {
  combinerOf,
  identityOf,
  rounderOf,
  type ScalarFunction,
} from "../../core/ir/semantics.ts";
import {
  BLOCK,
  forEachFrame,
  type Frame,
  type Lanes,
  materialise,
  sizeOf,
} from "./frame.ts";

/** A kernel on the buffers that it numbers. */
export type KernelRun = (buffers: readonly Storage[]) => void;

/** Makes a kernel ready to run. */
export function compileKernel(kernel: Kernel): KernelRun {
  switch (kernel.kind) {
    case "nest":
      return (buffers) => runNest(kernel, buffers);
    case "contract":
      return (buffers) => runContract(kernel, buffers);
    case "cumulative":
      return (buffers) => runCumulative(kernel, buffers);
    case "sort":
      return (buffers) => runSort(kernel, buffers);
    case "scatter":
      return (buffers) => runScatter(kernel, buffers);
    default:
      return kernel satisfies never;
  }
}

function runNest({ loops, stages }: Nest, buffers: readonly Storage[]): void {
  const widest = Math.max(1, ...stages.map(stageSize));
  const block = Math.max(1, Math.floor(BLOCK / widest));
  forEachFrame(buffers, loops, null, (frame) => {
    for (const stage of stages) runStage(stage, frame);
  }, block);
}

function stageSize(stage: Stage): number {
  return sizeOf(stage.kind === "reduce" ? stage.node.inner : stage.loops);
}

function runStage(stage: Stage, frame: Frame): void {
  switch (stage.kind) {
    case "reduce":
      return frame.set(
        stage.node,
        reduceLanes(stage.node, stage.stages, frame),
      );
    case "row": {
      const values = materialise(frame.buffers, stage.node, stage.loops, frame);
      return frame.setRow(stage.node, { loops: stage.loops, values });
    }
    case "store":
      if (stage.loops.length === 0) return write(stage.store, frame);
      return forEachFrame(frame.buffers, stage.loops, frame, (inner) => {
        write(stage.store, inner);
      });
    default:
      return stage satisfies never;
  }
}

function reduceLanes(
  { reducer, inner, body, dtype }: ReduceNode,
  stages: readonly Stage[],
  frame: Frame,
): Lanes {
  const combine = combinerOf(reducer, dtype);
  const result = new Float64Array(frame.count).fill(identityOf(reducer, dtype));
  forEachFrame(frame.buffers, inner, frame, (lanes) => {
    for (const stage of stages) runStage(stage, lanes);
    const values = lanes.evaluate(body);
    const owner = lanes.parentLane!;
    for (let i = 0; i < values.length; i++) {
      const lane = owner[i]!;
      result[lane] = combine(result[lane]!, values[i]!, 0);
    }
  });
  return result.map(rounderOf(dtype));
}

function write(
  { buffer, offset, value }: Store,
  frame: Frame,
  given?: Lanes,
): void {
  const offsets = frame.evaluateIndex(offset);
  const values = given ?? frame.evaluate(value);
  const storage = frame.buffers[buffer]!;
  for (let i = 0; i < values.length; i++) {
    put(storage, value.dtype, offsets[i]!, values[i]!);
  }
}

function put(storage: Storage, dtype: DType, at: number, value: number): void {
  if (dtype === "bfloat16") writeValue(storage, dtype, at, value);
  else storage[at] = value;
}

/** A matrix product per batch index, of packed operands, a block of rows at a time. */
function runContract(
  { batch, rows, columns, node, stores }: Contract,
  buffers: readonly Storage[],
): void {
  const [n, depth] = [sizeOf(columns), sizeOf(node.inner)];
  const round = rounderOf(node.dtype);
  const add = isFloating(node.dtype) ? addScaled : addScaledIntegers;
  const block = Math.max(1, Math.floor((1 << 18) / Math.max(1, depth, n)));
  forEachFrame(buffers, batch, null, (at) => {
    const right = materialise(
      buffers,
      node.right,
      [...node.inner, ...columns],
      at,
    );
    forEachFrame(buffers, rows, at, (block) => {
      const left = materialise(buffers, node.left, node.inner, block);
      const product = multiply(left, right, { m: block.count, n, depth, add });
      forEachFrame(buffers, columns, block, (frame, start) => {
        const values = product.subarray(start, start + frame.count).map(round);
        frame.set(node, values);
        for (const store of stores) write(store, frame);
      });
    }, block);
  }, 1);
}

/** Adds `factor` times the elements of `right` from `at` on to a row. */
type AddScaled = (row: Lanes, factor: number, right: Lanes, at: number) => void;

const addScaled: AddScaled = (row, factor, right, at) => {
  for (let j = 0; j < row.length; j++) row[j]! += factor * right[at + j]!;
};

/** Wraps at each step: the sum of exact products could pass 2^53. */
const addScaledIntegers: AddScaled = (row, factor, right, at) => {
  for (let j = 0; j < row.length; j++) {
    row[j] = (row[j]! + Math.imul(factor, right[at + j]!)) | 0;
  }
};

function multiply(
  left: Lanes,
  right: Lanes,
  { m, n, depth, add }: {
    readonly m: number;
    readonly n: number;
    readonly depth: number;
    readonly add: AddScaled;
  },
): Lanes {
  const product = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = product.subarray(i * n, (i + 1) * n);
    for (let k = 0; k < depth; k++) {
      add(row, left[i * depth + k]!, right, k * n);
    }
  }
  return product;
}

function runCumulative(
  { loops, axis, reducer, reverse, store }: Cumulative,
  buffers: readonly Storage[],
): void {
  const { dtype } = store.value;
  const combine = combinerOf(reducer, dtype);
  const round = rounderOf(dtype);
  forEachFrame(buffers, loops, null, (outer) => {
    forEachFrame(buffers, [axis], outer, (frame) => {
      const values = frame.evaluate(store.value).slice();
      let running = identityOf(reducer, dtype);
      for (let step = 0; step < values.length; step++) {
        const i = reverse ? values.length - 1 - step : step;
        running = combine(running, values[i]!, 0);
        values[i] = round(running);
      }
      write(store, frame, values);
    }, axis.extent);
  }, 1);
}

function runSort(
  { loops, axis, keys, stores }: Sort,
  buffers: readonly Storage[],
): void {
  forEachFrame(buffers, loops, null, (outer) => {
    forEachFrame(buffers, [axis], outer, (frame) => {
      const operands = stores.map((store) => frame.evaluate(store.value));
      const order = Array.from({ length: axis.extent }, (_, i) => i);
      order.sort((i, j) => {
        for (const key of operands.slice(0, keys)) {
          const difference = compare(key[i]!, key[j]!);
          if (difference !== 0) return difference;
        }
        return 0;
      });
      stores.forEach((store, which) => {
        const sorted = Float64Array.from(order, (i) => operands[which]![i]!);
        write(store, frame, sorted);
      });
    }, axis.extent);
  }, 1);
}

/** Numbers in order, -0 and 0 equal, NaN after all of them. */
function compare(x: number, y: number): number {
  if (x < y) return -1;
  if (x > y) return 1;
  return Number(x !== x) - Number(y !== y);
}

function runScatter(
  { loops, combine, bounds, store }: Scatter,
  buffers: readonly Storage[],
): void {
  const { dtype } = store.value;
  const round = rounderOf(dtype);
  const join: ScalarFunction = combine === "set"
    ? (_, y) => y
    : combinerOf(combine, dtype);
  const target = buffers[store.buffer]!;
  forEachFrame(buffers, loops, null, (frame) => {
    const offsets = frame.evaluateIndex(store.offset);
    const values = frame.evaluate(store.value);
    const limits = bounds.map(({ index, extent }) => ({
      at: frame.evaluateIndex(index),
      extent,
    }));
    for (let i = 0; i < values.length; i++) {
      if (!limits.every(({ at, extent }) => at[i]! >= 0 && at[i]! < extent)) {
        continue;
      }
      const at = offsets[i]!;
      const present = readValue(target, dtype, at);
      put(target, dtype, at, round(join(present, values[i]!, 0)));
    }
  });
}
