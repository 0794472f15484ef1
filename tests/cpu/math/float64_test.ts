import { assertEquals } from "@std/assert";
import {
  float64Math,
  type Float64Op,
  importFloat64Math,
} from "../../../backends/cpu/math/float64.ts";
import { ModuleBuilder } from "../../../backends/cpu/wasm/module.ts";
import type { F64 } from "../../../backends/cpu/wasm/value.ts";
import { scalarFunction } from "../../../core/ir/semantics.ts";

/** A function of two numbers, of which it may ignore the second. */
function compiled(op: Float64Op): (x: number, y: number) => number {
  const module = new ModuleBuilder();
  importFloat64Math(module, [op]);
  const run = module.function(
    { params: ["f64", "f64"], result: "f64" },
    ({ params: [x, y], body }) => {
      const args = [x, y].slice(0, isBinary(op) ? 2 : 1) as F64[];
      body.result(float64Math(body, op, ...args));
    },
  );
  module.export("run", run);
  const compiled = new WebAssembly.Module(module.toBytes());
  // All that a thread has to give.
  const math = Math as unknown as WebAssembly.ModuleImports;
  const { exports } = new WebAssembly.Instance(compiled, { math });
  return exports.run as (x: number, y: number) => number;
}

const BINARY = ["pow", "atan2", "nextafter", "logAddExp", "rem"] as const;
const UNARY = [
  ...["rsqrt", "cbrt", "exp", "exp2", "expm1", "log", "log1p"] as const,
  ...["logistic", "sin", "cos", "tan", "asin", "acos", "atan"] as const,
  ...["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"] as const,
  ...["erf", "erfc", "erfInv"] as const,
];
const isBinary = (op: Float64Op) => (BINARY as readonly string[]).includes(op);

const POSITIVE = [
  ...[0, Number.MIN_VALUE, 3 * Number.MIN_VALUE, 2 ** -1022, 1e-300, 1e-9],
  ...[0.2, 0.3, 0.5, 0.75, 0.9, 1 - 2 ** -53, 1, 1 + 2 ** -52, 1.3, 2, 2.9, 3],
  ...[Math.PI, 7, 27.9, 28, 100, 709, 745, 1024, 2 ** 53, 1e22, 1e300],
  ...[Number.MAX_VALUE, Infinity],
];
const EDGES = [...POSITIVE, ...POSITIVE.map((x) => -x), NaN];
const SIZES = Array.from({ length: 4000 }, (_, i) => {
  const sign = i % 2 === 0 ? 1 : -1;
  return sign * 2 ** ((i - 2500) / 100) * (1 + Math.sin(i) / 7);
});

for (const op of UNARY) {
  Deno.test(`${op}() of float64 is that of the interpreter`, () => {
    const run = compiled(op);
    const reference = scalarFunction(op, "float64", "float64");
    const inputs = [...EDGES, ...SIZES];
    assertEquals(
      inputs.map((x) => [x, run(x, 0)]),
      inputs.map((x) => [x, reference(x, 0, 0)]),
    );
  });
}

for (const op of BINARY) {
  Deno.test(`${op}() of float64 is that of the interpreter`, () => {
    const run = compiled(op);
    const reference = scalarFunction(op, "float64", "float64");
    const pairs = [
      ...EDGES.flatMap((x) => EDGES.map((y) => [x, y] as const)),
      ...SIZES.map((x, i) => [x, SIZES[i * 1237 % SIZES.length]!] as const),
    ];
    assertEquals(
      pairs.map(([x, y]) => [x, y, run(x, y)]),
      pairs.map(([x, y]) => [x, y, reference(x, y, 0)]),
    );
  });
}
