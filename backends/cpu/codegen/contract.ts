/** Contractions: sums of products of two operands. */

import type { Contract } from "../../../core/ir/kernel.ts";
import type { KernelCode } from "./code.ts";
import { smallContractCode } from "./contract_small.ts";

/** The code of a contraction. */
export function contractCode(kernel: Contract): KernelCode {
  return smallContractCode(kernel);
}
