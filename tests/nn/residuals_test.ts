/** What functions keep for their derivatives: in training it fills the memory. */

import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import * as np from "../../library/numpy/mod.ts";
import * as nn from "../../nn/mod.ts";
import { grad, valueAndGrad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { linearizeFlat } from "../../transforms/linearize.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const X = () => array([[1, -2, 4], [0.5, 3, 0]], "float64");

for (const f of [nn.softmax, nn.logSoftmax]) {
  Deno.test(`${f.name}() keeps its result for its derivative, and nothing else`, () => {
    const { outs, consts } = linearizeFlat((x) => [f(x!)], [X()], f.name);
    const kept = new Set(consts.filter((x) => x.size > 1));
    assertEquals([...kept].map((x) => x.shape), [[2, 3]]);
    const y = f === nn.softmax ? outs[0]! : np.exp(outs[0]!);
    assertClose([...kept][0]!, y, { tolerance: 0 });
  });
}

const RULES: Record<string, (x: NDArray) => NDArray> = {
  softmax: (x) => nn.softmax(x),
  logSoftmax: (x) => nn.logSoftmax(x),
  standardize: (x) => nn.standardize(x),
  RMSNorm: (x) => new nn.RMSNorm(3).call(x),
};

for (const [name, f] of Object.entries(RULES)) {
  Deno.test(`${name} has right derivatives of second order, also under vmap`, () => {
    checkGrads(f, [X()], { order: 2, tolerance: 1e-5 });
    const slope = (x: NDArray) => grad((x: NDArray) => f(x).mul(f(x)).sum())(x);
    const second = grad((x: NDArray) => slope(x).mul(x).sum());
    const rows = vmap(second)(X());
    for (const i of [0, 1]) {
      const alone = second(X().slice(i));
      assertClose(rows.slice(i), alone, { tolerance: 1e-12 });
    }
  });
}

Deno.test("a cross-entropy and its gradient are one pass over the rows", () => {
  const loss = (logits: NDArray, labels: NDArray) =>
    nn.softmaxCrossEntropyWithIntegerLabels(logits, labels).mean();
  const labels = array([2, 0], "int32");
  const text = jit(valueAndGrad(loss)).lower(X(), labels).toString();
  assertEquals(text.match(/max over/g)?.length, 1, text);
  assertEquals(text.match(/:bool\[\d+\]@/g), null, text);
});

Deno.test("classes that a logit of -inf excludes, or that do not exist, add nothing", () => {
  const logits = array([[0, -Infinity], [0, 0]]);
  const loss = (x: NDArray) =>
    nn.softmaxCrossEntropyWithIntegerLabels(x, array([0, 7], "int32")).sum();
  assertEquals(loss(logits).item(), 0);
  assertEquals((grad(loss)(logits) as NDArray).js(), [[0, 0], [0, 0]]);
});

Deno.test("BatchNorm has right derivatives along its input and its parameters", () => {
  const norm = new nn.BatchNorm(3);
  const state = norm.initialState();
  checkGrads((x) => norm.call(x, state)[0], [X()], { tolerance: 1e-5 });
  checkGrads((x) => norm.call(x, state, { training: false })[0], [X()], {
    tolerance: 1e-5,
  });
});
