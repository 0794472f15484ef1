import "../../core/dispatch.ts";
import { assertEquals, assertNotEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { Aval } from "../../core/aval.ts";
import type { DType } from "../../core/dtype.ts";
import { lower } from "../../core/ir/lower.ts";
import { formatKernel, formatProgram } from "../../core/ir/print.ts";
import type { KernelStep } from "../../core/ir/program.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { exp } from "../../core/ops/exponential.ts";
import { stage } from "../../core/staging.ts";

function programOf(
  f: (x: NDArray) => NDArray,
  shape: readonly number[],
  dtype: DType = "float32",
) {
  const { jaxpr } = stage((x) => [f(x)], [Aval.of(shape, dtype)], "f");
  return lower(jaxpr);
}

const kernelText = (...args: Parameters<typeof programOf>) =>
  formatKernel((programOf(...args).steps[0] as KernelStep).kernel);

Deno.test("a program prints its buffers, kernels and memory", () => {
  const f = (x: NDArray) => {
    const y = exp(x);
    return add(mul(y, y), broadcastInDim(sum(y, [1]), x.shape, [0]));
  };
  assertEquals(
    formatProgram(programOf(f, [2, 3])),
    `program(b0:float32[6]@0) -> (b1:float32[6]@1)
  nest (i0<2)
    row over (i1<3) r2=exp(b0[3*i0+i1])
    r3 = add over (i1<3) r2
    (i1<3) b1[3*i0+i1] = add(mul(r2, r2), r3)
  2 slots, 48 bytes
    @0 24 bytes: b0
    @1 24 bytes: b1`,
  );
});

Deno.test("kernels of different dtypes or sizes print differently", () => {
  const double = (x: NDArray) => add(x, x);
  assertEquals(kernelText(double, [3]), kernelText(double, [3]));
  assertNotEquals(kernelText(double, [3]), kernelText(double, [3], "int32"));
  assertNotEquals(kernelText(double, [3]), kernelText(double, [4]));
});
