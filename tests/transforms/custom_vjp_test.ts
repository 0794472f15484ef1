import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { mul, neg } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { fullLike, zerosLike } from "../../core/ops/constants.ts";
import { cos, sin } from "../../core/ops/trigonometric.ts";
import { checkpoint } from "../../transforms/checkpoint.ts";
import { cond } from "../../transforms/cond.ts";
import { customVjp } from "../../transforms/custom_vjp.ts";
import { grad, vjp } from "../../transforms/grad.ts";
import { jacfwd, jacrev } from "../../transforms/jacobian.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { scan } from "../../transforms/scan.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");

/** A product whose cotangents are said to be ten times what they are. */
const product = customVjp((x: NDArray, y: NDArray) => mul(x, y));
product.defvjp(
  (x: NDArray, y: NDArray) => [mul(x, y), { x, y }],
  ({ x, y }: { x: NDArray; y: NDArray }, ct: NDArray) => {
    const ten = mul(ct, fullLike(ct, 10));
    return [mul(ten, y), mul(ten, x)];
  },
);

const both = { argnums: [0, 1] };
const js = (xs: unknown) => (xs as NDArray[]).map((x) => x.js());

Deno.test("customVjp() is its function, and its rules in reverse mode", () => {
  const [x, y] = [f64(3), f64(4)];
  assertEquals(product(x, y).js(), 12);
  assertEquals(js(grad(product, both)(x, y)), [40, 30]);
  assertEquals(grad(grad(product), { argnums: 1 })(x, y).js(), 10);
  assertEquals((jacrev(product)(x, y) as NDArray).js(), 40);
});

Deno.test("customVjp() keeps its rules in every nesting of jit, vmap and grad", () => {
  const [x, y] = [f64(3), f64(4)];
  for (
    const g of [
      grad(jit(product), both),
      jit(grad(product, both)),
      jit(grad(jit(product), both)),
    ]
  ) {
    assertEquals(js(g(x, y)), [40, 30]);
  }
  const second = grad(jit(grad(jit(product))), { argnums: 1 });
  assertEquals((second(x, y) as NDArray).js(), 10);
  const xs = f64([1, 2]);
  for (const f of [vmap(product), vmap(jit(product)), jit(vmap(product))]) {
    const total = (x: NDArray, y: NDArray) => sum(f(x, y), [0]);
    assertEquals(js(grad(total, both)(xs, xs)), [[10, 20], [10, 20]]);
    assertEquals(js(jit(grad(total, both))(xs, xs)), [[10, 20], [10, 20]]);
  }
  assertEquals(js(vmap(grad(product, both))(xs, xs)), [[10, 20], [10, 20]]);
});

Deno.test("cotangents of inputs that are not mapped are summed over the batch", () => {
  const [xs, y] = [f64([1, 2, 4]), f64(3)];
  for (const p of [product, jit(product)]) {
    const f = vmap(p, [0, null]);
    for (const g of [f, jit(f)]) {
      const total = (x: NDArray, y: NDArray) => sum(g(x, y), [0]);
      assertEquals(js(grad(total, both)(xs, y)), [[30, 30, 30], 70]);
    }
  }
  const table = (x: NDArray, y: NDArray) =>
    sum(vmap(vmap(product, [null, 0]), [0, null])(x, y), [0, 1]);
  assertEquals(js(grad(table, both)(xs, f64([1, 2]))), [[30, 30, 30], [
    70,
    70,
  ]]);
});

Deno.test("forward mode through customVjp() says what to use", () => {
  const message = "Cannot differentiate product in forward mode";
  const named = customVjp(function product(x: NDArray) {
    return x;
  });
  named.defvjp((x: NDArray) => [x, null], (_: null, ct: NDArray) => [ct]);
  const run = () => jvp(named, [f64(3)], [f64(1)])[1].js();
  assertThrows(run, TypeError, message);
  assertThrows(
    () => jit((x: NDArray) => jvp(named, [x], [x])[1])(f64(1)),
    TypeError,
    message,
  );
  assertThrows(() => jacfwd(named)(f64(1)), TypeError, message);
  assertThrows(() => jacfwd(jit(named))(f64(1)), TypeError, message);
});

Deno.test("customVjp() keeps its rules in loops, branches and checkpoints", () => {
  const ten = customVjp((x: NDArray) => sin(x));
  const factor = f64([2, 3]);
  ten.defvjp(
    (x: NDArray) => [sin(x), cos(x)],
    (_: NDArray, ct: NDArray) => [mul(ct, factor)],
  );
  const loop = (x: NDArray) =>
    sum(
      scan((c: NDArray) => [ten(c), null], x, null, {
        length: 2,
      })[0] as NDArray,
      [0],
    );
  const branch = (x: NDArray) => sum(cond(true, ten, sin, x) as NDArray, [0]);
  const total = (x: NDArray) => sum(ten(x), [0]);
  const x = f64([0.5, 0.6]);
  for (const f of [branch, total, checkpoint(total), jit(total)]) {
    assertClose(grad(f)(x) as NDArray, [2, 3]);
    assertClose(jit(grad(f))(x) as NDArray, [2, 3]);
    assertClose(vmap(grad(f))(f64([[1, 2], [3, 4]])) as NDArray, [[2, 3], [
      2,
      3,
    ]]);
  }
  for (const f of [loop, jit(loop), checkpoint(loop)]) {
    assertClose(grad(f)(x) as NDArray, [4, 9]);
    assertClose(jit(grad(f))(x) as NDArray, [4, 9]);
    assertClose(vmap(grad(f))(f64([[1, 2], [3, 4]])) as NDArray, [[4, 9], [
      4,
      9,
    ]]);
  }
});

Deno.test("a forward rule may close over arrays", () => {
  const factor = f64([2, 3]);
  const f = customVjp((x: NDArray) => x);
  f.defvjp(
    (x: NDArray) => [x, factor],
    (factor: NDArray, ct: NDArray) => [mul(ct, factor)],
  );
  const total = (x: NDArray) => sum(f(x), [0]);
  const loop = (x: NDArray) =>
    sum(
      scan((c: NDArray) => [f(c), null], x, null, { length: 2 })[0] as NDArray,
      [0],
    );
  assertClose(grad(jit(total))(f64([1, 1])) as NDArray, [2, 3]);
  assertClose(grad(loop)(f64([1, 1])) as NDArray, [4, 9]);
  assertClose(jit(grad(loop))(f64([1, 1])) as NDArray, [4, 9]);
});

Deno.test("second derivatives go through the rules", () => {
  const f = customVjp((x: NDArray) => sin(x));
  f.defvjp(
    (x: NDArray) => [f(x), x],
    (x: NDArray, ct: NDArray) => [mul(ct, cos(x))],
  );
  const second = grad(grad(f));
  assertClose(second(f64(0.7)) as NDArray, -Math.sin(0.7));
  assertClose(jit(second)(f64(0.7)) as NDArray, -Math.sin(0.7));
  assertClose(vmap(second)(f64([0.7])) as NDArray, [-Math.sin(0.7)]);
  assertClose(grad(second)(f64(0.7)) as NDArray, -Math.cos(0.7));
});

Deno.test("null stands for cotangents that are zero", () => {
  const f = customVjp((p: { a: NDArray; b: NDArray }, n: NDArray, x: NDArray) =>
    mul(mul(p.a, p.b), mul(n, x))
  );
  f.defvjp(
    (p: { a: NDArray; b: NDArray }, n: NDArray, x: NDArray) => [f(p, n, x), p],
    (_: unknown, ct: NDArray) => [null, ct, undefined],
  );
  const at = [{ a: f64(1), b: f64(2) }, f64(3), f64(4)] as const;
  const [dp, dn, dx] = grad(f, { argnums: [0, 1, 2] })(...at) as unknown as [
    { a: NDArray; b: NDArray },
    NDArray,
    NDArray,
  ];
  assertEquals(js([dp.a, dp.b, dn, dx]), [0, 0, 1, 0]);
});

Deno.test("eager rules may look at values, and their residuals may differ", () => {
  const f = customVjp((x: NDArray) => x);
  f.defvjp(
    (x: NDArray) => [x, x.item() > 0 ? [x, x] : null],
    (
      kept: null | NDArray[],
      ct: NDArray,
    ) => [kept ? mul(ct, kept[1]!) : neg(ct)],
  );
  const [, pullUp] = vjp(f, [f64(3)]);
  const [, pullDown] = vjp(f, [f64(-3)]);
  assertEquals(js(pullUp(f64(1))), [3]);
  assertEquals(js(pullDown(f64(1))), [-1]);
  assertEquals(js(pullUp(f64(2))), [6]);
});

Deno.test("the backward rule may look at values eagerly", () => {
  const f = customVjp((x: NDArray) => x);
  f.defvjp(
    (x: NDArray) => [x, x],
    (
      x: NDArray,
      ct: NDArray,
    ) => [x.item() * ct.item() > 0 ? ct : zerosLike(ct)],
  );
  assertEquals([2, -2].map((x) => (grad(f)(f64(x)) as NDArray).js()), [1, 0]);
});

Deno.test("nondiffArgnums reach both rules first", () => {
  const power = customVjp(
    (n: number, x: NDArray) => mul(x, fullLike(x, n)),
    { nondiffArgnums: [0] },
  );
  power.defvjp(
    (n: number, x: NDArray) => [power(n, x), null],
    (n: number, _: null, ct: NDArray) => [mul(ct, fullLike(ct, 100 * n))],
  );
  const f = (x: NDArray) => mul(power(2, x), power(3, x));
  assertEquals((grad(f)(f64(1)) as NDArray).js(), 200 * 3 + 300 * 2);
  assertEquals((jit(grad(f))(f64(1)) as NDArray).js(), 1200);
});

Deno.test("customVjp() says what is wrong", () => {
  const f = customVjp(function f(x: NDArray, y: NDArray) {
    return mul(x, y);
  });
  const [x, y] = [f64(1), f64(2)];
  assertThrows(
    () => f(x, y),
    TypeError,
    "Cannot call f: its rule is missing. Set it with .defvjp(...)",
  );
  f.defvjp(
    (x: NDArray, y: NDArray) => [mul(x, y), null],
    (_: null, ct: NDArray) => [ct],
  );
  assertThrows(() => grad(f)(x, y), TypeError, "a list of 2 cotangents");
  f.defvjp(
    (x: NDArray, y: NDArray) => [mul(x, y), null],
    (_: null, ct: NDArray) => [[ct], ct],
  );
  assertThrows(() => grad(f)(x, y), TypeError, "cotangent 0");
  f.defvjp(
    (x: NDArray, y: NDArray) => [mul(x, y), null],
    (_: null, ct: NDArray) => [broadcastInDim(ct, [2], []), ct],
  );
  assertThrows(
    () => grad(f)(x, y),
    TypeError,
    "a cotangent is f64[2] where the argument is f64[]",
  );
  f.defvjp(
    (x: NDArray, y: NDArray) => mul(x, y),
    (_: null, ct: NDArray) => [ct, ct],
  );
  assertThrows(
    () => grad(f)(x, y),
    TypeError,
    "forward rule of f must return [y, residuals]",
  );
  const closing = grad((w: NDArray) => {
    const g = customVjp((x: NDArray) => mul(x, w));
    g.defvjp((x: NDArray) => [g(x), null], (_: null, ct: NDArray) => [ct]);
    return jit((x: NDArray) => g(x))(f64(2));
  });
  assertThrows(
    () => closing(f64(3)),
    TypeError,
    "along a value that it closes over",
  );
});
