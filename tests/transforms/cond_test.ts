import { assertEquals, assertThrows } from "@std/assert";
import type { ArrayLike, NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { div, mul, neg } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { log } from "../../core/ops/exponential.ts";
import { sqrt } from "../../core/ops/power.ts";
import { cos, sin } from "../../core/ops/trigonometric.ts";
import { cond, switch as switchOn } from "../../transforms/cond.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { linearTranspose } from "../../transforms/linear_transpose.ts";
import { makeJaxpr } from "../../transforms/make_jaxpr.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const positive = (x: NDArray) => compare("gt", x, fullLike(x, 0));
const root = (x: NDArray) =>
  cond(
    positive(x),
    (x: NDArray) => sqrt(x),
    (x: NDArray) => mul(x, x),
    x,
  ) as NDArray;
const choose = (i: NDArray | number, x: NDArray) =>
  switchOn(i, [sin, cos, (x: NDArray) => mul(x, x)], x) as NDArray;

Deno.test("cond() takes one branch", () => {
  assertEquals([root(f64(4)).js(), root(f64(-3)).js()], [2, 9]);
  const f = (p: ArrayLike) => cond(p, () => f64(1), () => f64(2));
  assertEquals([true, false, 1, 0, 0.5, f64(0)].map((p) => f(p).js()), [
    1,
    2,
    1,
    2,
    1,
    2,
  ]);
  assertEquals(f(array(2, "int32")).js(), 1);
});

Deno.test("switch() clamps its index", () => {
  const x = f64(3);
  assertClose(choose(-5, x), Math.sin(3));
  assertClose(choose(1, x), Math.cos(3));
  assertClose(choose(array(7, "int32"), x), 9);
  assertClose(jit(choose)(array(7, "int32"), x), 9);
  assertClose(choose(array(2, "uint8"), x), 9);
  const lanes = vmap(choose, [0, null])(array([-1, 0, 1, 2, 9], "int32"), x);
  assertClose(lanes, [Math.sin(3), Math.sin(3), Math.cos(3), 9, 9]);
});

Deno.test("branches close over arrays and tracers of their own", () => {
  const [a, b] = [f64([1, 2]), f64([3, 4])];
  const f = (p: NDArray, x: NDArray) =>
    cond(p, () => mul(a, x), () => mul(mul(b, x), x)) as NDArray;
  for (const g of [f, jit(f)]) {
    assertEquals(g(scalar(1, "bool"), f64([5, 6])).js(), [5, 12]);
    assertEquals(g(scalar(0, "bool"), f64([5, 6])).js(), [75, 144]);
    checkGrads((x) => g(scalar(0, "bool"), x), [f64([5, 6])]);
  }
  const total = (x: NDArray) => sum(f(scalar(0, "bool"), x), [0]);
  assertEquals((jit(grad(total))(f64([5, 6])) as NDArray).js(), [30, 48]);
});

Deno.test("cond() is differentiated in both modes, to third order", () => {
  for (const x of [f64(1.7), f64(-1.2)]) {
    checkGrads(root, [x], { order: 3 });
    checkGrads(jit(root), [x]);
  }
  for (const i of [0, 1, 2]) {
    checkGrads((x) => choose(array(i, "int32"), x), [f64(0.4)]);
    checkGrads((x) => jit(choose)(array(i, "int32"), x), [f64(0.4)]);
  }
});

Deno.test("branches with derivatives of different inputs agree", () => {
  const f = (x: NDArray, y: NDArray) =>
    cond(
      positive(x),
      (x: NDArray, _: NDArray) => sin(x),
      (_: NDArray, y: NDArray) => sin(y),
      x,
      y,
    ) as NDArray;
  checkGrads(f, [f64(1.7), f64(0.3)]);
  checkGrads(f, [f64(-1.7), f64(0.3)]);
  checkGrads(
    (x) =>
      cond(positive(x), (x: NDArray) => sin(x), () => f64(1), x) as NDArray,
    [f64(-1)],
  );
  checkGrads(
    (x) =>
      cond(positive(x), (x: NDArray) => sin(x), () => f64(1), x) as NDArray,
    [f64(1)],
  );
});

Deno.test("no NaN of a branch that is not taken reaches a derivative under vmap", () => {
  const xs = f64([4, -3, 0]);
  const wanted = [0.25, -6, 0];
  const total = (xs: NDArray) => sum(vmap(root)(xs), [0]);
  for (
    const f of [
      vmap(grad(root)),
      grad(total),
      jit(vmap(grad(root))),
      jit(grad(total)),
      grad(jit(total)),
    ]
  ) {
    assertClose(f(xs) as NDArray, wanted);
  }
  assertClose(jvp(vmap(root), [xs], [f64([1, 1, 1])])[1], wanted);
  assertClose(vmap(grad(grad(root)))(xs) as NDArray, [-1 / 32, 2, 2]);
});

Deno.test("nor through what a branch closes over, or an operand that is not mapped", () => {
  const ps = array([false, false], "bool");
  const w = f64(-1);
  const xs = f64([1, 2]);
  const closed = (w: NDArray) =>
    vmap((p: NDArray, x: NDArray) =>
      cond(p, () => mul(log(w), x), () => mul(w, x)) as NDArray
    )(ps, xs);
  const given = (w: NDArray) =>
    vmap((p: NDArray, x: NDArray) =>
      cond(
        p,
        (w: NDArray) => mul(sqrt(w), x),
        (w: NDArray) => mul(w, x),
        w,
      ) as NDArray
    )(ps, xs);
  for (const f of [closed, given]) {
    const total = (w: NDArray) => sum(f(w), [0]);
    assertClose(grad(total)(w) as NDArray, 3);
    assertClose(jit(grad(total))(w) as NDArray, 3);
    assertClose(jvp(f, [w], [f64(1)])[1], [1, 2]);
  }
});

Deno.test("a predicate that is the same in all lanes stays a branch", () => {
  const f = (p: NDArray, x: NDArray) =>
    cond(p, (x: NDArray) => sin(x), (x: NDArray) => neg(x), x) as NDArray;
  const [p, xs] = [scalar(1, "bool"), f64([1, 2])];
  const { jaxpr } = makeJaxpr(vmap(f, [null, 0]))(p, xs);
  assertEquals(
    jaxpr.equations.map((e) => e.primitive.name).includes("cond"),
    true,
  );
  assertClose(vmap(f, [null, 0])(p, xs), [Math.sin(1), Math.sin(2)]);
  const lowered = jit(f).lower(p, f64(1)).toString();
  assertEquals(/branch/.test(lowered.split("program")[1]!), true, lowered);
});

Deno.test("the gradient of cond() with a known predicate runs one branch", () => {
  const f = (p: NDArray, x: NDArray) =>
    cond(
      p,
      (x: NDArray) => sin(x),
      (x: NDArray) => div(x, fullLike(x, 2)),
      x,
    ) as NDArray;
  const { jaxpr } = makeJaxpr(grad(f, { argnums: 1 }))(
    scalar(1, "bool"),
    f64(1),
  );
  const names = jaxpr.equations.map((e) => e.primitive.name);
  assertEquals(names.filter((n) => n === "cond").length, 2);
  assertEquals(names.includes("cos") || names.includes("select_n"), false);
});

Deno.test("a weakly typed result takes the strong type of the other branch", () => {
  const f = (p: boolean) => cond(p, () => 1, () => f64(2)) as NDArray;
  assertEquals([f(true).dtype, f(true).weakType, f(true).js()], [
    "float64",
    false,
    1,
  ]);
  assertEquals([f(false).dtype, f(false).js()], ["float64", 2]);
});

Deno.test("cond() and switch() say what is wrong", () => {
  const x = f64(1);
  assertThrows(
    () => cond(f64([1]), sin, sin, x),
    ShapeError,
    "the predicate is f64[1], and must be a scalar",
  );
  assertThrows(
    () => cond(true, sin, (x: NDArray) => broadcastInDim(x, [2], []), x),
    ShapeError,
    "They must have one shape and dtype",
  );
  assertThrows(
    () => cond(true, sin, (x: NDArray) => convertElementType(x, "float32"), x),
    ShapeError,
    "They must have one shape and dtype",
  );
  assertThrows(
    () => cond(true, sin, (x: NDArray) => [x], x),
    TypeError,
    "They must have one structure",
  );
  assertThrows(
    () => switchOn(f64(1), [sin], x),
    ShapeError,
    "must be an integer scalar",
  );
  assertThrows(
    () => switchOn(0, [], x),
    RangeError,
    "the list of branches is empty",
  );
});

Deno.test("linearTranspose() of a switch by its own argument says that it is not linear", () => {
  const chosen = (x: NDArray) =>
    cond(compare("gt", x, f64(0)), (x) => x, (x) => neg(x), x);
  assertThrows(
    () => linearTranspose(chosen, f64(1))(f64(1)),
    TypeError,
    "Cannot transpose",
  );
});
