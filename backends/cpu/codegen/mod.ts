/** Code generation: kernels in, WebAssembly out. */

import type { Kernel } from "../../../core/ir/kernel.ts";
import type { KernelCode } from "./code.ts";
import { contractCode } from "./contract.ts";
import { cumulativeCode } from "./cumulative.ts";
import { nestCode } from "./nest.ts";
import { scatterCode } from "./scatter.ts";
import { sortCode } from "./sort.ts";

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
      return cumulativeCode(kernel);
    case "sort":
      return sortCode(kernel);
    default:
      return kernel satisfies never;
  }
}
