/** A BLAS of the system; without one, all but the messages is skipped. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { openBlas } from "../../backends/cpu/blas_library.ts";
import { compileKernel } from "../../backends/cpu/codegen/mod.ts";
import {
  configureCpu,
  cpuDetails,
  cpuSettings,
} from "../../backends/cpu/configure.ts";
import { kernelCompiler } from "../../backends/cpu/kernels.ts";
import { Machine } from "../../backends/cpu/machine.ts";
import { createMemory } from "../../backends/cpu/memory.ts";
import { backendOn } from "../../backends/cpu/open.ts";
import type { NDArray } from "../../core/array.ts";
import type { Executable } from "../../core/backend.ts";
import type { DType } from "../../core/dtype.ts";
import { openInterpreter } from "../../backends/interpreter/open.ts";
import * as np from "../../library/numpy/mod.ts";
import { arrayOf } from "../_util/array.ts";
import { bytesOf, programOf, scattered } from "./_run_kernel.ts";

type Fn = (...args: readonly NDArray[]) => NDArray | readonly NDArray[];

const library = (() => {
  try {
    return openBlas(true);
  } catch {
    return null;
  }
})();

const ignore = library === null;

const BUDGET = 2 ** 28;
let shared: Machine | undefined;

/** One machine for all tests: each has all addresses that 32 bits can name. */
function machineWith({ threads = 1, blas = library } = {}): Machine {
  if (!shared) {
    const memory = createMemory(2);
    const compiler = kernelCompiler(memory.memory, compileKernel);
    shared = new Machine(memory, compiler, { threads, memoryBudget: BUDGET });
  }
  shared.resize({ threads, memoryBudget: BUDGET, blas });
  return shared;
}

/** Small integers: their sums are exact in any order. */
function integers(shape: readonly number[], dtype: DType = "float32"): NDArray {
  const size = shape.reduce((n, extent) => n * extent, 1);
  return arrayOf(shape, scattered(size, 7), dtype);
}

/** How often products have been left to the library. */
function productsOf(machine: Machine): number {
  return machine.kernels.list()
    .filter(({ phases }) => phases[0]?.name.startsWith(library!.name))
    .reduce((sum, { runs }) => sum + runs, 0);
}

function outputsOf(
  backend: ReturnType<typeof backendOn>,
  executable: Executable,
  args: readonly NDArray[],
): readonly Uint8Array[] {
  const inputs = args.map((x) => backend.put(bytesOf(x)));
  return executable.run(inputs).map((buffer) => backend.readSync!(buffer));
}

/** Asserts that a function's results are those of the interpreter; counts products. */
function check(f: Fn, args: readonly NDArray[], { threads = 1 } = {}): number {
  const program = programOf(f, args);
  const oracle = openInterpreter();
  const machine = machineWith({ threads });
  const backend = backendOn(machine);
  const before = productsOf(machine);
  assertEquals(
    outputsOf(backend, backend.compile(program), args),
    outputsOf(oracle, oracle.compile(program), args),
  );
  return productsOf(machine) - before;
}

const turned = (x: NDArray) => np.swapaxes(x, -1, -2);
const big = fc.integer({ min: 64, max: 110 });

Deno.test({
  name: "large products agree with the interpreter in every layout",
  ignore,
  fn: () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        fc.tuple(big, big, big),
        fc.constantFrom<DType>("float32", "float64"),
        ([a, b, c], [m, k, n], dtype) => {
          const args = [
            integers(a ? [k, m] : [m, k], dtype),
            integers(b ? [n, k] : [k, n], dtype),
          ];
          const count = check((x, y) => {
            const z = np.matmul(a ? turned(x!) : x!, b ? turned(y!) : y!);
            return c ? turned(z) : z;
          }, args);
          assertEquals(count, 1);
        },
      ),
      { numRuns: 12 },
    );
  },
});

Deno.test({
  name: "batches, sums over several axes and epilogues agree",
  ignore,
  fn: () => {
    const [x, y, b] = [integers([80, 90]), integers([90, 70]), integers([70])];
    assertEquals(
      check((x, y, b) => np.maximum(np.matmul(x!, y!).add(b!), 0), [x, y, b]),
      1,
    );
    const count = check((x, y, b) => {
      const z = np.matmul(x!, y!);
      return [turned(z.add(b!)), z.mul(z)];
    }, [x, y, b]);
    assertEquals(count, 1);
    check((x, y) => np.matmul(x!, y!), [
      integers([3, 64, 70]),
      integers([3, 70, 66]),
    ]);
    check((x, y) => np.einsum("iaj,kaj->ik", x!, y!), [
      integers([70, 3, 65]),
      integers([80, 3, 65]),
    ]);
  },
});

Deno.test({
  name: "threads share the tiles of a product",
  ignore,
  fn: () => {
    const args = [integers([300, 200]), integers([200, 310])];
    const f: Fn = (x, y) => np.matmul(x!, y!);
    const machine = machineWith({ threads: 2 });
    // Work that has gone on for a while starts a worker.
    for (let left = 20; left > 0; left -= machine.pool.workers) {
      assertEquals(check(f, args, { threads: 2 }), 1);
    }
    assertEquals(machine.failure, null);
    machineWith(); // lets the worker end
  },
});

Deno.test({
  name: "small and thin products stay with our own code",
  ignore,
  fn: () => {
    const f: Fn = (x, y) => np.matmul(x!, y!);
    assertEquals(check(f, [integers([20, 20]), integers([20, 20])]), 0);
    assertEquals(check(f, [integers([2, 999]), integers([999, 300])]), 0);
  },
});

Deno.test({
  name: "Programs follow when a BLAS is chosen or left",
  ignore,
  fn: () => {
    const args = [integers([70, 70]), integers([70, 70])];
    const program = programOf((x, y) => np.matmul(x!, y!), args);
    const backend = backendOn(machineWith({ blas: null }));
    const executable = backend.compile(program);
    const counts = [null, library, library, null].map((blas) => {
      const machine = machineWith({ blas });
      const before = productsOf(machine);
      outputsOf(backend, executable, args);
      return productsOf(machine) - before;
    });
    assertEquals(counts, [0, 1, 1, 0]);
  },
});

Deno.test({
  name: "configureCpu() chooses a BLAS, and cpuDetails() shows it",
  ignore,
  fn: () => {
    const before = cpuSettings().blas;
    try {
      configureCpu({ blas: true });
      assertStringIncludes(cpuDetails(), library!.name);
      configureCpu({ threads: cpuSettings().threads });
      assert(cpuSettings().blas);
      configureCpu({ blas: library!.file });
      assertStringIncludes(cpuDetails(), library!.name);
      configureCpu({ blas: false });
      assertEquals(cpuSettings().blas, null);
      assertMatch(cpuDetails(), /^\d+ threads?$/);
    } finally {
      configureCpu({ blas: before?.file ?? false });
    }
  },
});

Deno.test("a BLAS that cannot be opened is an error that says why, and changes nothing", () => {
  const before = cpuSettings();
  const message = assertThrows(
    () => configureCpu({ blas: "/nowhere/libblas.so" }),
    Error,
    'Cannot use "/nowhere/libblas.so" as a BLAS',
  ).message;
  assertStringIncludes(message, "cblas_sgemm");
  assertEquals(cpuSettings(), before);
});

/** Runs a script that sees `configure.ts`; no permission but those named. */
function run(
  script: string,
  { permissions = [], env = {} }: {
    readonly permissions?: readonly string[];
    readonly env?: Record<string, string>;
  } = {},
): string {
  const url = new URL("../../backends/cpu/configure.ts", import.meta.url);
  const source = `import { configureCpu, cpuDetails } from "${url}";
    try { ${script} } catch (error) { console.log(error.message); }`;
  const { stdout, stderr, success } = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      ...permissions,
      `data:text/typescript,${encodeURIComponent(source)}`,
    ],
    env,
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

Deno.test("without permission, asking for a BLAS is an error, and nothing else is", () => {
  assertMatch(run("console.log(cpuDetails())"), /^\d+ threads?\n$/);
  assertStringIncludes(
    run("configureCpu({ blas: true })"),
    "Run with --allow-ffi (for all files)",
  );
  const asked = { env: { DINOGRAD_BLAS: "1" } };
  assertMatch(run("console.log(cpuDetails())", asked), /^\d+ threads?\n$/);
  assertStringIncludes(
    run("cpuDetails()", { ...asked, permissions: ["--allow-env"] }),
    "Run with --allow-ffi (for all files)",
  );
});

Deno.test({
  name: "DINOGRAD_BLAS chooses a BLAS where it may be read",
  ignore,
  fn: () => {
    const permissions = ["--allow-env=DINOGRAD_BLAS", "--allow-ffi"];
    const details = (value: string) =>
      run("console.log(cpuDetails())", {
        permissions,
        env: { DINOGRAD_BLAS: value },
      });
    assertStringIncludes(details("1"), library!.name);
    assertStringIncludes(details(library!.file), library!.name);
    assertMatch(details("0"), /^\d+ threads?\n$/);
    assertStringIncludes(details("/nowhere.so"), "Cannot use");
  },
});
