/** Runs the vector functions of the CPU backend on arrays. */

import { MATH, type MathOp } from "../../../backends/cpu/math/mod.ts";
import { i32, v128 } from "../../../backends/cpu/wasm/instructions.ts";
import { ModuleBuilder } from "../../../backends/cpu/wasm/module.ts";
import type { I32, Local } from "../../../backends/cpu/wasm/value.ts";

/** Inputs of one call; a multiple of four. */
export const CHUNK = 1 << 16;

/** A function on the arrays `x` and `y`, which gives `out` anew at each call. */
export interface VectorFunction {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly out: Float32Array;
  run(count: number): void;
}

export function vectorFunction(op: MathOp): VectorFunction {
  const memory = new WebAssembly.Memory({
    initial: 1 + 12 * CHUNK / 65536,
    maximum: 65536,
    shared: true,
  });
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(moduleOf(op)),
    { env: { memory } },
  );
  const array = (i: number) =>
    new Float32Array(memory.buffer, START + i * 4 * CHUNK, CHUNK);
  return {
    x: array(0),
    y: array(1),
    out: array(2),
    run: exports.run as (count: number) => void,
  };
}

const START = 1024;

function moduleOf(op: MathOp): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", 65536);
  const run = module.function({ params: ["i32"], result: null }, (fn) => {
    const [count] = fn.params as [Local<"i32">];
    const at = fn.local("i32");
    const end = fn.body.let(i32.shl(count, i32.const(2)));
    fn.body.for(at, { from: i32.const(0), to: end, step: 16 }, (code) => {
      const load = (i: number) => v128.load(at as I32, START + i * 4 * CHUNK);
      const result = MATH[op](code, load(0), load(1));
      code.do(v128.store(at, result, START + 2 * 4 * CHUNK));
    });
  });
  module.export("run", run);
  return module.toBytes();
}
