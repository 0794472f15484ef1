/** Copies that are worth several threads, as kernels. */

import type { DType } from "../../core/dtype.ts";
import { KernelBuilder } from "../../core/ir/builder.ts";
import type { Nest } from "../../core/ir/kernel.ts";

/** Bytes above which one thread takes longer than several need to begin. */
export const LARGE_COPY: number = 2 ** 18;

/** A kernel that copies its first buffer to its second. */
export function copyKernel(dtype: DType, size: number): Nest {
  const k = new KernelBuilder();
  k.buffers.push({ dtype, size }, { dtype, size });
  const [axis] = k.innerAxes([size], []);
  const { index, loops } = axis!;
  const store = { buffer: 1, offset: index, value: k.load(0, index) };
  return {
    kind: "nest",
    buffers: k.buffers,
    loops,
    stages: [{ kind: "store", loops: [], store }],
  };
}
