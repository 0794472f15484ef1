import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import {
  type Backend,
  backendNamed,
  currentBackend,
  devices,
} from "../../core/backend.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { runJaxpr } from "../../core/dispatch.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { stage } from "../../core/staging.ts";
import { array } from "../_util/array.ts";
import { eachBackend } from "../_util/each_backend.ts";

/** Counts Programs that the default device compiles while `f` runs. */
function compilations(f: () => void): number {
  const backend = backendNamed(devices()[0]!) as {
    compile: (program: never) => unknown;
  };
  const { compile } = backend;
  let count = 0;
  backend.compile = (program) => {
    count++;
    return compile.call(backend, program);
  };
  try {
    f();
  } finally {
    backend.compile = compile;
  }
  return count;
}

Deno.test("an eager operation is a Program found in a cache", () => {
  const [x, y] = [array([1, 2, 3, 4, 5, 6, 7]), array([7, 6, 5, 4, 3, 2, 1])];
  assertEquals(compilations(() => mul(x, y)), 1);
  assertEquals(compilations(() => mul(y, x)), 0);
  assertEquals(compilations(() => add(x, y)), 1);
  assertEquals(
    compilations(() => mul(array([[1, 2, 3]]), array([[1, 2, 3]]))),
    1,
  );
});

Deno.test("an array made from a number has memory only when used", () => {
  const x = scalar(3, "float32");
  assertEquals(x.item(), 3);
  assertEquals(mul(x, x).item(), 9);
  assertEquals(fullLike(x, 2).shape, []);
});

Deno.test("disposed arrays raise when used", () => {
  const x = array([1, 2]);
  x.dispose();
  x.dispose();
  assertThrows(() => sin(x), ReferenceError, "was disposed");
  assertThrows(() => x.js(), ReferenceError, "was disposed");
});

Deno.test("a long synchronous loop of eager operations keeps memory bounded", () => {
  let x: NDArray = array([0, 0]);
  const step = array([1e-5, 1e-5]);
  for (let i = 0; i < 20_000; i++) x = add(x, step); // warms up
  const before = Deno.memoryUsage();
  for (let i = 0; i < 100_000; i++) x = add(x, step);
  const after = Deno.memoryUsage();
  assert(after.rss - before.rss < 200e6, `${after.rss - before.rss} bytes`);
});

/** A device on ordinary memory, and what was asked of it. */
function recording(name: string): { backend: Backend; calls: string[] } {
  const calls: string[] = [];
  const backend: Backend = {
    ...backendNamed("interpreter"),
    name,
    put: (data) => {
      calls.push(`put ${data.length}`);
      return backendNamed("interpreter").put(data);
    },
    free: (buffer) => void calls.push(`free ${buffer.bytes}`),
  };
  return { backend, calls };
}

Deno.test("an array is copied to another device once, and leaves both when disposed", () => {
  const [first, second] = [recording("first"), recording("second")];
  const x = arrayFromStorage(new Float32Array([1, 2]), [2], "float32");
  const y = x.on(first.backend);
  y.bufferOn(first.backend);
  assertEquals(y.bufferOn(second.backend), y.bufferOn(second.backend));
  assertEquals([y.device, y.js()], ["first", [1, 2]]);
  assertEquals([first.calls, second.calls], [["put 8"], ["put 8"]]);
  y.dispose();
  assertEquals(first.calls, ["put 8", "free 8"]);
  assertEquals(second.calls, ["put 8", "free 8"]);
});

eachBackend(
  "an array put on its own device does not depend on the first one",
  () => {
    const backend = currentBackend();
    const x = arrayFromStorage(new Float64Array([1, 2]), [2], "float64");
    const [y, z] = [x.on(backend), x.on(backend)];
    const { jaxpr } = stage((a) => [add(a!, a!)], [y.aval], "twice");
    assertEquals(runJaxpr(jaxpr, [y], [true])[0]!.js(), [2, 4]);
    x.dispose();
    assertEquals(z.js(), [1, 2]);
  },
  { dtypes: [] },
);

Deno.test("arrays that are bound to different devices do not meet", () => {
  const values = new Float32Array([1, 2]);
  const on = (name: string) =>
    arrayFromStorage(values, [2], "float32").on(recording(name).backend);
  assertThrows(
    () => add(on("first"), on("second")),
    TypeError,
    'devices "first" and "second"',
  );
});

Deno.test("numbers that are used one after the other keep their values", () => {
  const numbers = [1, 2, 3].map((value) => scalar(value, "float32"));
  assertEquals(numbers.map((x) => mul(x, x).item()), [1, 4, 9]);
  assertEquals(numbers.map((y) => y.item()), [1, 2, 3]);
});

Deno.test("values that were read belong to the reader", async () => {
  for (const x of [array([1, 2]), scalar(1, "float32")]) {
    x.dataSync()[0] = 7;
    (await x.data())[0] = 7;
    assertEquals(x.dataSync()[0], 1);
  }
});
