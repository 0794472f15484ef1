/** Contractions that a BLAS of the system takes over. */

import type { Contract, Kernel, Nest } from "../../core/ir/kernel.ts";
import { formatKernel } from "../../core/ir/print.ts";
import type { BlasLibrary } from "./blas_library.ts";
import { type Product, productOf } from "./blas_product.ts";
import { splitContract } from "./blas_epilogue.ts";
import type { KernelRow } from "./kernels.ts";
import { ARGUMENT_WORDS } from "./layout.ts";

/** Multiplications of one call below which our own code is as fast. */
const LEAST_SIZE = 64 ** 3;

/** A matrix thinner than this is read once: memory decides, not arithmetic. */
const LEAST_EXTENT = 8;

/** Sums that are stored and read again must be worth that. */
const LEAST_SUM = 32;

/** Kernels listed at a time. */
const LIMIT = 4096;

/** What takes the place of a contract kernel. */
export interface BlasKernel {
  readonly product: Product;
  /** Reads the sums after the kernel's buffers; `null` where they are the result. */
  readonly epilogue: Nest | null;
  /** Bytes for the sums. */
  readonly workspace: number;
  /** Its row in the debug listing. */
  readonly row: BlasRow;
}

interface BlasRow extends KernelRow {
  runs: number;
}

/** A library, and the memory of one machine as it sees it. */
export class Blas {
  /** Address of the memory in the process. */
  readonly base: number;
  private readonly rows = new Map<string, BlasRow>();

  constructor(readonly library: BlasLibrary, memory: Uint8Array) {
    const pointer = Deno.UnsafePointer.of(memory as BufferSource);
    this.base = Number(Deno.UnsafePointer.value(pointer));
  }

  /** How it runs a kernel, or `null` if our own code is to. */
  prepare(kernel: Kernel): BlasKernel | null {
    if (kernel.kind !== "contract") return null;
    const plan = directly(kernel) ?? withEpilogue(kernel);
    return plan && { ...plan, row: this.rowOf(kernel, plan.product) };
  }

  /** What has been prepared. */
  list(): readonly KernelRow[] {
    return [...this.rows.values()];
  }

  private rowOf(kernel: Contract, product: Product): BlasRow {
    const text = formatKernel(kernel);
    let row = this.rows.get(text);
    if (!row) {
      const { m, n, k, dtype, repetitions } = product;
      const items = repetitions.reduce((count, r) => count * r.extent, 1);
      const name = `${this.library.name} ${dtype} ${m}x${k} by ${k}x${n}`;
      const phases = [{ name, items, cost: m * n * k / 50 }];
      row = { id: 0, kind: kernel.kind, phases, size: 0, runs: 0, text };
      this.rows.set(text, row);
      if (this.rows.size > LIMIT) {
        this.rows.delete(this.rows.keys().next().value!);
      }
    }
    return row;
  }
}

type Plan = Omit<BlasKernel, "row">;

function directly(kernel: Contract): Plan | null {
  const [store, ...others] = kernel.stores;
  if (others.length > 0 || store!.value !== kernel.node) return null;
  const product = productOf(kernel, store!);
  if (!product || !isWorthIt(product)) return null;
  return { product, epilogue: null, workspace: 0 };
}

function withEpilogue(kernel: Contract): Plan | null {
  // Their addresses, those of the sums and of a workspace must find room.
  if (kernel.buffers.length + 2 > ARGUMENT_WORDS) return null;
  const { sums, size, epilogue } = splitContract(kernel);
  const product = productOf(kernel, sums);
  if (!product || !isWorthIt(product) || product.k < LEAST_SUM) return null;
  return {
    product,
    epilogue,
    workspace: size * (product.dtype === "float64" ? 8 : 4),
  };
}

function isWorthIt({ m, n, k }: Product): boolean {
  return m * n * k >= LEAST_SIZE && Math.min(m, n, k) >= LEAST_EXTENT;
}
