import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import type { DType } from "../../core/dtype.ts";
import { reshape } from "../../core/ops/layout.ts";
import * as ops from "../../core/ops/elementwise.ts";
import { grad } from "../../transforms/grad.ts";
import { jvp } from "../../transforms/jvp.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap, type Op } from "../_util/op_laws.ts";

const { PI, LN2, E } = Math;
const inf = Infinity;
const TINY = 2 ** -149; // the smallest float32

type Pairs = readonly (readonly [x: number, y: number])[];

/** Values of float functions by hand, in float64 to 1e-14. */
const VALUES: Record<string, { readonly op: Op; readonly pairs: Pairs }> = {
  abs: {
    op: ops.abs,
    pairs: [[-2.5, 2.5], [-0, 0], [-inf, inf], [NaN, NaN]],
  },
  sign: {
    op: ops.sign,
    pairs: [[-2.5, -1], [-0, -0], [0, 0], [inf, 1], [NaN, NaN]],
  },
  floor: {
    op: ops.floor,
    pairs: [[-2.5, -3], [2.5, 2], [-0, -0], [1e300, 1e300], [-inf, -inf]],
  },
  ceil: {
    op: ops.ceil,
    pairs: [[-2.5, -2], [2.5, 3], [-0.5, -0], [inf, inf], [NaN, NaN]],
  },
  round: {
    op: ops.round,
    pairs: [[0.5, 0], [1.5, 2], [2.5, 2], [-0.5, -0], [-1.5, -2], [inf, inf]],
  },
  sqrt: {
    op: ops.sqrt,
    pairs: [[4, 2], [0, 0], [-0, -0], [-1, NaN], [inf, inf]],
  },
  rsqrt: {
    op: ops.rsqrt,
    pairs: [[4, 0.5], [0, inf], [-1, NaN], [inf, 0]],
  },
  cbrt: { op: ops.cbrt, pairs: [[27, 3], [-8, -2], [-0, -0], [-inf, -inf]] },
  exp: {
    op: ops.exp,
    pairs: [[1, E], [0, 1], [-inf, 0], [1000, inf], [-1000, 0], [NaN, NaN]],
  },
  exp2: { op: ops.exp2, pairs: [[10, 1024], [-1, 0.5], [-inf, 0], [2e3, inf]] },
  expm1: {
    op: ops.expm1,
    pairs: [[1e-20, 1e-20], [-0, -0], [1, E - 1], [-inf, -1]],
  },
  log: { op: ops.log, pairs: [[E, 1], [0, -inf], [-1, NaN], [inf, inf]] },
  log1p: {
    op: ops.log1p,
    pairs: [[1e-20, 1e-20], [-0, -0], [-1, -inf], [-2, NaN], [1, LN2]],
  },
  sin: {
    op: ops.sin,
    pairs: [[PI / 6, 0.5], [-0, -0], [inf, NaN], [1e22, -0.8522008497671888]],
  },
  cos: {
    op: ops.cos,
    pairs: [[PI / 3, 0.5], [0, 1], [inf, NaN], [1e22, 0.5232147853951389]],
  },
  tan: { op: ops.tan, pairs: [[PI / 4, 1], [-0, -0], [inf, NaN]] },
  asin: { op: ops.asin, pairs: [[1, PI / 2], [-0.5, -PI / 6], [2, NaN]] },
  acos: { op: ops.acos, pairs: [[1, 0], [-1, PI], [0.5, PI / 3], [2, NaN]] },
  atan: { op: ops.atan, pairs: [[1, PI / 4], [-inf, -PI / 2], [-0, -0]] },
  sinh: {
    op: ops.sinh,
    pairs: [[1, (E - 1 / E) / 2], [1e-20, 1e-20], [-inf, -inf]],
  },
  cosh: { op: ops.cosh, pairs: [[1, (E + 1 / E) / 2], [0, 1], [-inf, inf]] },
  tanh: { op: ops.tanh, pairs: [[1e-20, 1e-20], [50, 1], [-inf, -1]] },
  asinh: { op: ops.asinh, pairs: [[1e-20, 1e-20], [-inf, -inf], [-0, -0]] },
  acosh: { op: ops.acosh, pairs: [[1, 0], [0.5, NaN], [inf, inf]] },
  atanh: {
    op: ops.atanh,
    pairs: [[1e-20, 1e-20], [1, inf], [-1, -inf], [2, NaN]],
  },
  logistic: {
    op: ops.logistic,
    pairs: [[0, 0.5], [-1000, 0], [1000, 1], [-700, Math.exp(-700)]],
  },
  erf: {
    op: ops.erf,
    pairs: [[0.5, 0.5204998778130465], [-inf, -1], [-0, -0]],
  },
  erfc: {
    op: ops.erfc,
    pairs: [[0, 1], [inf, 0], [-inf, 2], [-1, 1.8427007929497148]],
  },
  erfInv: {
    op: ops.erfInv,
    pairs: [[0.5204998778130465, 0.5], [1, inf], [-1, -inf], [2, NaN]],
  },
  square: { op: ops.square, pairs: [[-3, 9], [-0, 0], [1e200, inf]] },
  reciprocalCube: {
    op: (x) => ops.integerPow(x, -3),
    pairs: [[2, 0.125], [-2, -0.125], [-0, -inf], [inf, 0], [NaN, NaN]],
  },
  zerothPower: {
    op: (x) => ops.integerPow(x, 0),
    pairs: [[0, 1], [NaN, 1], [inf, 1]],
  },
};

for (const [name, { op, pairs }] of Object.entries(VALUES)) {
  Deno.test(`${name}() has the values known by hand`, () => {
    for (const [x, y] of pairs) {
      const actual = op(array([x], "float64"));
      assertClose(actual, [y], { tolerance: y === 0 ? 0 : 1e-14 });
    }
  });
}

type Triples = readonly (readonly [x: number, y: number, out: number])[];

const BINARY: Record<
  string,
  { readonly op: Op; readonly dtype?: DType; readonly triples: Triples }
> = {
  pow: {
    op: ops.pow,
    triples: [
      [2, 10, 1024],
      [NaN, 0, 1],
      [1, NaN, 1],
      [-inf, 3, -inf],
      [-inf, 2, inf],
      [-8, 1 / 3, NaN],
      [0, -1, inf],
      [-0, 3, -0],
      [-1, inf, 1],
    ],
  },
  rem: {
    op: ops.rem,
    triples: [
      [7, 3, 1],
      [-7, 3, -1],
      [7, -3, 1],
      [5.5, inf, 5.5],
      [inf, 2, NaN],
      [1, 0, NaN],
      [-4, 2, -0],
    ],
  },
  "rem of integers": {
    op: ops.rem,
    dtype: "int32",
    triples: [[7, 3, 1], [-7, 3, -1], [7, -3, 1], [-7, 0, -7], [
      -(2 ** 31),
      -1,
      0,
    ]],
  },
  atan2: {
    op: ops.atan2,
    triples: [
      [1, 1, PI / 4],
      [1, -1, 3 * PI / 4],
      [-0, -1, -PI],
      [0, -0, PI],
      [inf, inf, PI / 4],
    ],
  },
  nextafter: {
    op: ops.nextafter,
    dtype: "float32",
    triples: [
      [0, 1, TINY],
      [0, -1, -TINY],
      [1, 2, 1 + 2 ** -23],
      [1, 0, 1 - 2 ** -24],
      [inf, 0, 3.4028234663852886e38],
      [1, NaN, NaN],
    ],
  },
  logAddExp: {
    op: ops.logAddExp,
    triples: [
      [1000, 1000, 1000 + LN2],
      [-inf, -inf, -inf],
      [-inf, 3, 3],
      [inf, -inf, inf],
      [inf, inf, inf],
      [NaN, 1, NaN],
    ],
  },
  and: {
    op: ops.and,
    dtype: "uint32",
    triples: [[0xf0f0f0f0, 0xff000000, 0xf0000000]],
  },
  or: { op: ops.or, dtype: "int8", triples: [[-128, 1, -127]] },
  xor: { op: ops.xor, dtype: "bool", triples: [[1, 1, 0], [1, 0, 1]] },
  shiftLeft: {
    op: ops.shiftLeft,
    dtype: "int32",
    triples: [[1, 31, -(2 ** 31)], [1, 32, 0], [1, -1, 0], [3, 1, 6]],
  },
  "shiftLeft of uint8": {
    op: ops.shiftLeft,
    dtype: "uint8",
    triples: [[255, 4, 240], [1, 8, 0]],
  },
  shiftRightLogical: {
    op: ops.shiftRightLogical,
    dtype: "int32",
    triples: [[-1, 28, 15], [-1, 32, 0]],
  },
  "shiftRightLogical of int8": {
    op: ops.shiftRightLogical,
    dtype: "int8",
    triples: [[-1, 4, 15], [-128, 7, 1]],
  },
  shiftRightArithmetic: {
    op: ops.shiftRightArithmetic,
    dtype: "int32",
    triples: [[-16, 2, -4], [-1, 40, -1], [16, 40, 0]],
  },
  "shiftRightArithmetic of uint32": {
    op: ops.shiftRightArithmetic,
    dtype: "uint32",
    triples: [[0x80000000, 31, 0xffffffff], [0x40000000, 30, 1]],
  },
};

for (
  const [name, { op, dtype = "float64", triples }] of Object.entries(BINARY)
) {
  Deno.test(`${name}() has the values known by hand`, () => {
    for (const [x, y, out] of triples) {
      const actual = op(array([x], dtype), array([y], dtype));
      assertClose(actual, [out], { tolerance: out === 0 ? 0 : 1e-14 });
    }
  });
}

Deno.test("isFinite() and isNan() tell kinds of numbers apart", () => {
  const x = array([0, inf, -inf, NaN, TINY]);
  assertEquals(ops.isFinite(x).js(), [true, false, false, false, true]);
  assertEquals(ops.isNan(x).js(), [false, false, false, true, false]);
  assertEquals(ops.isNan(array([1, 2], "int32")).js(), [false, false]);
});

Deno.test("not() complements bits and negates bools", () => {
  assertEquals(ops.not(array([0, -1], "int32")).js(), [-1, 0]);
  assertEquals(ops.not(array([0, 1], "uint8")).js(), [255, 254]);
  assertEquals(ops.not(array([true, false], "bool")).js(), [false, true]);
});

Deno.test("populationCount() counts the bits of the dtype's width", () => {
  assertEquals(ops.populationCount(array([-1, 0], "int8")).js(), [8, 0]);
  assertEquals(ops.populationCount(array([-1, 5], "int32")).js(), [32, 2]);
});

Deno.test("integerPow() of integers wraps around", () => {
  assertEquals(ops.integerPow(array([3, -2], "int32"), 3).js(), [27, -8]);
  assertEquals(ops.integerPow(array([2], "int32"), 32).js(), [0]);
  assertEquals(ops.integerPow(array([65537], "int32"), 2).js(), [131073]);
  assertEquals(ops.integerPow(array([7], "uint8"), 3).js(), [87]);
});

Deno.test("abs() of the smallest integer wraps around", () => {
  assertEquals(ops.abs(array([-128, -5], "int8")).js(), [-128, 5]);
});

Deno.test("elementwise operations round 16-bit floats once", () => {
  assertEquals(ops.sqrt(array([2], "float16")).js(), [
    Math.f16round(Math.SQRT2),
  ]);
  assertEquals(ops.exp(array([12], "float16")).js(), [inf]);
  assertEquals(ops.sqrt(array([2], "bfloat16")).js(), [1.4140625]);
});

Deno.test("float32 subnormals survive", () => {
  assertEquals(ops.abs(array([-TINY])).js(), [TINY]);
  assertEquals(ops.sin(array([TINY])).js(), [TINY]);
});

Deno.test("clamp() limits values, and NaN stays", () => {
  const clamp = (low: number, x: number, high: number) =>
    ops.clamp(array([low]), array([x]), array([high])).js();
  assertEquals(clamp(0, -1, 2), [0]);
  assertEquals(clamp(0, 1, 2), [1]);
  assertEquals(clamp(0, 3, 2), [2]);
  assertEquals(clamp(3, 1, 2), [2]);
  assertEquals(clamp(0, NaN, 2), [NaN]);
});

Deno.test("convertElementType() truncates, saturates and wraps as XLA does", () => {
  const to = (x: NDArray, dtype: DType) =>
    ops.convertElementType(x, dtype).js();
  assertEquals(to(array([1.9, -1.9, 3e9, NaN, -inf]), "int32"), [
    1,
    -1,
    2 ** 31 - 1,
    0,
    -(2 ** 31),
  ]);
  assertEquals(to(array([-1, 300]), "uint8"), [0, 255]);
  assertEquals(to(array([-1, 300], "int32"), "uint8"), [255, 44]);
  assertEquals(to(array([0, -0, NaN, 0.1]), "bool"), [
    false,
    false,
    true,
    true,
  ]);
  assertEquals(to(array([true, false], "bool"), "float32"), [1, 0]);
  assertEquals(to(array([2 ** 24 + 1], "int32"), "float32"), [2 ** 24]);
  assertEquals(to(array([65520]), "float16"), [inf]);
});

Deno.test("convertElementType() to the same dtype returns its input", () => {
  const x = array([1]);
  assertEquals(ops.convertElementType(x, "float32") === x, true);
});

Deno.test("convertElementType() passes derivatives between floats only", () => {
  const toDouble = (x: NDArray) => ops.convertElementType(x, "float64");
  const [, dy] = jvp(toDouble, [array([2])], [array([3])]);
  assertEquals([dy.dtype, dy.js()], ["float64", [3]]);
  const there = (x: NDArray) => reshape(ops.sin(toDouble(x)), []);
  const slope = grad(there)(array([0])) as NDArray;
  assertEquals([slope.dtype, slope.js()], ["float32", [1]]);
  const through = (x: NDArray) =>
    ops.convertElementType(ops.convertElementType(x, "int32"), "float32");
  assertEquals(jvp(through, [array([2])], [array([3])])[1].js(), [0]);
});

Deno.test("bitcastConvertType() keeps bits", () => {
  const bits = ops.bitcastConvertType(array([1, -0]), "uint32");
  assertEquals(bits.js(), [0x3f800000, 0x80000000]);
  assertEquals(ops.bitcastConvertType(bits, "float32").js(), [1, -0]);
  const half = ops.bitcastConvertType(array([1], "bfloat16"), "int16");
  assertEquals(half.js(), [0x3f80]);
});

Deno.test("bitcastConvertType() names both dtypes where widths differ", () => {
  assertThrows(
    () => ops.bitcastConvertType(array([1]), "float16"),
    ShapeError,
    "Cannot read the bits of f32[1] as float16: needs dtypes of one width",
  );
});

Deno.test("float functions refuse integers, bit operations refuse floats", () => {
  assertThrows(
    () => ops.sin(array([1], "int32")),
    ShapeError,
    "Cannot apply sin to i32[1]: needs a floating-point dtype",
  );
  assertThrows(
    () => ops.and(array([1]), array([1])),
    ShapeError,
    "Cannot apply and to f32[1]: needs integers or bools",
  );
  assertThrows(
    () => ops.integerPow(array([1], "int32"), -1),
    ShapeError,
    "Cannot apply integerPow to i32[1]: needs a floating-point dtype",
  );
  assertThrows(() => ops.integerPow(array([1]), 0.5), RangeError, "power 0.5");
  assertThrows(
    () => ops.pow(array([1]), array([1, 2])),
    ShapeError,
    "Cannot apply pow to f32[1] and f32[2]",
  );
});

Deno.test("elementwise operations take empty and 0-d arrays", () => {
  for (const { op } of Object.values(VALUES)) {
    assertEquals(op(arrayOf([0, 3], [])).shape, [0, 3]);
    assertEquals(op(arrayOf([], [0.5])).shape, []);
  }
  assertEquals(ops.pow(arrayOf([0], []), arrayOf([0], [])).js(), []);
});

/** Operations with points at which they are smooth. */
const SMOOTH: Record<string, readonly [op: Op, ...args: number[][]]> = {
  abs: [ops.abs, [-2, 0.5, 3]],
  sign: [ops.sign, [-2, 0.5, 3]],
  floor: [ops.floor, [-2.5, 0.5, 3.2]],
  ceil: [ops.ceil, [-2.5, 0.5, 3.2]],
  round: [ops.round, [-2.2, 0.7, 3.2]],
  sqrt: [ops.sqrt, [0.5, 2, 9]],
  rsqrt: [ops.rsqrt, [0.5, 2, 9]],
  cbrt: [ops.cbrt, [-8, 0.5, 2]],
  exp: [ops.exp, [-2, 0, 1.5]],
  exp2: [ops.exp2, [-2, 0, 1.5]],
  expm1: [ops.expm1, [-2, 0, 1.5]],
  log: [ops.log, [0.5, 1, 4]],
  log1p: [ops.log1p, [-0.5, 0, 4]],
  sin: [ops.sin, [-2, 0, 1.5]],
  cos: [ops.cos, [-2, 0, 1.5]],
  tan: [ops.tan, [-1, 0, 0.7]],
  asin: [ops.asin, [-0.5, 0, 0.7]],
  acos: [ops.acos, [-0.5, 0, 0.7]],
  atan: [ops.atan, [-2, 0, 1.5]],
  sinh: [ops.sinh, [-2, 0, 1.5]],
  cosh: [ops.cosh, [-2, 0, 1.5]],
  tanh: [ops.tanh, [-2, 0, 1.5]],
  asinh: [ops.asinh, [-2, 0, 1.5]],
  acosh: [ops.acosh, [1.5, 2, 7]],
  atanh: [ops.atanh, [-0.5, 0, 0.7]],
  logistic: [ops.logistic, [-2, 0, 1.5]],
  erf: [ops.erf, [-1, 0, 0.7]],
  erfc: [ops.erfc, [-1, 0, 0.7]],
  erfInv: [ops.erfInv, [-0.5, 0, 0.7]],
  square: [ops.square, [-2, 0, 1.5]],
  cube: [(x) => ops.integerPow(x, 3), [-2, 0, 1.5]],
  reciprocal: [(x) => ops.integerPow(x, -1), [-2, 0.5, 1.5]],
  pow: [ops.pow, [2, 0.5, 3], [3, -1, 0]],
  rem: [ops.rem, [5.5, -7.3, 2.2], [2, 3, -0.7]],
  atan2: [ops.atan2, [1, -2, 0.5], [2, -1, -0.5]],
  logAddExp: [ops.logAddExp, [1, 2, -3], [1, 0.5, 4]],
  clamp: [ops.clamp, [0, 0, 0], [-1, 0.5, 3], [1, 2, 2]],
  convert: [(x) => ops.convertElementType(x, "float64", true), [1, 2, 3]],
};

for (const [name, [op, ...args]] of Object.entries(SMOOTH)) {
  const inputs = args.map((x) => array(x, "float64"));
  Deno.test(`${name}() has the right derivatives`, () =>
    checkGrads(op, inputs));
  Deno.test(`${name}() is the same under jit and vmap`, () => {
    checkJit(op, inputs);
    checkVmap(op, inputs);
  });
}

const INTEGRAL: Record<string, readonly [op: Op, count: number]> = {
  not: [ops.not, 1],
  populationCount: [ops.populationCount, 1],
  and: [ops.and, 2],
  or: [ops.or, 2],
  xor: [ops.xor, 2],
  shiftLeft: [ops.shiftLeft, 2],
  shiftRightLogical: [ops.shiftRightLogical, 2],
  shiftRightArithmetic: [ops.shiftRightArithmetic, 2],
  bitcast: [(x) => ops.bitcastConvertType(x, "uint32"), 1],
};

for (const [name, [op, count]] of Object.entries(INTEGRAL)) {
  Deno.test(`${name}() is the same under jit and vmap`, () => {
    const inputs = [array([-5, 7, 2], "int32"), array([3, 1, 31], "int32")];
    checkJit(op, inputs.slice(0, count));
    checkVmap(op, inputs.slice(0, count));
  });
}

/** The derivative of a function of one number, at one number. */
function slope(op: Op, x: number): number {
  return jvp(op, [array([x], "float64")], [array([1], "float64")])[1].item();
}

Deno.test("derivatives at kinks are those of JAX", () => {
  assertEquals(slope(ops.abs, 0), 0);
  assertEquals(slope(ops.sign, 0), 0);
  assertEquals(slope(ops.sqrt, 0), inf);
  assertEquals(slope(ops.cbrt, 0), inf);
  const one = array([1], "float64");
  const clamped = (x: NDArray) => ops.clamp(array([0], "float64"), x, one);
  assertEquals([-1, 0, 0.5, 1, 2].map((x) => slope(clamped, x)), [
    0,
    0,
    1,
    0,
    0,
  ]);
});

Deno.test("derivatives far out neither overflow nor turn into NaN", () => {
  assertEquals([-1e4, 1e4].map((x) => slope(ops.logistic, x)), [0, 0]);
  assertEquals([-1e4, 1e4].map((x) => slope(ops.tanh, x)), [0, 0]);
  assertEquals([-inf, inf].map((x) => slope(ops.erf, x)), [0, 0]);
});

/** Partial derivatives of `op` at a point: along x, along y, and mixed. */
function partials(op: Op, x: number, y: number) {
  const at = [array(x, "float64"), array(y, "float64")];
  const along = (argnums: number, f: Op) => grad(f, { argnums }) as Op;
  const [dx, dy] = [along(0, op), along(1, op)];
  return [dx, dy, along(1, dx), along(0, dy)].map((f) => f(...at).item());
}

Deno.test("pow() has finite derivatives at zeros, and the right mixed one", () => {
  assertEquals(partials(ops.pow, 4, 0), [0, Math.log(4), 0.25, 0.25]);
  assertEquals(partials(ops.pow, 0, 0).slice(0, 2), [0, 0]);
  assertEquals(partials(ops.pow, 0, 1).slice(0, 2), [1, 0]);
  assertEquals(partials(ops.pow, 0, 2).slice(0, 2), [0, 0]);
  assertEquals(slope((x) => ops.pow(x, array([2], "float64")), -3), -6);
});

Deno.test("logAddExp() has clean derivatives at infinities", () => {
  assertEquals(partials(ops.logAddExp, -inf, 3).slice(0, 2), [0, 1]);
  assertEquals(partials(ops.logAddExp, inf, 3).slice(0, 2), [1, 0]);
  assertEquals(partials(ops.logAddExp, -inf, -inf).slice(0, 2), [0.5, 0.5]);
});

Deno.test("nextafter() says that it has no derivative", () => {
  const x = array([1]);
  assertThrows(
    () => jvp(ops.nextafter, [x, x], [x, x]),
    TypeError,
    "Cannot differentiate nextafter: it has no derivative rule",
  );
});
