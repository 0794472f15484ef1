/** Makes tiles of products on any thread. */

import type { ProductTask } from "./blas_task.ts";

/** What must be declared of `cblas_sgemm` and `cblas_dgemm`; integers have 32 bits. */
export const GEMM_SYMBOLS = {
  cblas_sgemm: {
    result: "void",
    // deno-fmt-ignore
    parameters: [
      "i32", "i32", "i32", "i32", "i32", "i32", "f32",
      "usize", "i32", "usize", "i32", "f32", "usize", "i32",
    ],
  },
  cblas_dgemm: {
    result: "void",
    // deno-fmt-ignore
    parameters: [
      "i32", "i32", "i32", "i32", "i32", "i32", "f64",
      "usize", "i32", "usize", "i32", "f64", "usize", "i32",
    ],
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Makes items `[from, to)` of a product. */
export type ProductPhase = (from: number, to: number) => void;

/**
 * What makes the phases of tasks on one thread. Only its text arrives at worker
 * threads, so it must not mention anything outside itself. `words` is where
 * kernels find the addresses of their buffers.
 */
export function productPhases(
  symbols: typeof GEMM_SYMBOLS,
  memory: WebAssembly.Memory,
  words: number,
): (task: ProductTask) => ProductPhase {
  const libraries = new Map<
    string,
    Deno.DynamicLibrary<typeof GEMM_SYMBOLS>
  >();
  const args = new Uint32Array(memory.buffer, words);
  // The constants of CBLAS.
  const [rowMajor, asItIs, transposed] = [101, 111, 112] as const;

  function open(file: string) {
    let library = libraries.get(file);
    if (!library) libraries.set(file, library = Deno.dlopen(file, symbols));
    return library;
  }

  return ({ file, symbol, k, left, right, out, callsPerItem, calls }) => {
    const gemm = open(file).symbols[symbol];
    const pointer = Deno.UnsafePointer.of(new Uint8Array(memory.buffer));
    const base = Number(Deno.UnsafePointer.value(pointer));
    const ofLeft = left.isTransposed ? transposed : asItIs;
    const ofRight = right.isTransposed ? transposed : asItIs;
    const size = 6 * callsPerItem;
    return (from, to) => {
      const x = base + args[left.argument]!;
      const y = base + args[right.argument]!;
      const z = base + args[out.argument]!;
      for (let i = from * size; i < to * size; i += 6) {
        // deno-fmt-ignore
        gemm(
          rowMajor, ofLeft, ofRight, calls[i]!, calls[i + 1]!, k, 1,
          BigInt(x + calls[i + 2]!), left.leading,
          BigInt(y + calls[i + 3]!), right.leading, calls[i + 5]!,
          BigInt(z + calls[i + 4]!), out.leading,
        );
      }
    };
  };
}
