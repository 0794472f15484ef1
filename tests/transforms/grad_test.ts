import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { compare, select } from "../../core/ops/compare.ts";
import { zerosLike } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { grad, valueAndGrad, vjp } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";

const total = (x: NDArray) => sum(x, x.shape.map((_, axis) => axis));
const product = (x: NDArray, y: NDArray) => total(mul(x, y));
const [x, y] = [array([1, 2, 3]), array([4, 5, 6])];

Deno.test("grad() differentiates the first argument unless told otherwise", () => {
  assertEquals(grad(product)(x, y).js(), [4, 5, 6]);
  assertEquals(grad(product, { argnums: 1 })(x, y).js(), [1, 2, 3]);
  assertEquals(grad(product, { argnums: -1 })(x, y).js(), [1, 2, 3]);
  const both = grad(product, { argnums: [1, 0] })(x, y);
  assertEquals(both.map((g) => g.js()), [[1, 2, 3], [4, 5, 6]]);
});

Deno.test("valueAndGrad() gives both", () => {
  const [value, slope] = valueAndGrad(product)(x, y);
  assertEquals([value.item(), slope.js()], [32, [4, 5, 6]]);
});

Deno.test("hasAux passes on what is not differentiated", () => {
  const f = (x: NDArray) =>
    [total(mul(x, x)), { sine: sin(x), count: 3 }] as const;
  const [slope, aux] = grad(f, { hasAux: true })(array([0, 1]));
  assertEquals(slope.js(), [0, 2]);
  assertEquals((aux.sine.js() as number[])[0], 0);
  const [[value, again]] = valueAndGrad(f, { hasAux: true })(array([0, 1]));
  assertEquals(value.item(), 1);
  assertEquals(again.sine.shape, [2]);
  assertThrows(
    () => grad(total, { hasAux: true })(x),
    TypeError,
    "must return [result, aux]",
  );
});

Deno.test("gradients have the structure of the argument", () => {
  type Params = { layers: { w: NDArray }[]; bias: NDArray };
  const f = (p: Params) => add(product(p.layers[0]!.w, x), total(p.bias));
  const g = grad(f)({ layers: [{ w: y }], bias: array([1]) });
  assertEquals(g.layers[0]!.w.js(), [1, 2, 3]);
  assertEquals(g.bias.js(), [1]);
});

Deno.test("arguments that are not used get zeros of their shape and dtype", () => {
  const unused = array([[1, 2]], "float64");
  const g = grad((_x: NDArray) => total(x))(unused);
  assertEquals([g.shape, g.dtype], [[1, 2], "float64"]);
  assertEquals(g.js(), [[0, 0]]);
  const [, second] = grad(
    (p: NDArray, _q: NDArray) => total(p),
    { argnums: [0, 1] },
  )(x, unused);
  assertEquals(second.js(), [[0, 0]]);
});

Deno.test("integer arguments raise, and may be left out", () => {
  const f = (x: NDArray, n: NDArray) =>
    total(mul(x, convertElementType(n, "float32")));
  const n = array([1, 2, 3], "int32");
  assertEquals(grad(f)(x, n).js(), [1, 2, 3]);
  const error = assertThrows(() => grad(f, { argnums: 1 })(x, n), ShapeError);
  assertMatch(error.message, /grad of f.*dtype int32/);
});

Deno.test("results that are not one real number raise", () => {
  const vector = assertThrows(() => grad((x: NDArray) => x)(x), ShapeError);
  assertMatch(vector.message, /f32\[3\].*sum\(\) or mean\(\)/);
  assertThrows(
    () => grad((x: NDArray) => total(convertElementType(x, "int32")))(x),
    ShapeError,
    "i32[]",
  );
  assertThrows(() => grad((x: NDArray) => [total(x), total(x)])(x), ShapeError);
});

Deno.test("argument numbers out of range raise", () => {
  assertThrows(
    () => grad(product, { argnums: 2 })(x, y),
    RangeError,
    "argnums 2",
  );
});

Deno.test("arrays of no elements have gradients of none", () => {
  const empty = arrayOf([2, 0], []);
  const f = (x: NDArray) => total(mul(sin(x), x));
  assertEquals(grad(f)(empty).shape, [2, 0]);
  assertEquals(jit(grad(f))(empty).shape, [2, 0]);
  assertEquals(f(empty).item(), 0);
  const rows = (x: NDArray) => total(sin(sum(x, [1])));
  assertEquals(grad(rows)(empty).js(), [[], []]);
});

Deno.test("a branch that is not taken leaks no NaN if its input is safe", () => {
  const f = (x: NDArray) => {
    const isPositive = compare("gt", x, zerosLike(x));
    return total(select(isPositive, mul(x, x), zerosLike(x)));
  };
  assertEquals(grad(f)(array([-1, 0, 2])).js(), [0, 0, 4]);
});

Deno.test("the dtype of a gradient is that of its argument", () => {
  const f = (x: NDArray, y: NDArray) =>
    product(convertElementType(x, "float64"), y);
  const g = grad(f, { argnums: [0, 1] })(x, array([1, 2, 3], "float64"));
  assertEquals(g.map((d) => d.dtype), ["float32", "float64"]);
});

Deno.test("vjp() maps cotangents of results to those of arguments", () => {
  const [[s, p], pullback] = vjp(
    (x: NDArray, y: NDArray) => [add(x, y), mul(x, y)] as const,
    [x, y],
  );
  assertEquals([s.js(), p.js()], [[5, 7, 9], [4, 10, 18]]);
  const one = array([1, 1, 1]);
  const [dx, dy] = pullback([one, one]);
  assertEquals([dx.js(), dy.js()], [[5, 6, 7], [2, 3, 4]]);
  const [again] = pullback([one, zerosLike(one)]);
  assertEquals(again.js(), [1, 1, 1]);
});

Deno.test("vjp() refuses cotangents that do not fit the result", () => {
  const [, pullback] = vjp((x: NDArray) => mul(x, x), [x]);
  assertThrows(() => pullback(array([1, 2])), ShapeError, "f32[2]");
  assertThrows(() => pullback(array([1, 2, 3], "float64")), ShapeError);
  assertThrows(() => pullback([x] as never), TypeError, "structure");
});

Deno.test("an integer input of vjp() has a zero cotangent", () => {
  const n = array([1, 2, 3], "int32");
  const [, pullback] = vjp(
    (x: NDArray, n: NDArray) => mul(x, convertElementType(n, "float32")),
    [x, n],
  );
  const [dx, dn] = pullback(x);
  assertEquals(dx.js(), [1, 4, 9]);
  assertEquals(dn.js(), [0, 0, 0]);
});

Deno.test("grad() of a function that returns a tree raises, even of one scalar", () => {
  const { message } = assertThrows(
    () => grad((x: NDArray) => ({ a: mul(x, x) }))(2),
    ShapeError,
  );
  assertStringIncludes(message, "it returned TreeStructure({ a: * })");
});
