import { assertEquals } from "@std/assert";
import { currentBackend } from "../../core/backend.ts";
import type { Program } from "../../core/ir/program.ts";
import { type NDArray, numpy as np } from "../../mod.ts";

/** The Programs that are compiled while `f` runs. */
function compiledBy(f: () => unknown): readonly Program[] {
  const backend = currentBackend();
  const programs: Program[] = [];
  const { compile } = backend;
  const counting = (program: Program) => {
    programs.push(program);
    return compile.call(backend, program);
  };
  Object.defineProperty(backend, "compile", {
    value: counting,
    configurable: true,
    writable: true,
  });
  try {
    f();
  } finally {
    Object.defineProperty(backend, "compile", {
      value: compile,
      configurable: true,
      writable: true,
    });
  }
  return programs;
}

/** Kernels, and buffers besides inputs and outputs, of one eager call. */
function costOf(f: (x: NDArray) => NDArray): readonly [number, number] {
  const x = np.ones([7, 11]); // a shape that no other test has
  const [program, ...others] = compiledBy(() => f(x));
  assertEquals(others, []);
  const kernels = program!.steps.filter((step) => step.kind === "kernel");
  const named = program!.inputs.length + program!.outputs.length;
  return [kernels.length, program!.buffers.length - named];
}

Deno.test("an eager function is one Program of one kernel, with nothing stored between", () => {
  assertEquals(costOf((x) => x.add(1)), [1, 0]);
});

Deno.test("eager reductions and views are one kernel", () => {
  for (
    const f of [
      (x: NDArray) => x.mean(0),
      (x: NDArray) => x.var(1),
      (x: NDArray) => x.clip(0, 1),
      (x: NDArray) => np.diagonal(x),
      (x: NDArray) => x.slice([null, null, -1], 3),
      (x: NDArray) => np.tile(x, 2),
    ]
  ) assertEquals(costOf(f), [1, 0], String(f));
});
