/** Runs products of matrices in a BLAS. */

import { itemSize } from "../../core/dtype.ts";
import type { Blas, BlasKernel } from "./blas.ts";
import type { GemmFunction } from "./blas_library.ts";
import type { Product } from "./blas_product.ts";
import type { StepRun } from "./steps.ts";

/** Constants of CBLAS, the same in all libraries. */
const [ROW_MAJOR, AS_IT_IS, TRANSPOSED] = [101, 111, 112];

/** Runs the products of one kernel. */
export class BlasCall implements StepRun {
  private readonly gemm: GemmFunction;
  /** Of each call: bytes from the start of each matrix, then what to scale `out` by. */
  private readonly calls: Float64Array;

  constructor(
    private readonly kernel: BlasKernel,
    private readonly blas: Blas,
    /** The slot of each buffer, then that of the sums. */
    private readonly slots: readonly number[],
    /** Addresses of the slots, as signed words. */
    private readonly addresses: Int32Array,
  ) {
    this.gemm = blas.library.gemm[kernel.product.dtype];
    this.calls = callsOf(kernel.product);
  }

  run(): void {
    const { gemm, calls, kernel: { product: { m, n, k, left, right, out } } } =
      this;
    const x = this.addressOf(left.buffer);
    const y = this.addressOf(right.buffer);
    const z = this.addressOf(out.buffer);
    const first = left.isTransposed ? TRANSPOSED! : AS_IT_IS!;
    const second = right.isTransposed ? TRANSPOSED! : AS_IT_IS!;
    for (let i = 0; i < calls.length; i += 4) {
      // deno-fmt-ignore
      gemm(
        ROW_MAJOR!, first, second, m, n, k,
        1,
        BigInt(x + calls[i]!), left.leading,
        BigInt(y + calls[i + 1]!), right.leading,
        calls[i + 3]!,
        BigInt(z + calls[i + 2]!), out.leading,
      );
    }
    this.kernel.row.runs++;
  }

  private addressOf(buffer: number): number {
    return this.blas.base + (this.addresses[this.slots[buffer]!]! >>> 0);
  }
}

/** Places of all calls. Those into the same place follow each other. */
function callsOf({ dtype, left, right, out, repetitions }: Product) {
  const size = itemSize(dtype);
  let places = [[left.offset, right.offset, out.offset]];
  // Sums innermost: what a call adds to is still in a cache then.
  const ordered = repetitions.toSorted((x, y) =>
    Number(x.out === 0) - Number(y.out === 0)
  );
  for (const by of ordered) {
    places = places.flatMap(([x, y, z]) =>
      Array.from({ length: by.extent }, (_, i) => [
        x! + i * by.left,
        y! + i * by.right,
        z! + i * by.out,
      ])
    );
  }
  return Float64Array.from(places.flatMap(([x, y, z], i) => [
    x! * size,
    y! * size,
    z! * size,
    i > 0 && places[i - 1]![2] === z ? 1 : 0,
  ]));
}
