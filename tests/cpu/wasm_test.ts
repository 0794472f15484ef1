import { assertEquals } from "@std/assert";
import { f32x4, i32, v128 } from "../../backends/cpu/wasm/instructions.ts";
import { ModuleBuilder } from "../../backends/cpu/wasm/module.ts";
import type { Local } from "../../backends/cpu/wasm/value.ts";

function instantiate(
  build: (module: ModuleBuilder) => void,
  memory: WebAssembly.Memory = newMemory(),
): Record<string, (...args: number[]) => number> {
  const module = new ModuleBuilder();
  module.importMemory("env", "memory", { most: 65536 });
  build(module);
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(module.toBytes()),
    { env: { memory } },
  );
  return exports as Record<string, (...args: number[]) => number>;
}

function newMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
}

Deno.test("a function with a loop, a branch and a call", () => {
  const { sum } = instantiate((module) => {
    const isOdd = module.function({ params: ["i32"], result: "i32" }, (fn) => {
      const [x] = fn.params as [Local<"i32">];
      fn.body.result(i32.and(x, i32.const(1)));
    });
    const sum = module.function({ params: ["i32"], result: "i32" }, (fn) => {
      const [n] = fn.params as [Local<"i32">];
      const [total, i] = [fn.local("i32"), fn.local("i32")];
      fn.body.for(i, { from: i32.const(0), to: n }, (code) => {
        code.if(
          isOdd.call(i),
          (then) => then.set(total, i32.add(total, i)),
          (other) => other.set(total, i32.sub(total, i32.const(1))),
        );
      });
      fn.body.result(total);
    });
    module.export("sum", sum);
  });
  assertEquals(sum!(0), 0);
  assertEquals(sum!(6), 1 + 3 + 5 - 3);
});

Deno.test("numbers of any length are written as they are", () => {
  for (
    const n of [0, -1, 63, 64, -64, -65, 8192, -8193, 2 ** 31 - 1, -(2 ** 31)]
  ) {
    const { give } = instantiate((module) => {
      module.export(
        "give",
        module.function({ params: [], result: "i32" }, (fn) => {
          fn.body.result(i32.const(n));
        }),
      );
    });
    assertEquals(give!(), n);
  }
});

Deno.test("constants of vectors are made once and keep their lanes", () => {
  const memory = newMemory();
  const { store } = instantiate((module) => {
    module.export(
      "store",
      module.function({ params: [], result: null }, (fn) => {
        const two = fn.constant(f32x4.const(2));
        assertEquals(fn.constant(f32x4.const(2)), two);
        const row = fn.constant(v128.const(
          new Int32Array(
            Float32Array.of(1, 2, 3, 4).buffer,
          ),
        ));
        const y = f32x4.relaxed_madd(row, two, two);
        fn.body.do(v128.store(i32.const(16), y));
      }),
    );
  }, memory);
  store!();
  assertEquals(
    [...new Float32Array(memory.buffer, 16, 4)],
    [4, 6, 8, 10],
  );
});
