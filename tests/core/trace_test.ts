import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { TracerError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { currentTrace, isEager } from "../../core/trace.ts";
import { grad, vjp } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { linearize } from "../../transforms/linearize.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

const one = array(1);
const pair = array([1, 2]);

/** The sum of a vector; a Promise is passed on as it is. */
const totalOf = (y: NDArray) => y instanceof Promise ? y : sum(y, [0]);

/** Each transform, applied to a function and run at a vector of two numbers. */
const TRANSFORMS: Record<string, (f: (x: NDArray) => NDArray) => unknown> = {
  jit: (f) => jit(f)(pair),
  grad: (f) => grad((x: NDArray) => totalOf(f(x)))(pair),
  vjp: (f) => vjp(f, [pair]),
  jvp: (f) => jvp(f, [pair], [pair]),
  linearize: (f) => linearize(f, [pair]),
  vmap: (f) => vmap(f)(array([[1, 2], [3, 4]])),
};

Deno.test("nested derivatives do not mix their perturbations", () => {
  const inner = (x: NDArray) => grad((y: NDArray) => add(x, y))(one);
  const outer = (x: NDArray) => mul(x, inner(x));
  assertEquals(grad(outer)(one).item(), 1);
  assertEquals(jit(grad(jit(outer)))(one).item(), 1);
  const along = (x: NDArray) =>
    mul(x, jvp((y: NDArray) => add(x, y), [one], [one])[1]);
  assertEquals(jvp(along, [one], [one])[1].item(), 1);
  assertEquals(grad(along)(one).item(), 1);
});

Deno.test("a derivative along a value that an inner derivative multiplies", () => {
  // d/dx of x * d/dy (x * y * y) at y = x is d/dx of 2 x^3
  const f = (x: NDArray) => mul(x, grad((y: NDArray) => mul(x, mul(y, y)))(x));
  assertEquals(grad(f)(array(3)).item(), 54);
  assertEquals(jvp(f, [array(3)], [one])[1].item(), 54);
  assertEquals(jit(grad(f))(array(3)).item(), 54);
  assertEquals(vmap(grad(f))(array([3, 1])).js(), [54, 6]);
});

Deno.test("values of an outer transform are constants of an inner one", () => {
  const f = (x: NDArray) => jit((y: NDArray) => mul(x, y))(x);
  assertEquals(grad(f)(array(3)).item(), 6);
  const g = (x: NDArray) => vmap((y: NDArray) => mul(x, y))(pair);
  assertEquals(jvp(g, [array(3)], [one])[1].js(), [1, 2]);
  const h = (x: NDArray) => grad((y: NDArray) => sum(mul(x, y), [0]))(x);
  assertEquals(vmap(h)(array([[1, 2], [3, 4]])).js(), [[1, 2], [3, 4]]);
});

for (const [name, transform] of Object.entries(TRANSFORMS)) {
  Deno.test(`${name} names itself in the error for an escaped tracer`, () => {
    let leaked: NDArray = one;
    transform(function leaky(x) {
      leaked = sin(x);
      return mul(x, x);
    });
    const error = assertThrows(() => add(leaked, leaked), TracerError);
    assertMatch(
      error.message,
      /leaked tracer.*shape \[2?\].*has already returned/,
    );
    assertMatch(error.message, new RegExp(`${name}( of |: )`));
  });

  Deno.test(`${name} leaves no trace behind when its function throws`, () => {
    const before = currentTrace();
    assertThrows(
      () =>
        transform(() => {
          throw new Error("inside");
        }),
      Error,
      "inside",
    );
    assertEquals(currentTrace() === before && isEager(), true);
    assertEquals(add(one, one).item(), 2);
  });

  Deno.test(`${name} rejects functions that return a Promise`, () => {
    // deno-lint-ignore require-await
    const asynchronous = async (x: NDArray) => mul(x, x);
    assertThrows(
      () => transform(asynchronous as unknown as (x: NDArray) => NDArray),
      TypeError,
      "returned a Promise",
    );
    assertEquals(isEager(), true);
  });

  Deno.test(`${name} explains that tracers have no values`, () => {
    const reads: Record<string, (x: NDArray) => unknown> = {
      "js()": (x) => x.js(),
      "dataSync()": (x) => x.dataSync(),
      "item()": (x) => sum(x, x.shape.map((_, axis) => axis)).item(),
    };
    for (const [method, read] of Object.entries(reads)) {
      const error = assertThrows(() =>
        transform((x) => {
          read(x);
          return x;
        }), TracerError);
      assertEquals(
        error.message.startsWith(`Cannot read values with ${method} of `),
        true,
      );
      assertMatch(error.message, /where\(\), cond\(\) or whileLoop\(\)/);
    }
  });

  Deno.test(`${name} explains that tracers are not numbers`, () => {
    assertThrows(
      () => transform((x) => ((x as unknown as number) > 0 ? x : mul(x, x))),
      TracerError,
      "Cannot use an array as a JavaScript number or boolean",
    );
  });
}

Deno.test("arrays convert to strings but not to numbers", () => {
  assertMatch(`${pair}`, /1/);
  assertThrows(() => +(pair as unknown as number), TracerError);
  const seen: string[] = [];
  jit((x: NDArray) => {
    seen.push(String(x));
    return x;
  })(pair);
  assertMatch(seen[0]!, /^Traced<f32\[2\]> of jit of/);
});
