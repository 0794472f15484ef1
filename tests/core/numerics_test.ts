import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bfloat16Bits, bfloat16FromBits } from "../../core/bfloat16.ts";
import { castValue } from "../../core/casting.ts";
import { erf, erfc, erfInv } from "../../core/error_function.ts";
import { ShapeError } from "../../core/errors.ts";
import { finfo } from "../../core/limits.ts";
import {
  logAddExp,
  logistic,
  nextafter,
  populationCount,
  pow,
  roundHalfEven,
} from "../../core/numerics.ts";

// Reference values: mpmath with 50 digits, rounded to float64.
const ERF = [
  [5e-324, 5e-324],
  [1e-310, 1.1283791670955e-310],
  [1e-300, 1.1283791670955126e-300],
  [1e-09, 1.1283791670955127e-09],
  [0.1, 0.1124629160182849],
  [0.5, 0.5204998778130465],
  [0.84, 0.7651427114549945],
  [0.84375, 0.7672256612323416],
  [1.0, 0.8427007929497149],
  [1.25, 0.9229001282564583],
  [2.0, 0.9953222650189527],
  [2.857142857142857, 0.9999466876886117],
  [3.5, 0.9999992569016276],
  [5.9, 0.9999999999999999],
  [6.0, 1.0],
] as const;
const ERFC = [
  [-6.0, 2.0],
  [-2.0, 1.9953222650189528],
  [-1.0, 1.8427007929497148],
  [-0.5, 1.5204998778130465],
  [1e-20, 1.0],
  [0.2, 0.7772974107895215],
  [0.25, 0.7236736098317631],
  [0.6, 0.3961439091520741],
  [0.84375, 0.23277433876765838],
  [1.1, 0.11979493042591827],
  [1.25, 0.07709987174354177],
  [2.5, 0.0004069520174449589],
  [2.86, 5.24011730443978e-05],
  [5.0, 1.537459794428035e-12],
  [10.0, 2.088487583762545e-45],
  [20.0, 5.395865611607901e-176],
  [26.0, 5.663192408856143e-296],
  [27.0, 5.23705e-319],
] as const;
const ERF_INV = [
  [5e-324, 5e-324],
  [1e-300, 8.86226925452758e-301],
  [1e-09, 8.86226925452758e-10],
  [0.1, 0.08885599049425769],
  [0.4999, 0.4768250236254278],
  [0.5, 0.4769362762044699],
  [0.55, 0.5341590877497024],
  [0.9, 1.1630871536766743],
  [0.999, 2.3267537655135246],
  [0.9999990463256836, 3.465505025803331],
  [0.9999999999990905, 5.05125408524939],
  [0.9999999999999999, 5.8635847487551676],
] as const;
const LOGISTIC = [
  [-740.0, 4.2e-322],
  [-100.0, 3.720075976020836e-44],
  [-12.5, 3.7266392841865614e-06],
  [-1.0, 0.2689414213699951],
  [-1e-10, 0.499999999975],
  [0.5, 0.6224593312018546],
  [3.0, 0.9525741268224333],
  [30.0, 0.9999999999999064],
] as const;

/** How many float64 lie between `a` and `b`. */
function ulps(a: number, b: number): number {
  const [x, y] = new BigInt64Array(new Float64Array([a, b]).buffer);
  const order = (bits: bigint) =>
    bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
  return Math.abs(Number(order(x!) - order(y!)));
}

function assertWithin(
  limit: number,
  f: (x: number) => number,
  table: readonly (readonly [x: number, y: number])[],
) {
  for (const [x, y] of table) {
    const error = ulps(f(x), y);
    assert(
      error <= limit,
      `${f.name}(${x}) = ${f(x)} is ${error} ulp off ${y}`,
    );
  }
}

Deno.test("erf() is within 1 ulp, odd, and right at the ends", () => {
  assertWithin(1, erf, ERF);
  assertWithin(1, erf, ERF.map(([x, y]) => [-x, -y]));
  assertEquals([0, -0, 28, Infinity, -Infinity].map(erf), [0, -0, 1, 1, -1]);
  assertEquals(erf(NaN), NaN);
});

Deno.test("erfc() is within 2 ulp, and right at the ends", () => {
  assertWithin(2, erfc, ERFC);
  const ends = [0, -0, 28, 1e300, Infinity, -Infinity];
  assertEquals(ends.map(erfc), [1, 1, 0, 0, 0, 2]);
  assert(erfc(27.2) > 0); // subnormal
  assertEquals(erfc(NaN), NaN);
});

Deno.test("erf() and erfc() add up to 1", () => {
  fc.assert(fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (x) => {
    assert(Math.abs(erf(x) + erfc(x) - 1) <= 2 ** -52);
  }));
});

Deno.test("erfInv() is within 2 ulp, odd, and right at the ends", () => {
  assertWithin(2, erfInv, ERF_INV);
  assertWithin(2, erfInv, ERF_INV.map(([x, y]) => [-x, -y]));
  assertEquals([0, -0, 1, -1].map(erfInv), [0, -0, Infinity, -Infinity]);
  assertEquals(
    [1 + 2 ** -52, -2, Infinity, NaN].map(erfInv),
    Array(4).fill(NaN),
  );
});

Deno.test("logistic() is within 2 ulp, and right at the ends", () => {
  assertWithin(2, logistic, LOGISTIC);
  assertEquals([0, Infinity, -Infinity].map(logistic), [0.5, 1, 0]);
  assertEquals(logistic(NaN), NaN);
});

Deno.test("logAddExp() with large, infinite and missing arguments", () => {
  assertEquals(logAddExp(0, 0), Math.LN2);
  assertEquals(logAddExp(-1000, -1000), -1000 + Math.LN2);
  assertEquals(logAddExp(1000, 0), 1000);
  assertEquals(logAddExp(0, -40), Math.exp(-40)); // log1p keeps it
  assertEquals(logAddExp(Infinity, Infinity), Infinity);
  assertEquals(logAddExp(Infinity, -Infinity), Infinity);
  assertEquals(logAddExp(-Infinity, -Infinity), -Infinity);
  assertEquals(logAddExp(-Infinity, 3), 3);
  assertEquals(logAddExp(NaN, 0), NaN);
  assertEquals(logAddExp(Infinity, NaN), NaN);
});

Deno.test("pow() is that of IEEE 754", () => {
  for (const y of [NaN, Infinity, -Infinity, 0, 0.5]) {
    assertEquals(pow(1, y), 1);
  }
  assertEquals([pow(-1, Infinity), pow(-1, -Infinity)], [1, 1]);
  for (const x of [NaN, 0, -0, Infinity]) assertEquals(pow(x, 0), 1);
  assertEquals([pow(-1, NaN), pow(NaN, 1), pow(-8, 1 / 3)], [NaN, NaN, NaN]);
  assertEquals([pow(-Infinity, 3), pow(-Infinity, 2)], [-Infinity, Infinity]);
  assertEquals([pow(-Infinity, -3), pow(-0, -1)], [-0, -Infinity]);
  assertEquals([pow(-0, 3), pow(-2, 3), pow(2, -1074)], [-0, -8, 5e-324]);
});

Deno.test("roundHalfEven() rounds ties to even and keeps the sign of 0", () => {
  const halves = [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5];
  assertEquals(halves.map(roundHalfEven), [-4, -2, -2, -0, 0, 2, 2, 4]);
  const others = [0, -0, -0.2, 0.49999999999999994, 2 ** 52 + 1, 1e300];
  assertEquals(others.map(roundHalfEven), [0, -0, -0, 0, 2 ** 52 + 1, 1e300]);
  assertEquals(
    [NaN, Infinity, -Infinity].map(roundHalfEven),
    [NaN, Infinity, -Infinity],
  );
});

Deno.test("roundHalfEven() agrees with the addition of 2^52", () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, max: 2 ** 51, min: -(2 ** 51) }),
      (x) => {
        const magic = x < 0 ? -(2 ** 52) : 2 ** 52;
        assertEquals(roundHalfEven(x) + 0, x + magic - magic + 0);
      },
    ),
  );
});

Deno.test("nextafter() of bfloat16 is the next bit pattern", () => {
  for (let bits = 0; bits < 0x7f80; bits++) {
    const [x, above] = [bfloat16FromBits(bits), bfloat16FromBits(bits + 1)];
    assertEquals(nextafter(x, Infinity, "bfloat16"), above);
    assertEquals(bfloat16Bits(nextafter(above, 0, "bfloat16")), bits);
    assertEquals(nextafter(-x, -Infinity, "bfloat16"), -above);
  }
});

Deno.test("nextafter() of float64, float32 and float16 is the next bits", () => {
  const VIEWS = {
    float64: [Float64Array, BigInt64Array],
    float32: [Float32Array, Int32Array],
    float16: [Float16Array, Int16Array],
  } as const;
  for (const dtype of ["float64", "float32", "float16"] as const) {
    const [Floats, Bits] = VIEWS[dtype];
    fc.assert(fc.property(fc.double({ min: 0, noNaN: true }), (v) => {
      const x = castValue(v, dtype);
      if (x === Infinity) return;
      const above = nextafter(x, Infinity, dtype);
      const [low, high] = new Bits(new Floats([x, above]).buffer);
      assertEquals(BigInt(high!) - BigInt(low!), 1n);
      assertEquals(nextafter(above, -1, dtype), x);
      assertEquals(nextafter(-above, 0, dtype), -x);
    }));
  }
});

Deno.test("nextafter() at zeros, infinities, NaN", () => {
  for (const dtype of ["float64", "float32", "float16", "bfloat16"] as const) {
    const { max, smallestSubnormal: tiny } = finfo(dtype);
    assertEquals(nextafter(0, -1, dtype), -tiny);
    assertEquals(nextafter(-0, 1, dtype), tiny);
    assertEquals(nextafter(-tiny, 1, dtype), -0);
    assertEquals(nextafter(0, -0, dtype), -0);
    assertEquals(nextafter(max, Infinity, dtype), Infinity);
    assertEquals(nextafter(Infinity, 0, dtype), max);
    assertEquals(nextafter(-Infinity, 0, dtype), -max);
    assertEquals(nextafter(Infinity, Infinity, dtype), Infinity);
    assertEquals(nextafter(1, NaN, dtype), NaN);
  }
  assertThrows(() => nextafter(1, 2, "int32"), ShapeError);
});

Deno.test("populationCount() counts the digits 1", () => {
  assertEquals(populationCount(0xffffffff), 32);
  fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), (x) => {
    assertEquals(populationCount(x), x.toString(2).replaceAll("0", "").length);
  }));
});
