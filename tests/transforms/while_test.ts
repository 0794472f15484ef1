import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { grad, vjp } from "../../transforms/grad.ts";
import { jacfwd } from "../../transforms/jacobian.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { linearize } from "../../transforms/linearize.ts";
import { vmap } from "../../transforms/vmap.ts";
import { whileLoop } from "../../transforms/while.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const less = (x: NDArray, limit: number) =>
  compare("lt", x, fullLike(x, limit));

/** Multiplies by `w` until `limit` is reached; counts the steps. */
const grow = (x: NDArray, w: NDArray, limit: NDArray) =>
  whileLoop(
    ([x]: NDArray[]) => compare("lt", x!, limit),
    ([x, n]: NDArray[]) => [mul(x!, w), add(n!, scalar(1, "int32"))],
    [x, scalar(0, "int32")],
  ) as [NDArray, NDArray];

Deno.test("whileLoop() runs until the condition fails", () => {
  const [x, n] = grow(f64(3), f64(2), f64(100));
  assertEquals([x.js(), n.js(), n.dtype], [192, 6, "int32"]);
  const [same, none] = grow(f64(300), f64(2), f64(100));
  assertEquals([same.js(), none.js()], [300, 0]);
  const [y, m] = jit(grow)(f64(3), f64(2), f64(100));
  assertEquals([y.js(), m.js()], [192, 6]);
});

Deno.test("lanes that are done keep their values under vmap", () => {
  const [xs, w, limit] = [f64([3, 300, 60]), f64(2), f64(100)];
  for (const f of [grow, jit(grow)]) {
    const [x, n] = vmap(f, [0, null, null])(xs, w, limit);
    assertEquals([x.js(), n.js()], [[192, 300, 120], [6, 0, 1]]);
    const [y, m] = vmap(f, [null, null, 0])(f64(3), w, f64([1, 10, 100]));
    assertEquals([y.js(), m.js()], [[3, 12, 192], [0, 2, 6]]);
    const [z, k] = vmap(f, [null, 0, null])(f64(3), f64([2, 10]), limit);
    assertEquals([z.js(), k.js()], [[192, 300], [6, 2]]);
    const [a, b] = vmap(vmap(f, [0, null, null]), [null, 0, null])(
      f64([3, 60]),
      f64([2, 10]),
      limit,
    );
    assertEquals([a.js(), b.js()], [[[192, 120], [300, 600]], [[6, 1], [
      2,
      1,
    ]]]);
  }
});

Deno.test("a condition that is the same in all lanes stays one condition", () => {
  const power = (x: NDArray, n: NDArray) =>
    whileLoop(
      ([i]: NDArray[]) => compare("lt", i!, n),
      ([i, y]: NDArray[]) => [add(i!, scalar(1, "int32")), mul(y!, x)],
      [scalar(0, "int32"), f64(1)],
    ) as [NDArray, NDArray];
  const f = vmap(power, [0, null]);
  const [xs, n] = [f64([2, 3]), array(3, "int32")];
  assertEquals(f(xs, n)[1].js(), [8, 27]);
  const program = jit((xs: NDArray) => f(xs, n)[1]).lower(xs).toString();
  assertEquals(program.includes("select"), false);
});

Deno.test("whileLoop() is differentiated in forward mode", () => {
  const f = (x: NDArray, w: NDArray) => grow(sin(x), w, f64(5))[0];
  const [x, w] = [f64(0.7), f64(1.5)];
  const options = { modes: ["fwd"] as const };
  checkGrads(f, [x, w], options);
  checkGrads(jit(f), [x, w], options);
  checkGrads((x) => f(x, w), [x], options);
  checkGrads((w) => f(x, w), [w], options);
  checkGrads(vmap(f, [0, null]), [f64([0.7, 0.2]), w], options);
  const [, along] = jit((x: NDArray) => jvp(f, [x, w], [f64(1), f64(0)]))(x);
  assertClose(along, jacfwd(f)(x, w) as NDArray);
});

Deno.test("linearize() goes through whileLoop()", () => {
  const f = (x: NDArray, w: NDArray) => grow(x, w, f64(100));
  const [[y, n], derivative] = linearize(f, [f64(3), f64(2)]);
  assertEquals([y.js(), n.js()], [192, 6]);
  assertEquals(derivative(f64(1), f64(0))[0].js(), 64);
  assertEquals(derivative(f64(0), f64(1))[0].js(), 576);
  assertEquals(
    linearize(jit(f), [f64(3), f64(2)])[1](f64(1), f64(0))[0].js(),
    64,
  );
});

Deno.test("reverse mode through whileLoop() says what to use", () => {
  const f = (x: NDArray) => grow(x, f64(2), f64(100))[0];
  const message = "Cannot differentiate whileLoop in reverse mode";
  assertThrows(() => grad(f)(f64(3)), TypeError, message);
  assertThrows(() => grad(jit(f))(f64(3)), TypeError, message);
  assertThrows(() => jit(grad(f))(f64(3)), TypeError, message);
  assertThrows(() => vmap(grad(f))(f64([3])), TypeError, message);
});

Deno.test("a loop over values that do not depend on the input has a gradient", () => {
  const f = (x: NDArray) => mul(x, grow(f64(3), f64(2), f64(100))[0]);
  assertEquals((grad(f)(f64(2)) as NDArray).js(), 192);
  const counted = (x: NDArray) => {
    const [, n] = grow(x, f64(2), f64(100));
    return mul(x, convertElementType(n, "float64"));
  };
  assertEquals((vjp(counted, [f64(3)])[1](f64(1)) as NDArray[])[0]!.js(), 6);
});

Deno.test("whileLoop() says what is wrong", () => {
  assertThrows(
    () => whileLoop((x: NDArray) => x, (x: NDArray) => x, f64(1)),
    ShapeError,
    "the condition is f64[], and must be one bool",
  );
  assertThrows(
    () =>
      whileLoop((x: NDArray) => less(x, 1), (x: NDArray) => less(x, 1), f64(0)),
    ShapeError,
    "carry goes in as f64[] and comes out as bool[]",
  );
});
