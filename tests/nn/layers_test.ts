import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { leaves } from "../../core/tree.ts";
import * as random from "../../library/random/mod.ts";
import * as nn from "../../nn/mod.ts";
import * as optim from "../../nn/optim/mod.ts";
import { valueAndGrad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const key = random.key(0);
const counting = (...shape: number[]) => {
  const size = shape.reduce((a, b) => a * b, 1);
  return arrayOf(shape, Array.from({ length: size }, (_, i) => i));
};

Deno.test("Linear is the affine map of its weights", () => {
  const layer = new nn.Linear(2, 3, { key });
  const { weight, bias } = layer;
  const x = array([[1, 2], [3, 4]]);
  assertClose(layer.call(x), x.matmul(weight).add(bias!));
  assertEquals(layer.call(array([1, 2])).shape, [3]);
  const limit = 1 / Math.sqrt(2);
  const all = leaves(layer).flatMap((w) => [...(w as NDArray).dataSync()]);
  assert(all.every((w) => Math.abs(w) <= limit));
  assertEquals(new nn.Linear(2, 3, { key, bias: false }).bias, null);
  assertThrows(() => layer.call(array([1])), TypeError, "must have 2 elements");
});

Deno.test("Conv of ones sums windows, with padding, strides, dilation, groups", () => {
  const x = counting(1, 2, 4, 4);
  const shapeOf = (options: Partial<nn.ConvOptions>) =>
    new nn.Conv(2, 4, { kernelSize: [3, 3], key, ...options }).call(x).shape;
  assertEquals(shapeOf({}), [1, 4, 2, 2]);
  assertEquals(shapeOf({ padding: 1 }), [1, 4, 4, 4]);
  assertEquals(shapeOf({ padding: "same", strides: 3 }), [1, 4, 2, 2]);
  assertEquals(shapeOf({ dilation: 2, padding: 2 }), [1, 4, 4, 4]);
  assertEquals(shapeOf({ groups: 2, padding: [[1, 0], [0, 1]] }), [1, 4, 3, 3]);
  const conv = new nn.Conv(2, 1, { kernelSize: [4, 4], key, bias: false });
  const byHand = conv.weight.mul(x).sum().item();
  assertClose(conv.call(x), [[[[byHand]]]], { tolerance: 1e-5 });
});

Deno.test("Conv of one and of three spatial axes, and its errors", () => {
  const one = new nn.Conv(1, 2, { kernelSize: [3], key });
  assertEquals(one.call(counting(1, 1, 5)).shape, [1, 2, 3]);
  const three = new nn.Conv(1, 2, { kernelSize: [2, 2, 2], key });
  assertEquals(three.call(counting(1, 1, 3, 3, 3)).shape, [1, 2, 2, 2, 2]);
  assertThrows(
    () => one.call(counting(1, 2, 5)),
    TypeError,
    "needs a batch axis, 1 channels and 1 spatial axes",
  );
  assertThrows(
    () => new nn.Conv(3, 4, { kernelSize: [1], key, groups: 2 }),
    TypeError,
    "multiples of the groups",
  );
  assertThrows(
    () => Reflect.construct(nn.Conv, [3, 4, { kernelSize: 3, key }]),
    TypeError,
    "kernelSize 3: needs a list",
  );
});

Deno.test("maxPool() and avgPool() by hand, with padding and strides", () => {
  const x = counting(1, 1, 3, 3);
  assertEquals(nn.maxPool(x, { window: 2, strides: 1 }).js(), [[[
    [4, 5],
    [7, 8],
  ]]]);
  assertEquals(nn.avgPool(x, { window: 2, strides: 1 }).js(), [[[
    [2, 3],
    [5, 6],
  ]]]);
  const same = { window: 2, padding: "same" } as const;
  assertEquals(nn.maxPool(x, same).js(), [[[[4, 5], [7, 8]]]]);
  assertEquals(nn.avgPool(x, { ...same, countIncludePad: false }).js(), [[[
    [2, 3.5],
    [6.5, 8],
  ]]]);
  assertEquals(nn.avgPool(x, same).js(), [[[[2, 1.75], [3.25, 2]]]]);
  assertThrows(() => nn.maxPool(x, { window: [2] }), TypeError, "one of each");
});

Deno.test("pooling has right derivatives in both modes", () => {
  const x = arrayOf(
    [1, 1, 3, 3],
    [3, 1, 4, -1, 5, 9, 2, 6, -5],
    "float64",
  );
  checkGrads((x) => nn.maxPool(x, { window: 2, strides: 1 }), [x]);
  checkGrads((x) => nn.avgPool(x, { window: 2, strides: 1 }), [x]);
});

Deno.test("Embedding takes rows, and its gradient adds where a row is used twice", () => {
  const table = new nn.Embedding(3, 2, { key });
  const rows = table.weight.js() as number[][];
  const words = array([2, 0, 2], "int32");
  assertEquals(table.call(words).js(), [rows[2], rows[0], rows[2]]);
  const [, d] = valueAndGrad((t: nn.Embedding) => t.call(words).sum())(
    table,
  ) as [
    NDArray,
    nn.Embedding,
  ];
  assertEquals(d.weight.js(), [[1, 1], [0, 0], [2, 2]]);
  assertThrows(() => table.call(array([1])), TypeError, "needs integers");
});

Deno.test("LayerNorm and RMSNorm have right derivatives", () => {
  const x = array([[1, -2, 4], [0.5, 3, 0]], "float64");
  checkGrads((x) => new nn.LayerNorm(3).call(x), [x], { tolerance: 1e-5 });
  checkGrads((x) => new nn.RMSNorm(3).call(x), [x], { tolerance: 1e-5 });
});

Deno.test("BatchNorm threads its running statistics", () => {
  const norm = new nn.BatchNorm(2, { epsilon: 0 });
  const x = array([[1, 10], [3, 30]]);
  const [y, state] = norm.call(x, norm.initialState());
  assertClose(y, [[-1, -1], [1, 1]]);
  assertClose(state.mean, [0.2, 2]); // 0.9 * 0 + 0.1 * mean
  assertClose(state.variance, [1.1, 20.9]); // unbiased: 2 and 200
  const [z, same] = norm.call(x, state, { training: false });
  assertClose(z, [
    [0.8 / Math.sqrt(1.1), 8 / Math.sqrt(20.9)],
    [2.8 / Math.sqrt(1.1), 28 / Math.sqrt(20.9)],
  ]);
  assertEquals(same, state);
  assertEquals(
    norm.call(counting(2, 2, 3, 3), state)[0].shape,
    [2, 2, 3, 3],
  );
});

Deno.test("Dropout keeps the mean, and draws per lane under vmap", () => {
  const dropout = new nn.Dropout(0.25);
  const x = arrayOf([2000], Array(2000).fill(1));
  const mean = dropout.call(x, { key }).mean().item();
  assert(Math.abs(mean - 1) < 0.05, `${mean}`);
  const keys = random.split(key, 2);
  const [a, b] = vmap((key: NDArray) => dropout.call(x, { key }))(keys);
  assert(String(a!.js()) !== String(b!.js()));
  assertThrows(() => new nn.Dropout(1), RangeError, "rate 1");
});

Deno.test("Sequential gives each layer a key of its own", () => {
  const net = new nn.Sequential([
    new nn.Dropout(0.5),
    (x: NDArray) => x.mul(2),
    new nn.Dropout(0.5),
  ]);
  const x = arrayOf([400], Array(400).fill(1));
  assertEquals(net.call(x).js(), x.mul(2).js());
  const kept = (net.call(x, { key }).js() as number[]).filter((v) => v > 0);
  assert(kept.length > 60 && kept.length < 140, `${kept.length}`);
});

Deno.test("dotProductAttention() gives the results of JAX, with shared heads too", () => {
  const waves = (f: (i: number) => number, ...shape: number[]) =>
    arrayOf(shape, [...counting(...shape).dataSync()].map(f));
  const q = waves(Math.sin, 1, 3, 4, 2);
  const k = waves(Math.cos, 1, 4, 2, 2);
  const v = waves((i) => Math.sin(2 * i), 1, 4, 2, 2);
  // Sums of jax.nn.dot_product_attention of JAX 0.10.2.
  const close = { tolerance: 1e-5 };
  assertClose(nn.dotProductAttention(q, k, v).sum(), -0.1819001118, close);
  const causal = nn.dotProductAttention(q, k, v, { isCausal: true });
  assertClose(causal.sum(), 0.9981544393, close);
  const mask = array([[true, false, false, false]]);
  const first = nn.dotProductAttention(q, k, v, { mask });
  assertClose(first.slice(0, 2, 0), v.slice(0, 0, 0), close);
});

Deno.test("initializers give the numbers of JAX", () => {
  const { initializers } = nn;
  const of = (init: nn.initializers.Initializer) =>
    init(random.key(1), [3, 2]).ravel().slice([0, 3]);
  const expected = {
    glorotUniform: [-0.13444948, 0.07394894, -0.11848702],
    heNormal: [-0.13678238, 0.07504234, -0.12044527],
    lecunNormal: [-0.09671974, 0.05306295, -0.08516765],
    glorotNormal: [-0.10595117, 0.05812755, -0.0932965],
  } as const;
  for (const [name, values] of Object.entries(expected)) {
    const init = initializers[name as keyof typeof expected]();
    assertClose(of(init), [...values], { tolerance: 1e-6 });
  }
  assertEquals(initializers.zeros(key, [2]).js(), [0, 0]);
  assertEquals(initializers.constant(3)(key, [2]).js(), [3, 3]);
  assertThrows(
    () => initializers.heNormal()(key, [3]),
    RangeError,
    "by their fan",
  );
});

class Network extends nn.Module {
  readonly hidden: nn.Linear;
  readonly out: nn.Linear;
  constructor(key: random.Key) {
    super();
    const [k1, k2] = random.split(key);
    this.hidden = new nn.Linear(2, 8, { key: k1! });
    this.out = new nn.Linear(8, 1, { key: k2! });
  }
  call(x: NDArray): NDArray {
    return this.out.call(nn.relu(this.hidden.call(x)));
  }
}

const OPTIMIZERS = {
  sgd: optim.sgd(0.3, { momentum: 0.9 }),
  adam: optim.adam(0.05),
  adamw: optim.adamw(0.05),
  rmsprop: optim.rmsprop(0.02),
  adagrad: optim.adagrad(0.3),
  lion: optim.lion(0.02),
};

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  Deno.test(`${name} learns XOR`, () => {
    const x = array([[0, 0], [0, 1], [1, 0], [1, 1]]);
    const y = array([[0], [1], [1], [0]]);
    const loss = (net: Network) =>
      nn.sigmoidBinaryCrossEntropy(net.call(x), y).mean();
    const step = jit((net: Network, state: optim.OptState) => {
      const [value, d] = valueAndGrad(loss)(net) as [NDArray, Network];
      const [updates, next] = optimizer.update(d, state, net);
      return [optim.applyUpdates(net, updates), next, value];
    });
    let net = new Network(random.key(3));
    let state = optimizer.init(net);
    const before = loss(net).item();
    for (let i = 0; i < 100; i++) {
      [net, state] = step(net, state) as [Network, optim.OptState];
    }
    const after = loss(net).item();
    assert(after < before / 3, `${before} to ${after}`);
    assertEquals((step as { cacheSize?(): number }).cacheSize?.(), 1);
  });
}

Deno.test("MaxPool and AvgPool are layers", () => {
  const x = arrayOf(
    [1, 1, 4, 4],
    Array.from({ length: 16 }, (_, i) => i),
    "float32",
  );
  const pools = new nn.Sequential([
    new nn.MaxPool({ window: 2, strides: 1 }),
    new nn.AvgPool({ window: 3 }),
  ]);
  assertEquals(pools.call(x).js(), [[[[10]]]]);
});
