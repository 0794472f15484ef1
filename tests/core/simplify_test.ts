import "../../core/dispatch.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { Aval } from "../../core/aval.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { cos, sin } from "../../core/ops/trigonometric.ts";
import {
  pruned,
  simplify,
  withoutCalls,
  withoutDeadCode,
  withoutDuplicates,
} from "../../core/simplify.ts";
import { stage } from "../../core/staging.ts";
import { jit } from "../../transforms/jit.ts";

const matrix = Aval.of([2, 3], "float32");

function programOf(f: (...xs: NDArray[]) => readonly NDArray[]): Jaxpr {
  return stage(f, [matrix, matrix], "f").jaxpr;
}

const namesOf = ({ equations }: Jaxpr) =>
  equations.map((e) => e.primitive.name);

Deno.test("jitted functions are inlined, at any depth", () => {
  const inner = jit((x: NDArray) => sin(x));
  const outer = jit((x: NDArray) => mul(inner(x), x));
  const jaxpr = programOf((x, y) => [outer(x), inner(y)]);
  assertEquals(namesOf(jaxpr), ["jit", "jit"]);
  assertEquals(namesOf(withoutCalls(jaxpr)), ["sin", "mul", "sin"]);
});

Deno.test("a jitted function that returns its input or a number is inlined", () => {
  const f = jit((x: NDArray) => [x, scalar(1, "float32")] as const);
  const jaxpr = programOf((x) => {
    const [same, one] = f(x);
    return [sin(same), one];
  });
  const simpler = simplify(jaxpr);
  assertEquals(namesOf(simpler), ["sin"]);
  assertStrictEquals(simpler.equations[0]!.inputs[0], simpler.inputs[0]);
});

Deno.test("a program without calls is left as it is", () => {
  const jaxpr = programOf((x) => [sin(x)]);
  assertStrictEquals(withoutCalls(jaxpr), jaxpr);
});

Deno.test("equations without use are removed", () => {
  const jaxpr = programOf((x, y) => {
    sum(cos(y), [0]);
    const unused = mul(x, y);
    cos(unused);
    return [sin(x)];
  });
  assertEquals(namesOf(withoutDeadCode(jaxpr)), ["sin"]);
  assertEquals(withoutDeadCode(jaxpr).inputs.length, 2);
});

Deno.test("pruned() keeps the outputs that are used, and their inputs", () => {
  const jaxpr = programOf((x, y) => [sin(x), cos(y)]);
  const { jaxpr: second, inputs } = pruned(jaxpr, [false, true]);
  assertEquals(inputs, [false, true]);
  assertEquals(namesOf(second), ["cos"]);
  assertEquals([second.inputs.length, second.outputs.length], [1, 1]);
});

Deno.test("unused results of a jitted function are not computed", () => {
  const f = jit((x: NDArray, y: NDArray) => [sin(x), cos(y)] as const);
  const jaxpr = programOf((x, y) => [f(x, y)[0]]);
  const kept = withoutDeadCode(jaxpr);
  assertEquals(kept.equations[0]!.inputs.length, 1);
  assertEquals(namesOf(simplify(jaxpr)), ["sin"]);
});

Deno.test("equal equations are computed once, equal params and literals too", () => {
  const jaxpr = programOf((x) => [
    add(mul(sin(x), fullLike(x, 2)), mul(sin(x), fullLike(x, 2))),
    sum(x, [0]),
    sum(x, [0]),
    sum(x, [1]),
  ]);
  const simpler = withoutDuplicates(jaxpr);
  assertEquals(namesOf(simpler), [
    "sin",
    "broadcast_in_dim",
    "mul",
    "add",
    "reduce_sum",
    "reduce_sum",
  ]);
  assertStrictEquals(simpler.outputs[1], simpler.outputs[2]);
});

Deno.test("zeros of different signs are not merged", () => {
  const jaxpr = programOf((x) => [fullLike(x, 0), fullLike(x, -0)]);
  assertEquals(withoutDuplicates(jaxpr).equations.length, 2);
});
