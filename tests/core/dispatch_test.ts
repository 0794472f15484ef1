import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { backendNamed, devices } from "../../core/backend.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { array } from "../_util/array.ts";

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
