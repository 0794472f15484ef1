/** Which contractions are products of matrices, and their tiles: made by hand, so no BLAS is needed. */

import { assert, assertEquals, AssertionError } from "@std/assert";
import fc from "fast-check";
import { hostsOf, splitContract } from "../../backends/cpu/blas_epilogue.ts";
import { type Product, productOf } from "../../backends/cpu/blas_product.ts";
import { cutProduct, type TaskMatrix } from "../../backends/cpu/blas_task.ts";
import { compileKernel } from "../../backends/cpu/codegen/mod.ts";
import type { NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import type { Contract } from "../../core/ir/kernel.ts";
import * as lax from "../../library/lax/mod.ts";
import * as np from "../../library/numpy/mod.ts";
import { arrayOf } from "../_util/array.ts";
import {
  assertSameBuffers,
  bytesOf,
  interpret,
  type KernelTrace,
  programOf,
  runCode,
  scattered,
} from "./_run_kernel.ts";

type Fn = (...args: readonly NDArray[]) => NDArray | readonly NDArray[];

/** Small integers: their sums are exact in any order. */
function integers(shape: readonly number[], dtype: DType = "float32"): NDArray {
  const size = shape.reduce((n, extent) => n * extent, 1);
  return arrayOf(shape, scattered(size, 7), dtype);
}

function contractionsOf(
  f: Fn,
  args: readonly NDArray[],
): readonly (KernelTrace & { readonly kernel: Contract })[] {
  return interpret(programOf(f, args), args.map(bytesOf)).flatMap((trace) => {
    const { kernel } = trace;
    return kernel.kind === "contract" ? [{ ...trace, kernel }] : [];
  });
}

function onlyContraction(f: Fn, args: readonly NDArray[]) {
  const [trace, ...others] = contractionsOf(f, args);
  assertEquals(others, []);
  return trace!;
}

const directProduct = (kernel: Contract) =>
  productOf(kernel, kernel.stores[0]!);

/** What a BLAS would do, item by item in any order. */
function multiplyByHand(
  product: Product,
  buffers: readonly Uint8Array[],
): void {
  const { task, items } = cutProduct(product, "by hand");
  const views = buffers.map((bytes) =>
    product.dtype === "float32"
      ? new Float32Array(bytes.buffer)
      : new Float64Array(bytes.buffer)
  );
  const { left, right, out, k, calls, callsPerItem } = task;
  assertEquals(calls.length, items * callsPerItem * 6);
  const at = (m: TaskMatrix, bytes: number, row: number, column: number) =>
    bytes / views[m.argument]!.BYTES_PER_ELEMENT +
    (m.isTransposed ? column * m.leading + row : row * m.leading + column);
  for (let item = items - 1; item >= 0; item--) {
    for (let call = 0; call < callsPerItem; call++) {
      const start = 6 * (item * callsPerItem + call);
      const [rows, columns, x, y, z, scale] = calls.subarray(start, start + 6);
      for (let i = 0; i < rows!; i++) {
        for (let j = 0; j < columns!; j++) {
          const place = at(out, z!, i, j);
          let sum = scale === 0 ? 0 : views[out.argument]![place]!;
          for (let l = 0; l < k; l++) {
            sum += views[left.argument]![at(left, x!, i, l)]! *
              views[right.argument]![at(right, y!, l, j)]!;
          }
          views[out.argument]![place] = sum;
        }
      }
    }
  }
}

/** Asserts that a product with an epilogue makes what the interpreter makes. */
function check(f: Fn, args: readonly NDArray[], hosts: number): void {
  const { kernel, before, after } = onlyContraction(f, args);
  assertEquals(hostsOf(kernel).length, hosts);
  for (const host of [...hostsOf(kernel), null]) {
    const { sums, bytes, epilogue } = splitContract(kernel, host);
    assertEquals(bytes === 0, host !== null);
    const own = bytes > 0 ? [new Uint8Array(bytes).fill(0xa5)] : [];
    const buffers = [...before.map((b) => b.slice()), ...own];
    multiplyByHand(found(productOf(kernel, sums)), buffers);
    const code = compileKernel(epilogue);
    assertEquals(code.workspace, 0); // the sums are there
    const actual = runCode({ kernel: epilogue, before: buffers }, code);
    assertSameBuffers(kernel, actual.slice(0, before.length), after);
  }
}

/** The same for sums that are stored as they are. */
function checkDirect(f: Fn, args: readonly NDArray[]): Product {
  const { kernel, before, after } = onlyContraction(f, args);
  assertEquals(kernel.stores.length, 1);
  assert(kernel.stores[0]!.value === kernel.node);
  const product = found(directProduct(kernel));
  const buffers = before.map((b) => b.slice());
  multiplyByHand(product, buffers);
  assertSameBuffers(kernel, buffers, after);
  return product;
}

function found(product: Product | null): Product {
  if (product) return product;
  throw new AssertionError("The contraction is no product of matrices");
}

const pointwise = (x: NDArray, kernel: NDArray) =>
  lax.convGeneralDilated(x, kernel, [1, 1], "SAME");

const turned = (x: NDArray) => np.swapaxes(x, -1, -2);

Deno.test("matrix products of every layout are one product in tiles", () => {
  const flags = fc.tuple(fc.boolean(), fc.boolean(), fc.boolean());
  const size = fc.integer({ min: 2, max: 40 });
  fc.assert(
    fc.property(
      flags,
      fc.tuple(size, size, size),
      fc.constantFrom<DType>("float32", "float64"),
      ([a, b, c], [m, k, n], dtype) => {
        const x = integers(a ? [k, m] : [m, k], dtype);
        const y = integers(b ? [n, k] : [k, n], dtype);
        const { repetitions } = checkDirect((x, y) => {
          const z = np.matmul(a ? turned(x) : x, b ? turned(y) : y);
          return c ? turned(z) : z;
        }, [x, y]);
        assertEquals(repetitions, []);
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("large products are cut into tiles by their shape", () => {
  const product = (m: number, k: number, n: number) => {
    const { kernel } = onlyContraction(
      (x, y) => np.matmul(x, y),
      [np.zeros([m, k]), np.zeros([k, n])],
    );
    return cutProduct(directProduct(kernel)!, "");
  };
  const small = product(20, 20, 20);
  assertEquals(small.items, 1);
  const large = product(256, 64, 300);
  assert(large.items > 1);
  const { calls } = large.task;
  let elements = 0;
  for (let i = 0; i < calls.length; i += 6) {
    elements += calls[i]! * calls[i + 1]!;
  }
  assertEquals(elements, 256 * 300);
  checkDirect((x, y) => np.matmul(x, y), [
    integers([150, 300]),
    integers([300, 101]),
  ]);
});

Deno.test("batches repeat products", () => {
  const product = checkDirect(
    (x, y) => np.matmul(x, y),
    [integers([3, 4, 5, 6]), integers([3, 4, 6, 7])],
  );
  assertEquals(product.repetitions.map((r) => r.extent), [12]);
  checkDirect(
    (x, y) => np.matmul(x, turned(y)),
    [integers([2, 3, 5, 6]), integers([2, 3, 7, 6])],
  );
});

Deno.test("axes that lie apart repeat products, those of the sum add them up", () => {
  checkDirect(
    (x, y) => np.einsum("abc,dbec->ade", x, y),
    [integers([4, 3, 5]), integers([6, 3, 2, 5])],
  );
  checkDirect(
    (x, y) => np.einsum("iaj,kaj->ik", x, y),
    [integers([5, 3, 4]), integers([6, 3, 4])],
  );
});

Deno.test("convolutions with windows of one element are products", () => {
  for (const shape of [[3, 8, 4, 5], [9, 8, 2, 2], [1, 8, 6, 6]]) {
    checkDirect(pointwise, [integers(shape), integers([7, 8, 1, 1])]);
  }
});

Deno.test("parts of larger matrices are read and written where they are", () => {
  const x = integers([20, 30]);
  const y = integers([40, 20]);
  const { left, right } = checkDirect(
    (x, y) =>
      np.matmul(
        lax.slice(x, [3, 4], [13, 24]),
        lax.slice(y, [7, 2], [27, 14]),
      ),
    [x, y],
  );
  assertEquals([left.leading, right.leading], [30, 20]);
  assertEquals([left.offset, right.offset], [3 * 30 + 4, 7 * 20 + 2]);
  const { out } = checkDirect(
    (x, y) => np.concatenate([np.matmul(x, y), x], 1),
    [integers([5, 6]), integers([6, 7])],
  );
  assertEquals(out.leading, 13);
});

Deno.test("epilogues read the sums, where a result will be or elsewhere", () => {
  const x = integers([6, 5]), y = integers([5, 8]), b = integers([8]);
  check((x, y, b) => np.maximum(np.matmul(x, y).add(b), 0), [x, y, b], 1);
  check((x, y, b) => turned(np.matmul(x, y).add(b)), [x, y, b], 1);
  check((x, y) => np.greater(np.matmul(x, y), 0), [x, y], 0);
  check(
    (x, y) => {
      const z = np.matmul(x, y);
      return [z, z.mul(z), z.add(1)];
    },
    [x, y],
    3,
  );
  check(
    (x, y, z) => np.matmul(x, y).mul(2).add(turned(z)),
    [integers([3, 6, 5]), integers([3, 5, 8]), integers([3, 8, 6])],
    1,
  );
});

Deno.test("what is no product of matrices is left to our own code", () => {
  const left = (f: Fn, args: readonly NDArray[]) => {
    for (const { kernel } of contractionsOf(f, args)) {
      assertEquals(productOf(kernel, splitContract(kernel, null).sums), null);
    }
    assert(contractionsOf(f, args).length > 0);
  };
  const [x, y] = [integers([6, 8]), integers([8, 6])];
  left((x, y) => np.matmul(x, y), [
    integers([6, 8], "float16"),
    integers([8, 6], "float16"),
  ]);
  left((x, y) => np.matmul(x, y), [
    integers([6, 8], "int32"),
    integers([8, 6], "int32"),
  ]);
  left((x, y) => np.matmul(lax.rev(x, [1]), y), [x, y]);
  left((x, y) => np.matmul(x.mul(2), y), [x, y]);
  left(
    (x, y) => np.matmul(lax.slice(x, [0, 0], [6, 8], [1, 2]), y),
    [x, integers([4, 6])],
  );
  left((x, y) => np.matmul(x, y), [integers([8]), y]);
  left(pointwise, [integers([2, 3, 5, 5]), integers([4, 3, 3, 3])]);
});
