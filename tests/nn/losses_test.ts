import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import * as nn from "../../nn/mod.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const inf = Infinity;
const close = { tolerance: 1e-6 };
const total = (x: NDArray) => x.sum();
const gradOf = (f: (x: NDArray) => NDArray, x: NDArray) =>
  grad((x: NDArray) => total(f(x)))(x) as NDArray;

Deno.test("softmax() and its kin do not overflow or underflow", () => {
  assertEquals(nn.softmax(array([1000, 1000])).js(), [0.5, 0.5]);
  assertEquals(nn.logSoftmax(array([-1000, 1000])).js(), [-2000, 0]);
  assertClose(nn.logSumExp(array([1000, 1000])), 1000 + Math.LN2);
  assertClose(nn.logSumExp(array([-1000, -1000])), -1000 + Math.LN2);
  assertClose(nn.softmax(array([-inf, 0])), [0, 1]);
  const x = array([[1, 2], [3, 5]]);
  assertClose(nn.logSumExp(x, 0), [3.126928, 5.0485873], close);
  assertEquals(nn.logSumExp(x, 1, { keepdims: true }).shape, [2, 1]);
  assertClose(nn.softmax(x, [0, 1]).sum(), 1);
});

Deno.test("logSumExp() of nothing but -inf is -inf, with derivative 0", () => {
  const x = array([-inf, -inf]);
  assertEquals(nn.logSumExp(x).item(), -inf);
  assertEquals(gradOf((x) => nn.logSumExp(x), x).js(), [0, 0]);
  assertEquals(nn.logSumExp(array([inf, 0])).item(), inf);
  assertEquals(
    gradOf((x) => nn.logSumExp(x), array([-inf, 0])).js(),
    [0, 1],
  );
});

Deno.test("oneHot() along an axis, of classes that do not exist, and of floats", () => {
  const x = array([0, 2, -1], "int32");
  assertEquals(nn.oneHot(x, 2).js(), [[1, 0], [0, 0], [0, 0]]);
  assertEquals(nn.oneHot(x, 2, { axis: 0 }).shape, [2, 3]);
  assertEquals(nn.oneHot(x, 2, { dtype: "int8" }).dtype, "int8");
  assertThrows(() => nn.oneHot(array([1]), 2), TypeError, "needs integers");
});

// Values by optax 0.2.8 on JAX 0.10.2 in float64.
const LOGITS = () => array([[1, 2, -1], [0, -3, 5]], "float64");

Deno.test("cross-entropies have the values of optax", () => {
  const labels = array([2, 0], "int32");
  const expected = [3.349012216768186, 5.007048510411065];
  const { softmaxCrossEntropyWithIntegerLabels: byNumber } = nn;
  assertClose(byNumber(LOGITS(), labels), expected, close);
  const rows = array([[0, 0, 1], [1, 0, 0]], "float64");
  assertClose(nn.softmaxCrossEntropy(LOGITS(), rows), expected, close);
  assertClose(jit(byNumber)(LOGITS(), labels) as NDArray, expected, close);
  assertClose(vmap(byNumber)(LOGITS(), labels), expected, close);
  const targets = array([[1, 0, 0.5], [0, 1, 1]], "float64");
  assertClose(nn.sigmoidBinaryCrossEntropy(LOGITS(), targets), [
    [0.3132616875182228, 2.1269280110429727, 0.8132616875182228],
    [0.6931471805599453, 3.048587351573742, 0.006715348489118068],
  ], close);
});

Deno.test("labels of another shape or dtype are an error", () => {
  const { softmaxCrossEntropyWithIntegerLabels: byNumber } = nn;
  assertThrows(
    () => byNumber(LOGITS(), array([[2], [0]], "int32")),
    TypeError,
    "labels of shape [2,1]",
  );
  assertThrows(
    () => byNumber(LOGITS(), array([2, 0])),
    TypeError,
    "needs integers",
  );
});

Deno.test("other losses have the values of optax", () => {
  const { cosineSimilarity, huberLoss, klDivergence } = nn;
  const x = array([0.5, -3]);
  assertClose(huberLoss(x, 0, { delta: 2 }), [0.125, 4]);
  assertClose(
    cosineSimilarity(array([1, 2]), array([3, -1])),
    0.1414213562373095,
  );
  const logs = array([Math.log(0.2), Math.log(0.8)]);
  assertClose(klDivergence(logs, array([0.5, 0.5])), 0.2231435513142097);
  assertEquals(nn.l2Loss(x).js(), [0.125, 4.5]);
  assertEquals(nn.mse(x, array([0.5, -1])).item(), 2);
});

Deno.test("softmaxCrossEntropy() is finite where an impossible class has logit -inf", () => {
  const [logits, labels] = [array([0, -inf]), array([1, 0])];
  assertEquals(nn.softmaxCrossEntropy(logits, labels).item(), 0);
  const d = gradOf((x) => nn.softmaxCrossEntropy(x, labels), logits);
  assertEquals(d.js(), [0, 0]);
});

Deno.test("binaryCrossEntropy() bounds logarithms at -100, as PyTorch's BCELoss", () => {
  const f = (p: NDArray, y: number) => nn.binaryCrossEntropy(p, y);
  assertEquals(f(array([0, 1, 0, 1]), 1).js(), [100, 0, 100, 0]);
  assertEquals(f(array([0, 1]), 0).js(), [0, 100]);
  assertClose(f(array(0.25), 1), -Math.log(0.25));
  assertEquals(gradOf((p) => f(p, 1), array([0, 1])).js(), [0, -1]);
});

Deno.test("sigmoidBinaryCrossEntropy() of extreme logits is finite and exact", () => {
  const logits = array([1000, -1000, 1000]);
  const labels = array([1, 1, 0]);
  assertEquals(
    nn.sigmoidBinaryCrossEntropy(logits, labels).js(),
    [0, 1000, 1000],
  );
});

Deno.test("cosineSimilarity() of zero vectors is 0, with finite derivatives", () => {
  const zero = array([0, 0]);
  assertEquals(nn.cosineSimilarity(zero, array([1, 2])).item(), 0);
  const d = gradOf((x) => nn.cosineSimilarity(x, array([1, 2])), zero);
  assertEquals((d.js() as number[]).every(Number.isFinite), true);
});

Deno.test("softmaxCrossEntropy() of classes given by number says what takes them", () => {
  assertThrows(
    () => nn.softmaxCrossEntropy(array([[1, 2, 3], [4, 5, 6]]), array([0, 2])),
    ShapeError,
    "Cannot compare logits of shape [2,3] with labels of shape [2]: labels " +
      "are distributions over the last axis. For classes given by number use " +
      "softmaxCrossEntropyWithIntegerLabels()",
  );
});

const SMOOTH: Record<string, (x: NDArray) => NDArray> = {
  softmax: (x) => nn.softmax(x),
  logSoftmax: (x) => nn.logSoftmax(x),
  logSumExp: (x) => nn.logSumExp(x, 1),
  standardize: (x) => nn.standardize(x),
  glu: (x) => nn.glu(x, 0),
  softmaxCrossEntropy: (x) =>
    nn.softmaxCrossEntropyWithIntegerLabels(x, array([2, 0], "int32")),
  sigmoidBinaryCrossEntropy: (x) => nn.sigmoidBinaryCrossEntropy(x, 0.25),
  binaryCrossEntropy: (x) => nn.binaryCrossEntropy(nn.sigmoid(x), 0.25),
  squaredError: (x) => nn.squaredError(x, 0.5),
  huberLoss: (x) => nn.huberLoss(x, 0.5),
  cosineSimilarity: (x) => nn.cosineSimilarity(x, array([1, 2, 3], "float64")),
  klDivergence: (x) => nn.klDivergence(nn.logSoftmax(x), nn.softmax(x.mul(2))),
};

for (const [name, f] of Object.entries(SMOOTH)) {
  Deno.test(`${name}() has right derivatives in both modes`, () => {
    checkGrads(f, [LOGITS()], { tolerance: 1e-5 });
  });
}
