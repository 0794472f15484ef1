/** Runs single kernels, compiled and interpreted, for tests of code generation. */

import { AssertionError } from "@std/assert";
import fc from "fast-check";
import type { NDArray } from "../../core/array.ts";
import { type DType, DTYPES, isFloating } from "../../core/dtype.ts";
import { lower } from "../../core/ir/lower.ts";
import type { Kernel } from "../../core/ir/kernel.ts";
import { formatKernel } from "../../core/ir/print.ts";
import type { Program } from "../../core/ir/program.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { simplify } from "../../core/simplify.ts";
import {
  allocate,
  readValue,
  storageOf,
  writeValue,
} from "../../core/storage.ts";
import { compileKernel } from "../../backends/interpreter/kernel.ts";
import type { KernelCode } from "../../backends/cpu/codegen/code.ts";
import { ARGUMENTS, PAGE } from "../../backends/cpu/layout.ts";
import { jit } from "../../transforms/jit.ts";
import { arrayOf } from "../_util/array.ts";

const PAGES = 16384;
const SCRATCH = 32 * PAGE * 16;
let shared: WebAssembly.Memory | undefined;

/** One memory for all tests: each new one would reserve its address range. */
function memoryOfTests(): WebAssembly.Memory {
  return shared ??= new WebAssembly.Memory({
    initial: PAGES,
    maximum: PAGES,
    shared: true,
  });
}

// Kernels import functions by their names in `Math`.
const math = Math as unknown as WebAssembly.ModuleImports;

/** The Program of a function of arrays. */
export function programOf(
  f: (...args: readonly NDArray[]) => NDArray | readonly NDArray[],
  args: readonly NDArray[],
): Program {
  // deno-lint-ignore no-explicit-any
  const { jaxpr } = (jit(f as any) as any).lower(...args) as { jaxpr: Jaxpr };
  return lower(simplify(jaxpr));
}

/** A kernel of a Program, and the memory of its buffers before and after the interpreter ran it. */
export interface KernelTrace {
  readonly kernel: Kernel;
  readonly before: readonly Uint8Array[];
  readonly after: readonly Uint8Array[];
}

/** Interprets a Program without loops; gives what each of its kernels did. */
export function interpret(
  program: Program,
  inputs: readonly Uint8Array[],
): readonly KernelTrace[] {
  const slots = program.slots.map((bytes) => new ArrayBuffer(bytes));
  const bytesOf = (id: number) => {
    const { dtype, size, slot } = program.buffers[id]!;
    return new Uint8Array(slots[slot]!, 0, size * DTYPES[dtype].bytes);
  };
  program.inputs.forEach((id, i) => bytesOf(id).set(inputs[i]!));
  const traces: KernelTrace[] = [];
  for (const step of program.steps) {
    if (step.kind === "copy") {
      bytesOf(step.to).set(bytesOf(step.from));
    } else if (step.kind === "kernel") {
      const { kernel, buffers } = step;
      const before = buffers.map((id) => bytesOf(id).slice());
      const after = before.map((bytes) => bytes.slice());
      compileKernel(kernel)(
        kernel.buffers.map(({ dtype, size }, i) =>
          storageOf(dtype, after[i]!.buffer, 0, size)
        ),
      );
      buffers.forEach((id, i) => {
        // Only what the kernel changed: one memory may have two numbers.
        const changed = after[i]!.some((byte, at) => byte !== before[i]![at]);
        if (changed) bytesOf(id).set(after[i]!);
      });
      traces.push({ kernel, before, after });
    } else {
      throw new Error(`Cannot interpret a ${step.kind} here`);
    }
  }
  return traces;
}

/** How to run the items of a phase. */
export interface RunOptions extends LoadOptions {
  /** Threads whose turns alternate. */
  readonly threads?: number | undefined;
  readonly backwards?: boolean;
}

/** How a kernel is loaded. */
export interface LoadOptions {
  readonly threads?: number | undefined;
  /** The memory of each buffer, by number: where two are equal, they share it. */
  readonly memories?: readonly number[] | undefined;
}

/** A kernel that is ready to run on buffers in the memory of tests. */
export class LoadedKernel {
  private readonly instances: readonly WebAssembly.Instance[];
  private readonly addresses: readonly number[];
  private readonly memory = memoryOfTests();

  constructor(
    kernel: Kernel,
    private readonly code: KernelCode,
    { threads = 1, memories }: LoadOptions = {},
  ) {
    const module = new WebAssembly.Module(code.bytes as BufferSource);
    const room = Math.ceil(code.scratch / PAGE + 1) * PAGE;
    this.instances = Array.from(
      { length: threads },
      (_, i) =>
        new WebAssembly.Instance(module, {
          env: { memory: this.memory, scratch: PAGE + i * room },
          math,
        }),
    );
    let next = Math.max(SCRATCH, PAGE + threads * room);
    const take = (bytes: number) => {
      const address = next;
      next += Math.ceil((bytes + 16) / 64) * 64;
      return address;
    };
    const addresses: number[] = [];
    for (const [i, { dtype, size }] of kernel.buffers.entries()) {
      const first = memories?.indexOf(memories[i]!) ?? i;
      addresses[i] = addresses[first] ?? take(size * DTYPES[dtype].bytes);
    }
    this.addresses = [...addresses, take(code.workspace)];
    // Memory that a kernel must not read before it has written it.
    new Uint8Array(this.memory.buffer, PAGE, next - PAGE).fill(0xa5);
  }

  write(buffers: readonly Uint8Array[]): void {
    const words = new Uint32Array(this.memory.buffer, ARGUMENTS);
    this.addresses.forEach((address, i) => words[i] = address);
    buffers.forEach((bytes, i) => this.bytes(i, bytes.length).set(bytes));
  }

  read(buffers: readonly Uint8Array[]): readonly Uint8Array[] {
    return buffers.map((bytes, i) => this.bytes(i, bytes.length).slice());
  }

  run({ backwards = false }: RunOptions = {}): void {
    const { instances, code } = this;
    for (const { name, items } of code.phases) {
      const functions = instances.map((i) =>
        i.exports[name] as (from: number, to: number) => void
      );
      if (functions.length === 1 && !backwards) {
        functions[0]!(0, items);
        continue;
      }
      for (let step = 0; step < items; step++) {
        const item = backwards ? items - 1 - step : step;
        functions[step % functions.length]!(item, item + 1);
      }
    }
  }

  private bytes(buffer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.addresses[buffer]!, length);
  }
}

/** What compiled code makes of the buffers of a kernel. */
export function runCode(
  { kernel, before }: Pick<KernelTrace, "kernel" | "before">,
  code: KernelCode,
  options: RunOptions = {},
): readonly Uint8Array[] {
  const loaded = new LoadedKernel(kernel, code, options);
  loaded.write(before);
  loaded.run(options);
  return loaded.read(before);
}

/**
 * Asserts that buffers of a kernel hold the same numbers; floats up to
 * `tolerance`, if there is one: then the sign of zero does not count either.
 */
export function assertSameBuffers(
  kernel: Kernel,
  actual: readonly Uint8Array[],
  expected: readonly Uint8Array[],
  { tolerance = 0, only }: {
    readonly tolerance?: number;
    /** Buffers to compare, if not all. */
    readonly only?: ReadonlySet<number>;
  } = {},
): void {
  kernel.buffers.forEach(({ dtype, size }, which) => {
    if (only && !only.has(which)) return;
    const read = (bytes: Uint8Array) => {
      const storage = storageOf(dtype, bytes.slice().buffer, 0, size);
      return (i: number) => readValue(storage, dtype, i);
    };
    const [x, y] = [read(actual[which]!), read(expected[which]!)];
    for (let i = 0; i < size; i++) {
      const isClose = Object.is(x(i), y(i)) ||
        (isFloating(dtype) && tolerance > 0 &&
          Math.abs(x(i) - y(i)) <= tolerance * Math.max(1, Math.abs(y(i))));
      if (isClose) continue;
      throw new AssertionError(
        `Element ${i} of buffer ${which} (${dtype}) is ${x(i)}, expected ${
          y(i)
        } (tolerance ${tolerance}) after\n${formatKernel(kernel)}`,
      );
    }
  });
}

/** The elements of an array as they lie in memory. */
export function bytesOf(x: NDArray): Uint8Array {
  const storage = allocate(x.dtype, x.size);
  x.dataSync().forEach((value: number, i: number) =>
    writeValue(storage, x.dtype, i, value)
  );
  return new Uint8Array(storage.buffer);
}

/** Numbers without a pattern, `kinds` different ones around 0. */
export function scattered(size: number, kinds: number): readonly number[] {
  let state = 12345;
  return Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 7) % kinds - (kinds >> 1);
  });
}

/** Values with ties, both zeros, infinities and NaN where the dtype has them. */
export function valuesOf(dtype: DType): fc.Arbitrary<number> {
  const small = fc.integer({ min: -3, max: 3 });
  switch (DTYPES[dtype].kind) {
    case "float":
      return fc.oneof(
        small,
        fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-310, -1e-45, 1e39),
        fc.double({ noNaN: true, min: -1e5, max: 1e5 }),
      );
    case "bool":
      return fc.constantFrom(0, 1);
    case "uint":
      return fc.oneof(fc.nat(5), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
    case "int":
      return fc.oneof(small, fc.integer());
  }
}

/** Arrays of one shape. */
export function arraysOf(
  shape: readonly number[],
  dtypes: fc.Arbitrary<DType>,
  values: (dtype: DType) => fc.Arbitrary<number> = valuesOf,
): fc.Arbitrary<NDArray> {
  const size = shape.reduce((n, extent) => n * extent, 1);
  return dtypes.chain((dtype) =>
    fc.array(values(dtype), { minLength: size, maxLength: size })
      .map((elements) => arrayOf(shape, elements, dtype))
  );
}

/** Any dtype. */
export const anyDType: fc.Arbitrary<DType> = fc.constantFrom(
  ...Object.keys(DTYPES) as DType[],
);
