/** Compiled kernels: equal ones are compiled once, whichever Program they are of. */

import type { Kernel } from "../../core/ir/kernel.ts";
import { formatKernel } from "../../core/ir/print.ts";
import type { KernelCode, Phase } from "./codegen/code.ts";
import { SCRATCH_BYTES, scratchOf } from "./layout.ts";
import type { PoolKernel } from "./pool.ts";

/** Kernels that no Program needs stay for as many others. */
const LIMIT = 2048;

/** A kernel that can run on every thread. */
export interface CompiledKernel extends PoolKernel {
  readonly kind: Kernel["kind"];
  readonly phases: readonly Phase[];
  /** Bytes of memory that all phases and threads of one run share. */
  readonly workspace: number;
  /** Bytes of the module. */
  readonly size: number;
  /** How often it has run. */
  runs: number;
}

/** Makes a kernel ready to run; `id` is its own. */
export type KernelCompiler = (kernel: Kernel, id: number) => CompiledKernel;

/** One row of the debug listing. */
export type KernelRow =
  & Pick<CompiledKernel, "id" | "kind" | "phases" | "size" | "runs">
  & { readonly text: string };

/** The kernels of all Programs on one device. */
export class Kernels {
  private readonly ofKernel = new WeakMap<Kernel, CompiledKernel>();
  /** By text, the one least recently asked for first. */
  private readonly ofText = new Map<string, CompiledKernel>();
  private readonly collected: FinalizationRegistry<number>;
  private lastId = 0;

  /** `forget` hears of kernels that nothing can run any more. */
  constructor(
    private readonly compile: KernelCompiler,
    forget: (id: number) => void,
  ) {
    this.collected = new FinalizationRegistry(forget);
  }

  /** The compiled form of a kernel. */
  get(kernel: Kernel): CompiledKernel {
    let compiled = this.ofKernel.get(kernel);
    if (!compiled) {
      compiled = this.find(
        formatKernel(kernel),
        (id) => this.compile(kernel, id),
      );
      this.ofKernel.set(kernel, compiled);
    }
    return compiled;
  }

  /** The kernel of that text, made if it is new. */
  find(text: string, make: (id: number) => CompiledKernel): CompiledKernel {
    const known = this.ofText.get(text);
    const compiled = known ?? make(++this.lastId);
    if (known) this.ofText.delete(text);
    else this.collected.register(compiled, compiled.id);
    this.ofText.set(text, compiled);
    if (this.ofText.size > LIMIT) {
      this.ofText.delete(this.ofText.keys().next().value!);
    }
    return compiled;
  }

  /** What has been compiled and is still at hand, the latest last. */
  list(): readonly KernelRow[] {
    return [...this.ofText].map(([text, { id, kind, phases, size, runs }]) => ({
      id,
      kind,
      phases,
      size,
      runs,
      text,
    }));
  }
}

/** Instantiates what code generation made of kernels, on the main thread. */
export function kernelCompiler(
  memory: WebAssembly.Memory,
  generate: (kernel: Kernel) => KernelCode,
): KernelCompiler {
  const env = {
    memory,
    scratch: new WebAssembly.Global({ value: "i32" }, scratchOf(0)),
  };
  // Worker threads have these functions, too.
  const math = Math as unknown as WebAssembly.ModuleImports;
  return (kernel, id) => {
    const { bytes, phases, workspace, scratch } = generate(kernel);
    checkScratch(kernel, scratch);
    const module = new WebAssembly.Module(bytes as BufferSource);
    const { exports } = new WebAssembly.Instance(module, { env, math });
    return {
      id,
      kind: kernel.kind,
      module,
      phases,
      exports: phases.map(({ name }) => exports[name] as () => void),
      workspace,
      size: bytes.length,
      runs: 0,
    };
  };
}

function checkScratch(kernel: Kernel, bytes: number): void {
  if (bytes <= SCRATCH_BYTES) return;
  throw new Error(
    `Cannot compile a ${kernel.kind} kernel that asks for ${bytes} bytes of ` +
      `scratch memory a thread: there are ${SCRATCH_BYTES}. What is larger ` +
      `belongs into the workspace`,
  );
}

/** The debug listing: what was compiled, how large it is and how often it ran. */
export function formatKernels(rows: readonly KernelRow[]): string {
  return rows.map(({ id, kind, phases, size, runs, text }) => {
    const parts = phases.map(({ name, items, cost }) =>
      `${name}: ${items} items of ${Math.round(cost)} ns`
    );
    return `kernel ${id} (${kind}, ${size} bytes, ${runs} runs; ` +
      `${parts.join("; ")})\n${text}`;
  }).join("\n\n");
}
