import { assert, assertEquals, assertThrows } from "@std/assert";
import type { KernelCode } from "../../backends/cpu/codegen/code.ts";
import {
  type CompiledKernel,
  formatKernels,
  kernelCompiler,
  Kernels,
} from "../../backends/cpu/kernels.ts";
import { SCRATCH_BYTES } from "../../backends/cpu/layout.ts";
import { compiledKernels } from "../../backends/cpu/open.ts";
import { devicePut, numpy as np } from "../../mod.ts";
import { REVERSED, TRIPLE } from "../_util/random_program.ts";

/** A module that exports `run(from, to)`, which does nothing. */
const NOTHING = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // header
  ...[1, 6, 1, 0x60, 2, 0x7f, 0x7f, 0], // type (i32, i32)
  ...[3, 2, 1, 0], // function of it
  ...[7, 7, 1, 3, ...text("run"), 0, 0], // export
  ...[10, 4, 1, 2, 0, 0x0b], // empty body
);

function text(letters: string): Uint8Array {
  return new TextEncoder().encode(letters);
}

const code = (changes: Partial<KernelCode> = {}): KernelCode => ({
  bytes: NOTHING,
  phases: [{ name: "run", items: 3, cost: 20.4 }],
  workspace: 0,
  scratch: 0,
  ...changes,
});

const memory = new WebAssembly.Memory({
  initial: 1,
  maximum: 1,
  shared: true,
});

function compiled(changes?: Partial<KernelCode>): CompiledKernel {
  return kernelCompiler(memory, () => code(changes))(TRIPLE, 1);
}

Deno.test("kernels are instantiated on the main thread", () => {
  const kernel = compiled({ workspace: 100 });
  assertEquals(kernel.exports[0]!(0, 3), undefined);
  assertEquals([kernel.kind, kernel.workspace], ["nest", 100]);
});

Deno.test("a kernel may not ask for more scratch memory than a thread has", () => {
  compiled({ scratch: SCRATCH_BYTES });
  assertThrows(
    () => compiled({ scratch: SCRATCH_BYTES + 1 }),
    Error,
    "scratch",
  );
});

Deno.test("a kernel with the text of another one is that one", () => {
  let count = 0;
  const kernels = new Kernels((_, id) => {
    count++;
    return { ...compiled(), id };
  }, () => {});
  const triple = kernels.get(TRIPLE);
  assertEquals(kernels.get({ ...TRIPLE }), triple);
  assert(kernels.get(REVERSED) !== triple);
  assertEquals([count, triple.id, kernels.get(REVERSED).id], [2, 1, 2]);
});

Deno.test("the listing says what each kernel is and did", () => {
  const kernels = new Kernels(() => compiled(), () => {});
  kernels.get(TRIPLE).runs += 7;
  const lines = formatKernels(kernels.list()).split("\n");
  const size = NOTHING.length;
  assertEquals(
    lines[0],
    `kernel 1 (nest, ${size} bytes, 7 runs; run: 3 items of 20 ns)`,
  );
  assert(lines.some((line) => line.includes("mul(")));
});

Deno.test("what ran on the device is listed", () => {
  const x = devicePut(np.arange(7), "cpu");
  const runs = () =>
    compiledKernels()
      .filter(({ kind, text }) => kind === "nest" && text.includes("mul("))
      .reduce((sum, row) => sum + row.runs, 0);
  const before = runs();
  for (let i = 0; i < 3; i++) x.mul(x);
  assertEquals(runs() - before, 3);
});
