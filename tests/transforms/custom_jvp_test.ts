import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { fullLike, zerosLike } from "../../core/ops/constants.ts";
import { cos, sin } from "../../core/ops/trigonometric.ts";
import { checkpoint } from "../../transforms/checkpoint.ts";
import { cond } from "../../transforms/cond.ts";
import { customJvp } from "../../transforms/custom_jvp.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { scan } from "../../transforms/scan.ts";
import { whileLoop } from "../../transforms/while.ts";
import { compare } from "../../core/ops/compare.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");

/** A square whose derivative is said to be `10 x`. */
const square = customJvp((x: NDArray) => mul(x, x));
square.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [
  square(x!),
  mul(dx!, mul(x!, fullLike(x!, 10))),
]);

Deno.test("customJvp() is its function, and its rule in both modes", () => {
  assertEquals(square(f64(3)).js(), 9);
  assertEquals(jvp(square, [f64(3)], [f64(2)]).map((x) => x.js()), [9, 60]);
  assertEquals((grad(square)(f64(3)) as NDArray).js(), 30);
  assertEquals((grad(grad(square))(f64(3)) as NDArray).js(), 10);
});

Deno.test("customJvp() keeps its rule in every nesting of jit, vmap and grad", () => {
  const [x, xs] = [f64(3), f64([1, 2])];
  for (
    const g of [grad(jit(square)), jit(grad(square)), jit(grad(jit(square)))]
  ) {
    assertEquals((g(x) as NDArray).js(), 30);
    assertEquals((grad(g)(x) as NDArray).js(), 10);
  }
  const total = (xs: NDArray) => sum(vmap(square)(xs), [0]);
  const nested = [
    vmap(grad(square)),
    grad(total),
    grad(jit(total)),
    jit(vmap(grad(jit(square)))),
    grad((xs: NDArray) => sum(vmap(jit(square))(xs), [0])),
    grad((xs: NDArray) => sum(jit(vmap(square))(xs), [0])),
  ];
  for (const g of nested) assertEquals((g(xs) as NDArray).js(), [10, 20]);
});

Deno.test("customJvp() keeps its rule in loops, branches and checkpoints", () => {
  const x = f64(3);
  const loop = (x: NDArray) =>
    scan((c: NDArray) => [square(c), null], x, null, { length: 2 })[0];
  const branch = (x: NDArray) => cond(true, square, sin, x);
  assertEquals((grad(loop)(x) as NDArray).js(), 30 * 90);
  assertEquals((jit(grad(loop))(x) as NDArray).js(), 30 * 90);
  assertEquals((grad(branch)(x) as NDArray).js(), 30);
  assertEquals((grad(checkpoint(square))(x) as NDArray).js(), 30);
  const until = (x: NDArray) =>
    whileLoop((x: NDArray) => compare("lt", x, f64(50)), square, x) as NDArray;
  assertEquals(jvp(until, [x], [f64(1)])[1].js(), 30 * 90);
});

Deno.test("a rule may close over arrays, in every nesting", () => {
  const weights = f64([2, 3]);
  const f = customJvp((x: NDArray) => sin(x));
  f.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [f(x!), mul(dx!, weights)]);
  const total = (x: NDArray) => sum(f(x), [0]);
  const x = f64([0.5, 0.6]);
  const loop = (x: NDArray) =>
    sum(
      scan((c: NDArray) => [f(c), null], x, null, { length: 2 })[0] as NDArray,
      [0],
    );
  const branch = (x: NDArray) => sum(cond(true, f, sin, x) as NDArray, [0]);
  const until = (x: NDArray) =>
    whileLoop(
      (x: NDArray) => compare("gt", sum(x, [0]), f64(1.9)),
      f,
      x,
    ) as NDArray;
  for (const g of [total, jit(total), checkpoint(total), branch, jit(branch)]) {
    assertClose(grad(g)(x) as NDArray, [2, 3]);
    assertClose(jit(grad(g))(x) as NDArray, [2, 3]);
  }
  assertClose(grad(loop)(x) as NDArray, [4, 9]);
  assertClose(jit(grad(loop))(x) as NDArray, [4, 9]);
  assertClose(grad(jit(loop))(x) as NDArray, [4, 9]);
  assertClose(jvp(until, [f64([1, 1])], [f64([1, 1])])[1], [2, 3]);
  assertClose(vmap(grad(loop))(f64([[1, 2], [3, 4]])) as NDArray, [[4, 9], [
    4,
    9,
  ]]);
});

Deno.test("a second derivative goes through the rule", () => {
  const f = customJvp((x: NDArray) => sin(x));
  f.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [f(x!), mul(dx!, cos(x!))]);
  checkGrads(f, [f64(0.7)], { order: 3 });
  checkGrads(jit(f), [f64(0.7)], { order: 3 });
});

Deno.test("trees, several arguments and integer arguments reach the rule", () => {
  const f = customJvp(({ a, b }: { a: NDArray; b: NDArray }, n: NDArray) => ({
    y: mul(a, b),
    n,
  }));
  f.defjvp((
    [{ a, b }, n]: [{ a: NDArray; b: NDArray }, NDArray],
    [d, dn]: [{ a: NDArray; b: NDArray }, NDArray],
  ) => [f({ a, b }, n), { y: add(d.a, d.b), n: dn }]);
  const g = (a: NDArray, b: NDArray) => f({ a, b }, array(3, "int32")).y;
  for (const h of [g, jit(g)]) {
    assertEquals(
      grad(h, { argnums: [0, 1] })(f64(2), f64(5)).map(String),
      [
        f64(1),
        f64(1),
      ].map(String),
    );
  }
});

Deno.test("eager rules may look at values", () => {
  const f = customJvp((x: NDArray) => x.item() > 0 ? x : zerosLike(x));
  f.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [
    f(x!),
    x!.item() > 0 ? mul(dx!, fullLike(dx!, 7)) : zerosLike(dx!),
  ]);
  assertEquals((grad(f)(f64(2)) as NDArray).js(), 7);
  assertEquals((grad(f)(f64(-2)) as NDArray).js(), 0);
});

Deno.test("nondiffArgnums reach the rule first", () => {
  const f = customJvp(
    (g: (x: NDArray) => NDArray, x: NDArray) => g(x),
    { nondiffArgnums: 0 },
  );
  f.defjvp((
    g: (x: NDArray) => NDArray,
    [x]: NDArray[],
    [dx]: NDArray[],
  ) => [f(g, x!), mul(dx!, fullLike(dx!, 5))]);
  assertEquals((grad((x: NDArray) => f(sin, x))(f64(2)) as NDArray).js(), 5);
  assertEquals(
    (jit(grad((x: NDArray) => f(sin, x)))(f64(2)) as NDArray).js(),
    5,
  );
});

Deno.test("customJvp() says what is wrong", () => {
  const missing = customJvp(function half(x: NDArray) {
    return x;
  });
  assertThrows(
    () => missing(f64(1)),
    TypeError,
    "Cannot call half: its rule is missing. Set it with .defjvp(...)",
  );
  const closing = grad((w: NDArray) => {
    const f = customJvp((x: NDArray) => mul(x, w));
    f.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [f(x!), dx!]);
    return jit((x: NDArray) => f(x))(f64(2));
  });
  assertThrows(
    () => closing(f64(3)),
    TypeError,
    "along a value that it closes over",
  );
  const wrong = customJvp(function wrong(x: NDArray) {
    return x;
  });
  wrong.defjvp(([x]: NDArray[]) => x);
  assertThrows(
    () => grad(wrong)(f64(1)),
    TypeError,
    "rule of wrong must return [y, dy]",
  );
  wrong.defjvp(([x]: NDArray[], [dx]: NDArray[]) => [x, [dx]]);
  assertThrows(() => grad(wrong)(f64(1)), TypeError, "of one structure");
});
