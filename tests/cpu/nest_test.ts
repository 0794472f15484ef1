import { assert } from "@std/assert";
import fc from "fast-check";
import { nestCode } from "../../backends/cpu/codegen/nest.ts";
import { compileKernel } from "../../backends/interpreter/kernel.ts";
import { type DType, DTYPES, isFloating } from "../../core/dtype.ts";
import { KernelBuilder } from "../../core/ir/builder.ts";
import type { Loop } from "../../core/ir/index.ts";
import type { Nest } from "../../core/ir/kernel.ts";
import { schedule } from "../../core/ir/schedule.ts";
import type { Node, ScalarOp } from "../../core/ir/scalar.ts";
import { SCALAR_OPS } from "../../core/ir/scalar.ts";
import { castValue, wrapInteger } from "../../core/casting.ts";
import {
  allocate,
  type Storage,
  storageOf,
  writeValue,
} from "../../core/storage.ts";
import { assertSameBuffers, LoadedKernel } from "./_run_kernel.ts";

const ALL = Object.keys(DTYPES) as DType[];
const FLOATS = ALL.filter(isFloating);
const isInteger = (dtype: DType) => !isFloating(dtype) && dtype !== "bool";

/** Two vectors, written out or not, and every length of a rest. */
const SIZE = 39;

/** What a unit in the last place of math functions may be, relative to 1 or more. */
const ROUNDING: Readonly<Record<string, number>> = {
  float64: 1e-13,
  float32: 1e-6,
  float16: 2e-3,
  bfloat16: 2e-2,
};

/** Numbers at which conversions, roundings and comparisons change. */
const SPECIAL = [
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 2, 3, 7, -7, 100],
  ...[NaN, Infinity, -Infinity, 127, 128, -128, -129, 255, 256, 32767, 32768],
  ...[
    -32768,
    65504,
    65519,
    65520,
    65535,
    65536,
    2 ** 24 + 1,
    2 ** 24 + 2 ** 16 + 1,
  ],
  ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, -(2 ** 33)],
  ...[
    2 ** -14,
    2 ** -24,
    2 ** -25,
    1.5 * 2 ** -25,
    2 ** -126,
    2 ** -149,
    2 ** -150,
  ],
  ...[1 + 2 ** -8 + 2 ** -30, 1 + 2 ** -11 + 2 ** -40, 1 + 2 ** -24 + 2 ** -50],
  ...[3.4e38, 3.4028235677973366e38, 1e39, 1e308, 5e-324, 1e-310],
];

const number = fc.oneof(
  fc.constantFrom(...SPECIAL),
  fc.integer({ min: -10, max: 10 }),
  fc.double({ min: -300, max: 300, noNaN: true }),
  fc.integer(),
);

function bytesFor(dtype: DType, values: readonly number[]): Uint8Array {
  const storage = allocate(dtype, values.length);
  values.forEach((value, i) => {
    const fits = Number.isInteger(value) && Math.abs(value) < 2 ** 40 &&
      isInteger(dtype);
    const element = fits ? wrapInteger(value, dtype) : castValue(value, dtype);
    writeValue(storage, dtype, i, element);
  });
  return new Uint8Array(storage.buffer);
}

/** A kernel of one loop that stores functions of its inputs. */
function elementwise(
  inputs: readonly DType[],
  make: (k: KernelBuilder, ...xs: readonly Node[]) => readonly Node[],
): Nest {
  const k = new KernelBuilder();
  inputs.forEach((dtype) => k.buffers.push({ dtype, size: SIZE }));
  const [axis] = k.innerAxes([SIZE], []);
  const values = make(k, ...inputs.map((_, i) => k.load(i, axis!.index)));
  const stores = values.map((value) => {
    k.buffers.push({ dtype: value.dtype, size: SIZE });
    return { buffer: k.buffers.length - 1, offset: axis!.index, value };
  });
  return schedule(k, axis!.loops, stores) as Nest;
}

/** Compares a kernel with what it means, on many inputs. */
class Checked {
  private readonly loaded: LoadedKernel;
  private readonly interpreted: (buffers: readonly Storage[]) => void;

  constructor(
    private readonly kernel: Nest,
    private readonly tolerance: number,
  ) {
    this.loaded = new LoadedKernel(kernel, nestCode(kernel));
    this.interpreted = compileKernel(kernel);
  }

  run(inputs: readonly Uint8Array[]): void {
    const { kernel, loaded, tolerance } = this;
    const before = kernel.buffers.map(({ dtype, size }, i) =>
      inputs[i] ?? new Uint8Array(size * DTYPES[dtype].bytes)
    );
    const after = before.map((bytes) => bytes.slice());
    this.interpreted(
      kernel.buffers.map(({ dtype, size }, i) =>
        storageOf(dtype, after[i]!.buffer, 0, size)
      ),
    );
    loaded.write(before);
    loaded.run();
    assertSameBuffers(kernel, loaded.read(before), after, { tolerance });
  }
}

/** Checks a function of arrays, with four lanes in a vector and with two. */
function checkElementwise(
  inputs: readonly DType[],
  make: (k: KernelBuilder, ...xs: readonly Node[]) => readonly Node[],
  tolerance = 0,
): void {
  const narrow = new Checked(elementwise(inputs, make), tolerance);
  const wide = new Checked(
    elementwise([...inputs, "float64"], (k, ...xs) => [
      ...make(k, ...xs.slice(0, -1)),
      k.apply("neg", "float64", xs.at(-1)!),
    ]),
    tolerance,
  );
  const doubles = bytesFor("float64", SPECIAL.slice(0, SIZE));
  const rows = fc.array(number, { minLength: SIZE, maxLength: SIZE });
  fc.assert(
    fc.property(fc.tuple(...inputs.map(() => rows)), (values) => {
      const bytes = values.map((xs, i) => bytesFor(inputs[i]!, xs));
      narrow.run(bytes);
      wide.run([...bytes, doubles]);
    }),
    { numRuns: 20 },
  );
}

const ANY: readonly ScalarOp[] = ["max", "min"];
const COMPARISONS: readonly ScalarOp[] = ["eq", "ne", "lt", "le", "gt", "ge"];
const BITS: readonly ScalarOp[] = ["and", "or", "xor"];
const SHIFTS: readonly ScalarOp[] = [
  "shiftLeft",
  "shiftRightLogical",
  "shiftRightArithmetic",
];
const ARITHMETIC: readonly ScalarOp[] = ["add", "sub", "mul", "div", "rem"];
const UNARY: readonly ScalarOp[] = [
  ...["neg", "abs", "sign", "floor", "ceil", "round"] as const,
];
const OF_FLOATS: readonly ScalarOp[] = ["sqrt"];

for (const dtype of ALL) {
  const isBool = dtype === "bool";
  const isWhole = isInteger(dtype);
  Deno.test(`operations on ${dtype}`, () => {
    const binary = [
      ...ANY,
      ...(isBool || isWhole ? BITS : []),
      ...(isBool ? [] : ARITHMETIC),
      ...(isFloating(dtype) ? ["nextafter"] as const : []),
    ];
    for (const op of binary) {
      checkElementwise(
        [dtype, dtype],
        (k, x, y) => [k.apply(op, dtype, x!, y!)],
      );
    }
    for (const op of isWhole ? SHIFTS : []) {
      checkElementwise([dtype, dtype], (k, x, y) => {
        const small = k.apply("rem", dtype, y!, k.constant(40, dtype));
        return [
          k.apply(op, dtype, x!, y!),
          k.apply(op, dtype, x!, small),
          ...[0, 1, 7, 8, 31, 32].map((n) =>
            k.apply(op, dtype, x!, k.constant(n, dtype))
          ),
        ];
      });
    }
    for (const op of COMPARISONS) {
      checkElementwise(
        [dtype, dtype],
        (k, x, y) => [k.apply(op, "bool", x!, y!)],
      );
    }
    const unary = [
      ...(isBool ? [] : UNARY),
      ...(isFloating(dtype) ? OF_FLOATS : ["not"] as const),
      ...(isWhole ? ["populationCount"] as const : []),
    ];
    for (const op of unary) {
      checkElementwise([dtype], (k, x) => [k.apply(op, dtype, x!)]);
    }
    checkElementwise([dtype], (k, x) => [
      k.apply("isNan", "bool", x!),
      k.apply("isFinite", "bool", x!),
    ]);
    checkElementwise(
      ["bool", dtype, dtype],
      (k, c, x, y) => [k.apply("select", dtype, c!, x!, y!)],
    );
  });

  Deno.test(`casts and bits of ${dtype}`, () => {
    for (const to of ALL) {
      if (to !== dtype) checkElementwise([dtype], (k, x) => [k.cast(x!, to)]);
      const isSame = DTYPES[to].bytes === DTYPES[dtype].bytes;
      if (!isSame || [to, dtype].includes("bool") || to === dtype) continue;
      if (DTYPES[to].bytes === 8) continue;
      checkElementwise([dtype], (k, x) => [k.apply("bitcast", to, x!)]);
    }
  });
}

const EXACT = new Set<ScalarOp>([
  ...[ANY, COMPARISONS, BITS, SHIFTS, ARITHMETIC, UNARY, OF_FLOATS].flat(),
  ...["not", "isNan", "isFinite", "populationCount", "nextafter"] as const,
  ...["select", "cast", "bitcast"] as const,
]);

for (const dtype of FLOATS) {
  Deno.test(`functions of ${dtype}`, () => {
    for (const op of Object.keys(SCALAR_OPS) as ScalarOp[]) {
      if (EXACT.has(op)) continue;
      const isBinary = ["pow", "atan2", "logAddExp"].includes(op);
      checkElementwise(
        isBinary ? [dtype, dtype] : [dtype],
        (k, ...xs) => [k.apply(op, dtype, ...xs)],
        ROUNDING[dtype],
      );
    }
  });
}

for (const dtype of [...FLOATS, "int8", "uint32", "bool"] as const) {
  Deno.test(`the larger and smaller of ${dtype} and a number`, () => {
    const bounds = [0, -0, 1, -2.5, Infinity, -Infinity, NaN];
    const ops = ["max", "min"] as const;
    checkElementwise(
      [dtype],
      (k, x) =>
        bounds.filter((n) => isFloating(dtype) || Object.is(n, 0) || n === 1)
          .flatMap((n) => {
            const bound = k.constant(n, dtype);
            return ops.flatMap((op) => [
              k.apply(op, dtype, x!, bound),
              k.apply(op, dtype, bound, x!),
            ]);
          }),
    );
  });
}

Deno.test("many buffers and loops have addresses of their own", () => {
  const k = new KernelBuilder();
  for (let i = 0; i < 13; i++) k.buffers.push({ dtype: "int32", size: 9 });
  const loops = Array.from({ length: 24 }, () => k.indices.newLoop(5));
  const [third, last] = [loops[3]!, loops[23]!];
  const lanes = k.indices.newLoop(9);
  const at = (loop: Loop, stride = 1) => k.indices.of(loop, stride);
  const value = [
    k.load(1, at(last)),
    k.load(12, at(third)),
    k.load(0, at(lanes)),
  ].reduce((x, y) => k.apply("add", "int32", x, y));
  k.buffers.push({ dtype: "int32", size: 5 * 5 * 9 });
  const offset = k.indices.add(
    k.indices.add(at(third, 45), at(last, 9)),
    at(lanes),
  );
  const store = { buffer: 13, offset, value };
  const kernel = schedule(k, [third, last, lanes], [store]) as Nest;
  const inputs = Array.from(
    { length: 13 },
    (_, i) =>
      bytesFor("int32", Array.from({ length: 9 }, (_, j) => 10 * i + j)),
  );
  new Checked(kernel, 0).run(inputs);
});

Deno.test("what is computed once is counted once in the cost of an item", () => {
  const k = new KernelBuilder();
  for (let i = 0; i < 2; i++) k.buffers.push({ dtype: "float32", size: 4096 });
  const loop = k.indices.newLoop(4096);
  const at = k.indices.of(loop);
  let value = k.load(0, at);
  for (let i = 0; i < 30; i++) value = k.apply("mul", "float32", value, value);
  const store = { buffer: 1, offset: at, value };
  const [phase] = nestCode(schedule(k, [loop], [store]) as Nest).phases;
  const nanoseconds = phase!.items * phase!.cost;
  assert(nanoseconds < 4096 * 30, `${nanoseconds} ns`);
});

Deno.test("buffers that are read backwards may lie near the beginning of the memory", () => {
  const [rows, columns] = [3, 3_000_001];
  const k = new KernelBuilder();
  k.buffers.push({ dtype: "int32", size: rows * columns });
  const [row, column] = [rows, columns].map((n) => k.indices.newLoop(n));
  const place = k.indices.add(
    k.indices.of(row!, -columns),
    k.indices.of(column!, -1),
  );
  const value = k.load(0, k.shift(place, rows * columns - 1));
  k.buffers.push({ dtype: "int32", size: rows * columns });
  const offset = k.indices.add(
    k.indices.of(column!, rows),
    k.indices.of(row!),
  );
  const store = { buffer: 1, offset, value };
  const kernel = schedule(k, [column!, row!], [store]) as Nest;
  const numbers = Int32Array.from({ length: rows * columns }, (_, i) => i);
  new Checked(kernel, 0).run([new Uint8Array(numbers.buffer)]);
});
