import { assert, assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import * as optim from "../../nn/optim/mod.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { mul, sub } from "../../core/ops/arithmetic.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";

type Params = { readonly w: NDArray; readonly b: NDArray };

const PARAMS: Params = { w: array([1, -2]), b: array([0.5]) };
const GRADS: readonly Params[] = [
  { w: array([0.1, -3]), b: array([2]) },
  { w: array([0.2, 1]), b: array([-1]) },
  { w: array([-0.3, 0.5]), b: array([0]) },
];

// Params after three steps with these gradients, by optax 0.2.8 on JAX 0.10.2.
const CASES: Record<
  string,
  readonly [optim.GradientTransformation, readonly number[]]
> = {
  sgd: [optim.sgd(0.1), [1, -1.850000023841858, 0.4000000059604645]],
  momentum: [
    optim.sgd(0.1, { momentum: 0.9 }),
    [0.964900016784668, -1.4270001649856567, 0.14800003170967102],
  ],
  nesterov: [
    optim.sgd(0.1, { momentum: 0.9, nesterov: true }),
    [0.9684100151062012, -1.33430016040802, 0.08320003002882004],
  ],
  adam: [
    optim.adam(0.1),
    [0.8101433515548706, -1.83940851688385, 0.352779358625412],
  ],
  adamw: [
    optim.adamw(0.1, { weightDecay: 0.1 }),
    [0.7833974361419678, -1.782396674156189, 0.3401851952075958],
  ],
  masked: [
    optim.adamw(0.1, { weightDecay: 0.1, mask: { w: true, b: false } }),
    [0.7833974361419678, -1.782396674156189, 0.352779358625412],
  ],
  rmsprop: [
    optim.rmsprop(0.1),
    [0.6571235656738281, -1.8430256843566895, 0.33121418952941895],
  ],
  rmspropWithMomentum: [
    optim.rmsprop(0.1, { momentum: 0.9 }),
    [-0.14076578617095947, -1.396621823310852, -0.076837457716465],
  ],
  adagrad: [
    optim.adagrad(0.1),
    [0.9794463515281677, -1.9475586414337158, 0.4455077648162842],
  ],
  lion: [
    optim.lion(0.1),
    [0.8997300863265991, -2.099410057067871, 0.3998599946498871],
  ],
  clippedWithSchedule: [
    optim.chain(
      optim.clipByGlobalNorm(1),
      optim.adam(optim.cosineDecaySchedule(0.1, 4)),
    ),
    [0.8411592841148376, -1.9093619585037231, 0.4207824766635895],
  ],
};

function trained(
  optimizer: optim.GradientTransformation,
  transform: typeof jit | ((f: Step) => Step),
): Params {
  type State = optim.OptState;
  const step: Step = transform((params: Params, state: State, g: Params) => {
    const [updates, next] = optimizer.update(g, state, params);
    return [optim.applyUpdates(params, updates), next];
  });
  let params = PARAMS;
  let state = optimizer.init(params);
  for (const g of GRADS) [params, state] = step(params, state, g);
  return params;
}
type Step = (
  params: Params,
  state: optim.OptState,
  grads: Params,
) => [Params, optim.OptState];

for (const [name, [optimizer, expected]] of Object.entries(CASES)) {
  Deno.test(`three steps of ${name} end where optax does, under jit too`, () => {
    for (const transform of [(f: Step) => f, jit]) {
      const { w, b } = trained(optimizer, transform);
      const close = { tolerance: 1e-6 };
      assertClose(w, expected.slice(0, 2), close);
      assertClose(b, expected.slice(2), close);
    }
  });
}

// At steps 0, 3, 10 and 40, by optax 0.2.8.
const SCHEDULES: Record<string, readonly [optim.Schedule, readonly number[]]> =
  {
    polynomial: [
      optim.polynomialSchedule(1, 0.1, 2, 20, { transitionBegin: 2 }),
      [1, 0.9122499823570251, 0.42399999499320984, 0.10000000149011612],
    ],
    linear: [
      optim.linearSchedule(1, 0.1, 20),
      [1, 0.8650000095367432, 0.550000011920929, 0.10000000149011612],
    ],
    exponential: [
      optim.exponentialDecay(1, 10, 0.5),
      [1, 0.812252402305603, 0.5, 0.0625],
    ],
    stairs: [
      optim.exponentialDecay(1, 10, 0.5, {
        transitionBegin: 2,
        staircase: true,
        endValue: 0.2,
      }),
      [1, 1, 1, 0.20000000298023224],
    ],
    cosine: [
      optim.cosineDecaySchedule(1, 20, { alpha: 0.1, exponent: 2 }),
      [1, 0.9045787453651428, 0.32499995827674866, 0.10000000149011612],
    ],
    warmup: [
      optim.warmupCosineDecaySchedule(0.1, 1, 5, 30, { endValue: 0.01 }),
      [
        0.10000002384185791,
        0.64000004529953,
        0.9054633975028992,
        0.009999999776482582,
      ],
    ],
    piecewise: [
      optim.piecewiseConstantSchedule(1, { 3: 0.5, 10: 0.1 }),
      [1, 0.5, 0.05000000074505806, 0.05000000074505806],
    ],
  };

for (const [name, [schedule, expected]] of Object.entries(SCHEDULES)) {
  Deno.test(`the ${name} schedule has the values of optax, under jit too`, () => {
    const rates = [0, 3, 10, 40].map((step) => {
      const count = array(step, "int32");
      const [rate, jitted] = [schedule(count), jit(schedule)(count)];
      assertClose(jitted as NDArray, Number((rate as NDArray).item()));
      return (rate as NDArray).item();
    });
    assertClose(rates, [...expected]);
  });
}

Deno.test("clipByGlobalNorm() leaves small updates, and zeros, as they are", () => {
  const { init, update } = optim.clipByGlobalNorm(10);
  assertEquals(update([array([3, 4])], init(0))[0][0]!.js(), [3, 4]);
  assertEquals(update([array([0, 0])], init(0))[0][0]!.js(), [0, 0]);
});

Deno.test("updates keep the dtype of 16-bit params, also with schedules", () => {
  const x = array([1], "bfloat16");
  const optimizer = optim.adam(optim.cosineDecaySchedule(0.5, 10));
  const [updates] = optimizer.update(x, optimizer.init(x), x);
  assertEquals(updates.dtype, "bfloat16");
  assertEquals(optim.applyUpdates(x, updates).dtype, "bfloat16");
});

Deno.test("addDecayedWeights() needs params", () => {
  const { init, update } = optim.addDecayedWeights(0.1);
  assertThrows(
    () => update(array([1]), init(0)),
    TypeError,
    "Cannot decay weights without params",
  );
});

Deno.test("every optimizer decreases a quadratic", () => {
  const target = array([3, -1]);
  const loss = (x: NDArray) => {
    const d = sub(x, target);
    return sum(mul(d, d), [0]);
  };
  for (const [name, [optimizer]] of Object.entries(CASES)) {
    const step = jit((x: NDArray, state: optim.OptState) => {
      const [updates, next] = optimizer.update(grad(loss)(x), state, x);
      return [optim.applyUpdates(x, updates), next] as [
        NDArray,
        optim.OptState,
      ];
    });
    let x = array([0, 0]);
    let state = optimizer.init(x);
    for (let i = 0; i < 20; i++) [x, state] = step(x, state);
    assert(loss(x).item() < 10, `${name}: ${loss(x).item()}`);
  }
});
