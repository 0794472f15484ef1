/** Runs the vector functions of the CPU backend on arrays. */

import {
  MATH,
  type MathOp,
  type VectorMath,
} from "../../../backends/cpu/math/mod.ts";
import {
  f32x4,
  f64x2,
  i32,
  v128,
} from "../../../backends/cpu/wasm/instructions.ts";
import { ModuleBuilder } from "../../../backends/cpu/wasm/module.ts";
import type { Local } from "../../../backends/cpu/wasm/value.ts";

/** Inputs of one call; a multiple of four. */
export const CHUNK = 1 << 14;

/** A function of the arrays `x` and `y`, which writes `out` at each call. */
export interface VectorFunction {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly out: Float32Array;
  /** Computes so many elements, rounded up to whole vectors. */
  run(count: number): void;
}

/** How a machine rounds a multiply-add. */
export type Rounding = "as here" | "twice";

export function vectorFunction(
  op: MathOp,
  rounding: Rounding = "as here",
): VectorFunction {
  return rounding === "twice"
    ? roundedTwice(() => vectorFunctionOf(MATH[op]))
    : vectorFunctionOf(MATH[op]);
}

/** Code as it runs where no instruction rounds a multiply-add once. */
function roundedTwice<T>(build: () => T): T {
  const [short, long] = [f32x4.relaxed_madd, f64x2.relaxed_madd];
  f32x4.relaxed_madd = (x, y, z) => f32x4.add(f32x4.mul(x, y), z);
  f64x2.relaxed_madd = (x, y, z) => f64x2.add(f64x2.mul(x, y), z);
  try {
    return build();
  } finally {
    [f32x4.relaxed_madd, f64x2.relaxed_madd] = [short, long];
  }
}

export function vectorFunctionOf(compute: VectorMath): VectorFunction {
  const memory = new WebAssembly.Memory({
    initial: pages,
    maximum: pages,
    shared: true,
  });
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(moduleOf(compute)),
    { env: { memory } },
  );
  const array = (i: number) =>
    new Float32Array(memory.buffer, START + i * STEP, CHUNK);
  return {
    x: array(0),
    y: array(1),
    out: array(2),
    run: exports.run as (count: number) => void,
  };
}

const START = 1024;
const STEP = 4 * CHUNK;
const pages = Math.ceil((START + 3 * STEP) / 65536);

function moduleOf(compute: VectorMath): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { most: pages });
  const run = module.function({ params: ["i32"], result: null }, (fn) => {
    const [count] = fn.params as [Local<"i32">];
    const at = fn.local("i32");
    const end = fn.body.let(i32.shl(count, i32.const(2)));
    fn.body.for(at, { from: i32.const(0), to: end, step: 16 }, (code) => {
      const load = (i: number) => v128.load(at, START + i * STEP);
      const result = compute(code, load(0), load(1));
      code.do(v128.store(at, result, START + 2 * STEP));
    });
  });
  module.export("run", run);
  return module.toBytes();
}
