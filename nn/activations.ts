/**
 * Activation functions, element by element, under the names of `jax.nn`.
 *
 * Their derivatives at kinks are those of JAX; where JAX's formula gives NaN at
 * an infinity, value and derivative are the limits (but for `squareplus`).
 *
 * @module
 */

import type { ArrayLike, NDArray } from "../core/array.ts";
import {
  absolute,
  add,
  clip,
  divide,
  exp,
  expm1,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logaddexp,
  logicalAnd,
  maximum,
  minimum,
  multiply,
  negative,
  sqrt,
  square,
  subtract,
  tanh,
  where,
} from "../library/numpy/mod.ts";
import { logistic } from "../core/ops/exponential.ts";
import { erfc } from "../core/ops/special.ts";
import { convertElementType } from "../core/ops/convert.ts";
import { isFloating } from "../core/dtype.ts";
import { finfo } from "../core/limits.ts";
import { customJvp } from "../transforms/custom_jvp.ts";
import { inlined } from "../transforms/inlined.ts";

/** A function of each element; integers become float32 unless it only clips them. */
export type Activation = (x: ArrayLike) => NDArray;

function activation(name: string, f: (x: NDArray) => NDArray): Activation {
  return inlined(name, 1, ([x]) => f(toFloats(x)));
}

/** A function that keeps integers. */
function clipping(name: string, f: (x: NDArray) => NDArray): Activation {
  return inlined(name, 1, ([x]) => f(x));
}

function toFloats(x: NDArray): NDArray {
  return isFloating(x.dtype) ? x : convertElementType(x, "float32", x.weakType);
}

/** A function whose derivative is a factor: the only thing that is kept for it. */
function withSlope(
  name: string,
  f: (x: NDArray) => NDArray,
  slope: (x: NDArray) => NDArray,
): Activation {
  const custom = customJvp(Object.defineProperty(f, "name", { value: name }));
  custom.defjvp((
    [x]: [NDArray],
    [dx]: [NDArray],
  ) => [custom(x), multiply(dx, slope(x))]);
  return activation(name, custom);
}

/**
 * `x` times a gate that rises from 0 to 1, given with its slope, which may use
 * it. Tends to `relu` at both infinities.
 */
function gated(
  name: string,
  gate: (x: NDArray) => NDArray,
  gateSlope: (x: NDArray, gate: NDArray) => NDArray,
): Activation {
  return withSlope(
    name,
    (x) => multiply(maximum(x, -largeOf(x)), gate(x)),
    (x) => {
      const g = gate(x);
      const finite = clip(x, -largeOf(x), largeOf(x));
      return add(g, multiply(finite, gateSlope(finite, g)));
    },
  );
}

/** So large that gates are 0 or 1 there, and that has a square: 0 times it is 0. */
function largeOf({ dtype }: NDArray): number {
  return Math.sqrt(finfo(dtype).max) / 2;
}

/**
 * `max(x, 0)`, with derivative 0 at 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grad, nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.relu(np.array([-1, 0, 2])).js(), [0, 0, 2]);
 * assertEquals(grad(nn.relu)(0).item(), 0);
 * ```
 */
export const relu: Activation = clipping(
  "relu",
  (x) => where(lessEqual(x, 0), 0, x),
);

/** `min(max(x, 0), 6)`, with derivative 0 at 0 and 6. */
export const relu6: Activation = activation(
  "relu6",
  (x) => where(lessEqual(x, 0), 0, where(greaterEqual(x, 6), 6, x)),
);

/** The logistic function `1 / (1 + exp(-x))`. */
export const sigmoid: Activation = activation("sigmoid", logistic);

/** `log(1 + exp(x))`, without overflow. */
export const softplus: Activation = activation(
  "softplus",
  (x) => logaddexp(x, 0),
);

/** `log(sigmoid(x))`, without underflow. */
export const logSigmoid: Activation = activation(
  "logSigmoid",
  (x) => negative(softplus(negative(x))),
);

/** `x / (1 + |x|)`, and its limits ±1 at the infinities. */
export const softSign: Activation = withSlope(
  "softSign",
  (x) => {
    const { max } = finfo(x.dtype);
    const finite = clip(x, -max, max);
    return divide(finite, add(absolute(finite), 1));
  },
  (x) => square(divide(1, add(absolute(x), 1))),
);

/**
 * `x sigmoid(x)`, also called swish.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.silu(np.array([-Infinity, 0])).js(), [-0, 0]);
 * ```
 */
export const silu: Activation = gated(
  "silu",
  logistic,
  (_x, gate) => multiply(gate, subtract(1, gate)),
);

/** {@linkcode silu} under its other name. */
export const swish: Activation = silu;

/** `x tanh(softplus(x))` (Misra 2019). */
export const mish: Activation = gated(
  "mish",
  (x) => tanh(softplus(x)),
  (x, gate) => multiply(logistic(x), subtract(1, square(gate))),
);

/** `max(-1, min(x, 1))`. */
export const hardTanh: Activation = clipping(
  "hardTanh",
  (x) => where(greater(x, 1), 1, where(less(x, -1), -1, x)),
);

/** `relu6(x + 3) / 6`. */
export const hardSigmoid: Activation = activation(
  "hardSigmoid",
  (x) => divide(relu6(add(x, 3)), 6),
);

/** `x hardSigmoid(x)`, also called hard swish. */
export const hardSilu: Activation = gated(
  "hardSilu",
  hardSigmoid,
  (_x, gate) => where(logicalAnd(greater(gate, 0), less(gate, 1)), 1 / 6, 0),
);

/** {@linkcode hardSilu} under its other name. */
export const hardSwish: Activation = hardSilu;

/** `sparsePlus`: 0 below -1, `x` above 1, a parabola between. */
export const sparsePlus: Activation = activation(
  "sparsePlus",
  (x) =>
    where(
      lessEqual(x, -1),
      0,
      where(greaterEqual(x, 1), x, divide(square(add(clip(x, -1, 1), 1)), 4)),
    ),
);

/** Half of `clip(x + 1, 0, 2)`. */
export const sparseSigmoid: Activation = activation(
  "sparseSigmoid",
  (x) => multiply(clip(add(x, 1), 0, 2), 0.5),
);

/** `x` itself. */
export const identity: Activation = clipping("identity", (x) => x);

/**
 * `x` above 0, `alpha (exp(x) - 1)` below (Clevert et al. 2016).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nn, numpy as np } from "@dinograd/dinograd";
 *
 * assertEquals(nn.elu(np.array([-Infinity, 2])).js(), [-1, 2]);
 * ```
 */
export function elu(x: ArrayLike, alpha: ArrayLike = 1): NDArray {
  return eluOf(x, alpha);
}

const eluOf = inlined("elu", 2, ([x, alpha]) => {
  const isPositive = greater(x, 0);
  // The unused branch must not overflow: its derivative would be 0 times inf.
  const below = multiply(alpha, expm1(where(isPositive, 0, x)));
  return where(isPositive, x, below);
});

/** As `elu`, but smooth for every `alpha` (Barron 2017). */
export function celu(x: ArrayLike, alpha: ArrayLike = 1): NDArray {
  return celuOf(x, alpha);
}

const celuOf = inlined("celu", 2, ([x, alpha]) => {
  const below = multiply(alpha, expm1(divide(minimum(x, 0), alpha)));
  return add(maximum(x, 0), below);
});

/** `elu` scaled so that mean 0 and variance 1 are kept (Klambauer et al. 2017). */
export const selu: Activation = activation(
  "selu",
  (x) => multiply(eluOf(x, 1.6732632423543772), 1.0507009873554805),
);

/** `x` above 0, `negativeSlope x` below. */
export function leakyRelu(
  x: ArrayLike,
  negativeSlope: ArrayLike = 0.01,
): NDArray {
  return leakyReluOf(x, negativeSlope);
}

const leakyReluOf = inlined(
  "leakyRelu",
  2,
  ([x, slope]) => where(greaterEqual(x, 0), x, multiply(slope, x)),
);

/** `(x + sqrt(x**2 + b)) / 2` (Barron 2021). */
export function squareplus(x: ArrayLike, b: ArrayLike = 4): NDArray {
  return squareplusOf(x, b);
}

const squareplusOf = inlined("squareplus", 2, ([x, b]) => {
  const root = sqrt(add(square(x), b));
  return multiply(add(x, root), 0.5);
});

/** Which formula `gelu` uses. */
export type GeluOptions = {
  /** Whether the normal distribution is approximated with tanh: yes. */
  readonly approximate?: boolean;
};

/**
 * `x` times the probability that a normal number is below it (Hendrycks,
 * Gimpel 2016).
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { nn } from "@dinograd/dinograd";
 *
 * assertAlmostEquals(nn.gelu(1).item(), 0.841192, 1e-5);
 * const exact = nn.gelu(1, { approximate: false });
 * assertAlmostEquals(exact.item(), 0.841345, 1e-5);
 * ```
 */
export function gelu(
  x: ArrayLike,
  { approximate = true }: GeluOptions = {},
): NDArray {
  return approximate ? tanhGelu(x) : erfGelu(x);
}

/** The argument of the tangent is `x (SCALE + CUBIC x**2)`. */
const SCALE = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715 * SCALE;

const tanhGelu = gated(
  "gelu",
  (x) => {
    const argument = multiply(x, add(multiply(square(x), CUBIC), SCALE));
    return add(multiply(tanh(argument), 0.5), 0.5);
  },
  (x, gate) => {
    const slope = add(multiply(square(x), 6 * CUBIC), 2 * SCALE);
    return multiply(multiply(gate, subtract(1, gate)), slope);
  },
);

const erfGelu = gated(
  "gelu",
  (x) => multiply(erfc(multiply(x, -Math.SQRT1_2)), 0.5),
  (x) => multiply(exp(multiply(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI)),
);
