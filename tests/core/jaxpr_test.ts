import "../../core/dispatch.ts";
import {
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { Aval } from "../../core/aval.ts";
import { ShapeError } from "../../core/errors.ts";
import {
  checkJaxpr,
  evalJaxpr,
  Jaxpr,
  Literal,
  memoised,
  Var,
} from "../../core/jaxpr.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { compare } from "../../core/ops/compare.ts";
import { fullLike, scalar } from "../../core/ops/constants.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { stage } from "../../core/staging.ts";
import { jit } from "../../transforms/jit.ts";
import { array } from "../_util/array.ts";

const vector = Aval.of([3], "float32");

const programOf = (
  f: (...xs: NDArray[]) => readonly NDArray[],
  ...avals: Aval[]
) => stage(f, avals.length ? avals : [vector], "f").jaxpr;

Deno.test("programs print as in JAX", () => {
  const jaxpr = programOf((x) => {
    const y = mul(sin(x), fullLike(x, 2));
    return [sum(y, [0]), y];
  });
  assertEquals(
    String(jaxpr),
    `{ lambda ; a:f32[3]. let
    b:f32[3] = sin a
    c:f32[3] = broadcast_in_dim[shape=(3) dims=()] 2.0:f32[]
    d:f32[3] = mul b c
    e:f32[] = reduce_sum[axes=(0)] d
  in (e, d) }`,
  );
});

Deno.test("programs print literals, booleans and inner programs", () => {
  const inner = jit(function twice(x: NDArray) {
    return mul(x, x);
  });
  const jaxpr = programOf((x) => [inner(x), compare("lt", x, x)]);
  assertEquals(
    String(jaxpr),
    `{ lambda ; a:f32[3]. let
    b:f32[3] = jit[
      name=twice
      jaxpr={ lambda ; a:f32[3]. let
          b:f32[3] = mul a a
        in (b,) }
    ] a
    c:bool[3] = lt a a
  in (b, c) }`,
  );
  assertEquals(
    String(programOf(() => [scalar(1, "bool"), scalar(2, "int32")])),
    "{ lambda ; a:f32[3]. let  in (True:bool[], 2:i32[]) }",
  );
});

Deno.test("a program of many variables names them as JAX does", () => {
  const jaxpr = programOf((x) => {
    for (let i = 0; i < 27; i++) x = sin(x);
    return [x];
  });
  const lines = String(jaxpr).split("\n");
  assertEquals(lines.at(-2)!.trim(), "bb:f32[3] = sin ba");
});

Deno.test("tracing an equal function anew finds the same program", () => {
  const make = (by: number) => programOf((x) => [mul(sin(x), fullLike(x, by))]);
  assertStrictEquals(make(2), make(2));
  assertNotStrictEquals(make(2), make(3));
  assertNotStrictEquals(make(0), make(-0));
  assertStrictEquals(make(NaN), make(NaN));
});

Deno.test("programs are equal up to the names of their variables", () => {
  const double = () => {
    const [x, y] = [new Var(vector), new Var(vector)];
    const { equations } = programOf((x) => [sin(x)]);
    const { primitive, params } = equations[0]!;
    return new Jaxpr([x], [{ primitive, params, inputs: [x], outputs: [y] }], [
      y,
    ]);
  };
  const [p, q] = [double(), double()];
  assertEquals(p.hash, q.hash);
  assertEquals(p.equals(q), true);
  const [x] = p.inputs;
  assertEquals(p.equals(new Jaxpr(p.inputs, p.equations, [x!])), false);
  assertEquals(p.equals(new Jaxpr(p.inputs, [], [x!])), false);
  assertEquals(p.equals({}), false);
});

Deno.test("shapes, dtypes and params distinguish programs", () => {
  const along = (axis: number) =>
    programOf((x) => [sum(x, [axis])], Aval.of([3, 3], "float32"));
  assertNotStrictEquals(along(0), along(1));
  const of = (aval: Aval) => programOf((x) => [sin(x)], aval);
  assertNotStrictEquals(of(vector), of(Aval.of([4], "float32")));
  assertNotStrictEquals(of(vector), of(Aval.of([3], "float64")));
  assertNotStrictEquals(of(vector), of(Aval.of([3], "float32", true)));
});

Deno.test("programs evaluate, and may be memoised", () => {
  const jaxpr = programOf((x) => [sum(x, [0]), broadcastInDim(x, [2, 3], [1])]);
  const [total, wide] = evalJaxpr(jaxpr, [array([1, 2, 3])]);
  assertEquals(total!.js(), 6);
  assertEquals(wide!.js(), [[1, 2, 3], [1, 2, 3]]);
  let calls = 0;
  const derived = memoised((_jaxpr, key: readonly boolean[]) => [++calls, key]);
  assertStrictEquals(derived(jaxpr, [true]), derived(jaxpr, [true]));
  derived(jaxpr, [false]);
  assertEquals(calls, 2);
});

Deno.test("checkJaxpr() finds what is wrong with a program", () => {
  const { inputs, equations } = programOf((x) => [sin(x)]);
  const [equation] = equations;
  const refuse = (jaxpr: Jaxpr, reason: string) =>
    assertThrows(() => checkJaxpr(jaxpr), ShapeError, reason);
  refuse(new Jaxpr([], equations, equation!.outputs), "before it is defined");
  refuse(new Jaxpr(inputs, [], equation!.outputs), "before it is defined");
  refuse(
    new Jaxpr(inputs, [equation!, equation!], inputs),
    "defined twice",
  );
  const wrong = new Var(Aval.of([4], "float32"));
  refuse(
    new Jaxpr(inputs, [{ ...equation!, outputs: [wrong] }], [wrong]),
    "sin gives f32[3] where the program says f32[4]",
  );
  checkJaxpr(new Jaxpr(inputs, [], [new Literal(1, Aval.of([], "float32"))]));
});

Deno.test("staged functions close over arrays once, before their inputs", () => {
  const table = array([1, 2, 3]);
  const { jaxpr, consts } = stage(
    (x) => [mul(mul(x, table), table)],
    [vector],
    "f",
  );
  assertEquals(consts, [table]);
  assertEquals(jaxpr.inputs.length, 2);
  assertEquals(evalJaxpr(jaxpr, [table, table])[0]!.js(), [1, 8, 27]);
});
