/** The module of a kernel: what it imports, and its phases. */

import type { KernelBuffer } from "../../../core/ir/kernel.ts";
import { i32, select } from "../wasm/instructions.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import type { I32, Local } from "../wasm/value.ts";
import type { Anatomy } from "./axes.ts";
import type { KernelCode, Phase } from "./code.ts";
import { type Computed, computedBy, importMath } from "./math.ts";
import { type Form, Scope } from "./scope.ts";

/** Less than the smallest memory that the device opens. */
const PAGES = { least: 4096, most: 65536 };

/** A kernel while its code is written. */
export class KernelModule {
  readonly module: ModuleBuilder = new ModuleBuilder();
  readonly form: Form;
  /** Where the scratch memory of the calling thread begins. */
  readonly scratch: I32;
  private readonly phases: Phase[] = [];

  /** `further` is what the kernel computes besides its nodes. */
  constructor(
    buffers: readonly KernelBuffer[],
    { nodes }: Anatomy,
    further: readonly Computed[] = [],
  ) {
    this.module.importMemory("env", "memory", PAGES);
    this.scratch = this.module.importGlobal("env", "scratch", "i32");
    importMath(this.module, [...[...nodes].map(computedBy), ...further]);
    const isDouble = [...nodes, ...buffers].some((x) => x.dtype === "float64");
    this.form = { buffers, lanes: isDouble ? 2 : 4 };
  }

  /**
   * Adds a phase. `build` writes the code of one item: a function of its own,
   * since the engine puts optimised code in place between calls only.
   */
  phase(
    { items, cost }: Pick<Phase, "items" | "cost">,
    build: (scope: Scope, item: I32) => void,
  ): void {
    const one = this.module.function(
      { params: ["i32"], result: null },
      (fn) => build(Scope.root(this.form, fn.body), fn.params[0] as I32),
    );
    const all = this.module.function(
      { params: ["i32", "i32"], result: null },
      (fn) => {
        const [from, to] = fn.params as readonly Local<"i32">[];
        const item = fn.local("i32");
        fn.body.for(
          item,
          { from: from!, to: to! },
          (code) => code.do(one.run(item)),
        );
      },
    );
    const name = `phase${this.phases.length}`;
    this.module.export(name, all);
    this.phases.push({ name, items, cost });
  }

  finish(
    { workspace = 0, scratch = 0 }: Partial<
      Pick<KernelCode, "workspace" | "scratch">
    > = {},
  ): KernelCode {
    return {
      bytes: this.module.toBytes(),
      phases: this.phases,
      workspace,
      scratch,
    };
  }
}

/** The smaller of two counts that are locals or constants. */
export function smaller(x: I32, y: I32): I32 {
  return select(i32.lt_s(x, y), x, y);
}
