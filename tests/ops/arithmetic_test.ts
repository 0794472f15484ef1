import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import type { DType } from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { div, max, min, mul, neg, sub } from "../../core/ops/arithmetic.ts";
import { compare, type Comparison, select } from "../../core/ops/compare.ts";
import { jvp } from "../../transforms/jvp.ts";
import { array, arrayOf } from "../_util/array.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap, type Op } from "../_util/op_laws.ts";

const inf = Infinity;
const LOW = -(2 ** 31);
const HIGH = 2 ** 31 - 1;

/** `op` on lists of one dtype. */
const on = (op: Op, dtype: DType) => (...lists: number[][]) =>
  op(...lists.map((list) => array(list, dtype))).js();

Deno.test("integer arithmetic wraps around", () => {
  assertEquals(on(add, "int32")([HIGH], [1]), [LOW]);
  assertEquals(on(sub, "uint8")([0], [1]), [255]);
  assertEquals(on(neg, "int32")([LOW]), [LOW]);
  assertEquals(on(neg, "uint8")([1]), [255]);
  assertEquals(on(mul, "int32")([123456789], [987654321]), [-67153019]);
  assertEquals(on(mul, "uint32")([0xffffffff], [0xffffffff]), [1]);
  assertEquals(on(add, "uint32")([2 ** 31], [2 ** 31 - 1]), [2 ** 32 - 1]);
  assertEquals(on(add, "int32")([2 ** 24], [1]), [2 ** 24 + 1]);
});

Deno.test("integer division truncates; by zero it is -1, as in XLA", () => {
  assertEquals(on(div, "int32")([7, -7, 7], [2, 2, -2]), [3, -3, -3]);
  assertEquals(on(div, "int32")([5, LOW], [0, -1]), [-1, LOW]);
  assertEquals(on(div, "uint32")([5, 2 ** 31], [0, 2]), [2 ** 32 - 1, 2 ** 30]);
});

Deno.test("float arithmetic is that of IEEE 754", () => {
  assertEquals(on(div, "float32")([1, -1, 0], [0, 0, 0]), [inf, -inf, NaN]);
  assertEquals(on(add, "float32")([-0, inf], [-0, -inf]), [-0, NaN]);
  assertEquals(on(neg, "float32")([0, -0, NaN]), [-0, 0, NaN]);
  assertEquals(on(add, "float32")([2 ** 24], [1]), [2 ** 24]);
  assertEquals(on(mul, "float16")([300], [300]), [inf]);
  assertEquals(on(add, "bfloat16")([256], [1]), [256]);
});

Deno.test("max() and min() propagate NaN", () => {
  assertEquals(on(max, "float32")([1, NaN, 3], [2, 2, NaN]), [2, NaN, NaN]);
  assertEquals(on(min, "float32")([1, NaN, 3], [2, 2, NaN]), [1, NaN, NaN]);
  assertEquals(on(max, "int32")([LOW, 5], [HIGH, -5]), [HIGH, 5]);
});

Deno.test("max() and min() give each of a tie half of the derivative", () => {
  const one = array([1]);
  for (const op of [max, min]) {
    const along = (x: NDArray) => op(x, one);
    assertEquals(jvp(along, [one], [one])[1].js(), [0.5]);
  }
});

Deno.test("comparisons with NaN are false, but for ne", () => {
  const outcome = (how: Comparison) =>
    on((x, y) => compare(how, x, y), "float32")([1, 2, NaN, 0], [
      2,
      2,
      NaN,
      -0,
    ]);
  const [yes, no] = [true, false];
  assertEquals(outcome("eq"), [no, yes, no, yes]);
  assertEquals(outcome("ne"), [yes, no, yes, no]);
  assertEquals(outcome("lt"), [yes, no, no, no]);
  assertEquals(outcome("le"), [yes, yes, no, yes]);
  assertEquals(outcome("gt"), [no, no, no, no]);
  assertEquals(outcome("ge"), [no, yes, no, yes]);
});

Deno.test("select() chooses element by element and hides what it does not choose", () => {
  const which = array([true, false], "bool");
  assertEquals(select(which, array([1, NaN]), array([NaN, 4])).js(), [1, 4]);
  assertThrows(
    () => select(array([1, 0]), array([1, 2]), array([3, 4])),
    ShapeError,
    "needs a bool array of their shape",
  );
});

Deno.test("arithmetic refuses operands of different shapes or dtypes", () => {
  assertThrows(
    () => add(array([1]), array([1], "int32")),
    ShapeError,
    "Cannot apply add to f32[1] and i32[1]: shapes and dtypes must be equal",
  );
});

Deno.test("arithmetic takes empty and 0-d arrays", () => {
  assertEquals(add(arrayOf([0, 2], []), arrayOf([0, 2], [])).shape, [0, 2]);
  assertEquals(mul(arrayOf([], [3]), arrayOf([], [4])).js(), 12);
});

const X = array([1, -2, 0.5], "float64");
const Y = array([2, 1, -0.25], "float64");
const WHICH = array([true, false, true], "bool");
const SMOOTH: Record<string, readonly [op: Op, ...args: NDArray[]]> = {
  neg: [neg, X],
  add: [add, X, Y],
  sub: [sub, X, Y],
  mul: [mul, X, Y],
  div: [div, X, Y],
  max: [max, X, Y],
  min: [min, X, Y],
  select: [(x, y) => select(compare("gt", x, y), mul(x, x), y), X, Y],
};

for (const [name, [op, ...args]] of Object.entries(SMOOTH)) {
  Deno.test(`${name}() has the right derivatives`, () => checkGrads(op, args));
  Deno.test(`${name}() is the same under jit and vmap`, () => {
    checkJit(op, args);
    checkVmap(op, args);
  });
}

Deno.test("comparisons and select() are the same under jit and vmap", () => {
  checkVmap((x, y) => compare("le", x, y), [X, Y]);
  checkVmap(select, [WHICH, X, Y]);
  checkJit(select, [WHICH, X, Y]);
});
