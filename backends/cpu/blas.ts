/** Contractions that a BLAS of the system takes over. */

import type { Contract, Kernel, Nest } from "../../core/ir/kernel.ts";
import { hostsOf, splitContract } from "./blas_epilogue.ts";
import type { BlasLibrary } from "./blas_library.ts";
import {
  GEMM_SYMBOLS,
  type ProductPhase,
  productPhases,
} from "./blas_phase.ts";
import { type Product, productOf } from "./blas_product.ts";
import { cutProduct, type ProductTask } from "./blas_task.ts";
import type { CompiledKernel } from "./kernels.ts";
import { ARGUMENT_WORDS, ARGUMENTS } from "./layout.ts";

/** Multiplications of one call up to which our own code is as fast. */
const LEAST_SIZE = 2 ** 16;

/** Thinner matrices are read about once: memory decides, not arithmetic. */
const LEAST_EXTENT = 8;

/** What takes the place of a contract kernel. */
export interface BlasKernel {
  readonly product: Product;
  /** Makes the results of the sums; `null` where they are the result. */
  readonly epilogue: Nest | null;
  /** Bytes for the sums, if they are no buffer of the kernel but one after them. */
  readonly workspace: number;
}

/** A library at work on one memory. */
export class Blas {
  private readonly phaseOf: (task: ProductTask) => ProductPhase;

  constructor(readonly library: BlasLibrary, memory: WebAssembly.Memory) {
    this.phaseOf = productPhases(GEMM_SYMBOLS, memory, ARGUMENTS);
  }

  /**
   * What it does instead of a kernel, or `null` if our own code is to run.
   * `isShared` says which buffers lie in the memory of others, too.
   */
  take(
    kernel: Kernel,
    isShared: (buffer: number) => boolean,
  ): BlasKernel | null {
    if (kernel.kind !== "contract") return null;
    return directly(kernel) ?? withEpilogue(kernel, isShared);
  }

  /** The products of a kernel. Its last argument is where the sums are. */
  compile({ product, workspace }: BlasKernel, id: number): CompiledKernel {
    const { m, n, k } = product;
    const { file, name } = this.library;
    const { task, items, cost } = cutProduct(product, file);
    return {
      id,
      kind: "contract",
      module: null,
      task,
      phases: [{ name: `${name}, ${m}x${k} by ${k}x${n}`, items, cost }],
      exports: [this.phaseOf(task)],
      workspace,
      size: 0,
      runs: 0,
    };
  }
}

/** Sums that are the result, stored as they are. */
function directly(kernel: Contract): BlasKernel | null {
  const [store, ...others] = kernel.stores;
  if (others.length > 0 || store!.value !== kernel.node) return null;
  const product = productOf(kernel, store!);
  if (!product || !isWorthIt(product)) return null;
  return { product, epilogue: null, workspace: 0 };
}

/** Sums in the place of a result or in a workspace, from which a nest makes the results. */
function withEpilogue(
  kernel: Contract,
  isShared: (buffer: number) => boolean,
): BlasKernel | null {
  // Addresses of buffers, of the sums, and of a workspace for the nest.
  if (kernel.buffers.length + 2 > ARGUMENT_WORDS) return null;
  const hosts = hostsOf(kernel).filter(({ buffer }) => !isShared(buffer));
  for (const host of [...hosts, null]) {
    const { sums, bytes, epilogue } = splitContract(kernel, host);
    const product = productOf(kernel, sums);
    if (product && isWorthIt(product)) {
      return { product, epilogue, workspace: bytes };
    }
  }
  return null;
}

function isWorthIt({ m, n, k }: Product): boolean {
  return m * n * k > LEAST_SIZE && Math.min(m, n, k) >= LEAST_EXTENT;
}
