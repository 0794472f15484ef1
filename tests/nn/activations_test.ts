import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import * as nn from "../../nn/mod.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { linearizeFlat } from "../../transforms/linearize.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const POINTS = [-2.5, -0.7, 0.3, 1.9];

/** Values at an infinity below, 0 and an infinity above, and derivatives there. */
type Extremes = readonly [values: number[], derivatives: number[]];

const inf = Infinity;
const LIKE_RELU = [0, 0, inf];

// Values at POINTS, printed by jax.nn of JAX 0.10.2 in float64.
const CASES: Record<
  string,
  readonly [(x: NDArray) => NDArray, number[], Extremes]
> = {
  relu: [nn.relu, [0, 0, 0.3, 1.9], [LIKE_RELU, [0, 0, 1]]],
  relu6: [nn.relu6, [0, 0, 0.3, 1.9], [[0, 0, 6], [0, 0, 0]]],
  sigmoid: [
    nn.sigmoid,
    [
      0.07585818002124355,
      0.3318122278318339,
      0.574442516811659,
      0.8698915256370021,
    ],
    [[0, 0.5, 1], [0, 0.25, 0]],
  ],
  softplus: [
    nn.softplus,
    [
      0.07888973429254963,
      0.40318604888545784,
      0.854355244468527,
      2.0393867582829603,
    ],
    [[0, Math.LN2, inf], [0, 0.5, 1]],
  ],
  logSigmoid: [
    nn.logSigmoid,
    [
      -2.5788897342925496,
      -1.103186048885458,
      -0.554355244468527,
      -0.1393867582829606,
    ],
    [[-inf, -Math.LN2, -0], [1, 0.5, 0]],
  ],
  softSign: [
    nn.softSign,
    [
      -0.7142857142857143,
      -0.4117647058823529,
      0.23076923076923075,
      0.6551724137931034,
    ],
    [[-1, 0, 1], [0, 1, 0]],
  ],
  silu: [
    nn.silu,
    [
      -0.18964545005310887,
      -0.2322685594822837,
      0.1723327550434977,
      1.652793898710304,
    ],
    [LIKE_RELU, [0, 0.5, 1]],
  ],
  mish: [
    nn.mish,
    [
      -0.19681620390653337,
      -0.2678702347955009,
      0.20800137234811503,
      1.8367436005523154,
    ],
    [LIKE_RELU, [0, 0.6, 1]],
  ],
  hardTanh: [nn.hardTanh, [-1, -0.7, 0.3, 1], [[-1, 0, 1], [0, 1, 0]]],
  hardSigmoid: [
    nn.hardSigmoid,
    [0.08333333333333333, 0.3833333333333333, 0.55, 0.8166666666666667],
    [[0, 0.5, 1], [0, 1 / 6, 0]],
  ],
  hardSilu: [
    nn.hardSilu,
    [-0.20833333333333331, -0.2683333333333333, 0.165, 1.5516666666666665],
    [LIKE_RELU, [0, 0.5, 1]],
  ],
  sparsePlus: [
    nn.sparsePlus,
    [0, 0.0225, 0.4225, 1.9],
    [[0, 0.25, inf], [0, 0.5, 1]],
  ],
  sparseSigmoid: [
    nn.sparseSigmoid,
    [0, 0.15, 0.65, 1],
    [[0, 0.5, 1], [0, 0.5, 0]],
  ],
  identity: [nn.identity, POINTS, [[-inf, 0, inf], [1, 1, 1]]],
  elu: [
    (x) => nn.elu(x),
    [-0.9179150013761012, -0.5034146962085905, 0.3, 1.9],
    [[-1, 0, inf], [0, 1, 1]],
  ],
  celu: [
    (x) => nn.celu(x),
    [-0.9179150013761012, -0.5034146962085905, 0.3, 1.9],
    [[-1, 0, inf], [0, 1, 1]],
  ],
  selu: [
    nn.selu,
    [
      -1.6137857588732423,
      -0.8850530455772052,
      0.31521029620664415,
      1.9963318759754127,
    ],
    [[-1.7580993175506592, 0, inf], [0, 1.7580993175506592, 1.050701]],
  ],
  leakyRelu: [
    (x) => nn.leakyRelu(x),
    [-0.025, -0.007, 0.3, 1.9],
    [[-inf, 0, inf], [0.01, 1, 1]],
  ],
  squareplus: [
    (x) => nn.squareplus(x),
    [
      0.35078105935821213,
      0.7094810050208545,
      1.161187420807834,
      2.329311422413372,
    ],
    [[NaN, 1, inf], [NaN, 0.5, NaN]],
  ],
  gelu: [
    (x) => nn.gelu(x),
    [
      -0.0150842660899983,
      -0.1694298652948832,
      0.18537092354275922,
      1.8454512344553327,
    ],
    [LIKE_RELU, [0, 0.5, 1]],
  ],
  exactGelu: [
    (x) => nn.gelu(x, { approximate: false }),
    [
      -0.01552416331444033,
      -0.1693745565561511,
      0.18537342665668577,
      1.8454385363495966,
    ],
    [LIKE_RELU, [0, 0.5, 1]],
  ],
};

for (
  const [name, [f, expected, [values, derivatives]]] of Object.entries(CASES)
) {
  Deno.test(`${name}() has the values of JAX, eagerly and under jit and vmap`, () => {
    const x = array(POINTS, "float64");
    assertClose(f(x), expected, { tolerance: 1e-6 });
    assertClose(jit(f)(x), f(x), { tolerance: 1e-12 });
    assertClose(vmap(f)(x), f(x), { tolerance: 1e-12 });
    const isClipping = ["relu", "hardTanh", "identity"].includes(name);
    const dtype = isClipping ? "int32" : "float32";
    assertEquals(f(array([1, 2], "int32")).dtype, dtype);
  });

  Deno.test(`${name}() has its values at infinities and propagates NaN`, () => {
    const x = array([-inf, 0, inf]);
    assertClose(f(x), values, { tolerance: 1e-6 });
    assertClose(vmap(grad(f))(x) as NDArray, derivatives, { tolerance: 1e-6 });
    assertEquals(f(array(NaN)).item(), NaN);
  });

  Deno.test(`${name}() has right derivatives in both modes`, () => {
    checkGrads(f, [array(POINTS, "float64")], { tolerance: 1e-5 });
  });
}

Deno.test("relu() and hardTanh() of integers", () => {
  const x = array([-2, 0, 3], "int32");
  assertEquals([nn.relu(x).js(), nn.hardTanh(x).js()], [[0, 0, 3], [-1, 0, 1]]);
});

Deno.test("a gate leaves one array for its derivative", () => {
  const fs = [nn.silu, nn.mish, nn.hardSilu, nn.gelu, nn.softSign];
  for (const f of fs) {
    const x = array(POINTS);
    const { consts } = linearizeFlat((x) => [f(x!)], [x], f.name);
    assertEquals(consts.map((x) => x.shape), [[4]]);
  }
});

Deno.test("gates of 16-bit floats are finite far from 0", () => {
  for (const dtype of ["float16", "bfloat16"] as const) {
    for (
      const f of [nn.silu, nn.mish, nn.hardSilu, (x: NDArray) => nn.gelu(x)]
    ) {
      const x = array([-60000, -300, 300, 60000], dtype);
      assertEquals(f(x).add(0).js(), [0, 0, 300, (x.js() as number[])[3]!]);
      assertEquals((vmap(grad(f))(x) as NDArray).add(0).js(), [0, 0, 1, 1]);
    }
  }
});
