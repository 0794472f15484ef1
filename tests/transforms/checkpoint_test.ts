import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { checkpoint } from "../../transforms/checkpoint.ts";
import { grad, valueAndGrad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { makeJaxpr } from "../../transforms/make_jaxpr.ts";
import { scan } from "../../transforms/scan.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const deep = (x: NDArray) => sin(sin(sin(mul(x, x))));
const kept = checkpoint(deep);
const x = f64([0.4, 0.9, 1.3]);
const total = (f: (x: NDArray) => NDArray) => (x: NDArray) => sum(f(x), [0]);

function countOf(jaxpr: Jaxpr, name: string): number {
  return jaxpr.equations.filter((e) => e.primitive.name === name).length;
}

Deno.test("checkpoint() changes no value and no derivative", () => {
  assertEquals(kept(x).js(), deep(x).js());
  checkGrads(kept, [x], { order: 3 });
  checkGrads(jit(kept), [x]);
  checkGrads(checkpoint(jit(deep)), [x]);
  checkGrads(vmap(kept), [x]);
  assertClose(grad(total(kept))(x) as NDArray, grad(total(deep))(x) as NDArray);
});

Deno.test("checkpoint() stores only its arguments", () => {
  const { jaxpr } = makeJaxpr(grad(total(kept)))(x);
  const backward = jaxpr.equations.findLast((e) =>
    e.primitive.name === "checkpoint"
  )!;
  assertEquals(countOf(jaxpr, "checkpoint"), 2);
  assertEquals(backward.inputs.includes(jaxpr.inputs[0]!), true);
  assertEquals(backward.inputs.length, 2, "the argument and the cotangent");
});

Deno.test("recomputation is not merged with the forward pass", () => {
  const sines = (f: (x: NDArray) => NDArray) => {
    const text = jit(valueAndGrad(total(f))).lower(x).toString();
    return text.split("\nprogram")[1]!.split("sin(").length - 1;
  };
  assertEquals(sines(kept) > sines(deep), true);
});

Deno.test("checkpoint() in a loop stores carries only", () => {
  const loop = (f: (x: NDArray) => NDArray) => (x: NDArray) =>
    sum(
      scan((c: NDArray) => [f(c), null], x, null, { length: 3 })[0] as NDArray,
      [0],
    );
  checkGrads(loop(kept), [x]);
  checkGrads(jit(loop(kept)), [x], { order: 1 });
  const { jaxpr } = makeJaxpr(grad(loop(kept)))(x);
  const forward = jaxpr.equations.find((e) => e.primitive.name === "scan")!;
  assertEquals(forward.outputs.map((v) => v.aval.ndim), [1, 2]);
});
