/** Code generation: kernels in, WebAssembly out. */

import type { Kernel } from "../../../core/ir/kernel.ts";
import type { KernelCode } from "./code.ts";
import { contractCode } from "./contract.ts";
import { nestCode } from "./nest.ts";
import { scatterCode } from "./scatter.ts";

/** The code of a kernel. */
export function compileKernel(kernel: Kernel): KernelCode {
  switch (kernel.kind) {
    case "nest":
      return nestCode(kernel);
    case "contract":
      return contractCode(kernel);
    case "scatter":
      return scatterCode(kernel);
    case "cumulative":
    case "sort":
      throw new Error(`No code for ${kernel.kind} yet`);
    default:
      return kernel satisfies never;
  }
}
