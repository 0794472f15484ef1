import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  bfloat16Bits,
  bfloat16FromBits,
  roundBfloat16,
} from "../../core/bfloat16.ts";
import { castValue, wrapInteger } from "../../core/casting.ts";
import {
  type DType,
  DTYPES,
  isFloating,
  isInteger,
  isSigned,
} from "../../core/dtype.ts";
import { ShapeError } from "../../core/errors.ts";
import { finfo, iinfo } from "../../core/limits.ts";
import { promote, type Typed } from "../../core/promotion.ts";
import {
  allocate,
  dtypeOf,
  readValue,
  storageOf,
  writeValue,
} from "../../core/storage.ts";

const ALL = Object.keys(DTYPES) as DType[];
const FLOATS = ALL.filter(isFloating);
const INTEGERS = ALL.filter(isInteger);
const double = fc.double();

function strong(dtype: DType): Typed {
  return { dtype, weakType: false };
}

function weak(dtype: DType): Typed {
  return { dtype, weakType: true };
}

Deno.test("isFloating(), isInteger() and isSigned() part the dtypes", () => {
  assertEquals(FLOATS, ["bfloat16", "float16", "float32", "float64"]);
  assertEquals(INTEGERS, [
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int16",
    "int32",
  ]);
  assertEquals(
    ALL.filter((d) => !isSigned(d)),
    ["bool", "uint8", "uint16", "uint32"],
  );
});

// The table of https://docs.jax.dev/en/latest/type_promotion.html, with int64
// read as int32: what JAX does while 64-bit types are disabled.
const JOINS: Record<string, DType> = {
  "uint8 uint16": "uint16",
  "uint8 uint32": "uint32",
  "uint8 int8": "int16",
  "uint8 int16": "int16",
  "uint8 int32": "int32",
  "uint16 uint32": "uint32",
  "uint16 int8": "int32",
  "uint16 int16": "int32",
  "uint16 int32": "int32",
  "uint32 int8": "int32",
  "uint32 int16": "int32",
  "uint32 int32": "int32",
  "int8 int16": "int16",
  "int8 int32": "int32",
  "int16 int32": "int32",
  "bfloat16 float16": "float32",
  "bfloat16 float32": "float32",
  "bfloat16 float64": "float64",
  "float16 float32": "float32",
  "float16 float64": "float64",
  "float32 float64": "float64",
};

Deno.test("promote() joins strong dtypes as JAX does", () => {
  for (const [pair, joined] of Object.entries(JOINS)) {
    const [a, b] = pair.split(" ") as [DType, DType];
    assertEquals(promote(strong(a), strong(b)), strong(joined), pair);
    assertEquals(promote(weak(a), weak(b)), weak(joined), pair);
  }
  for (const d of ALL) {
    assertEquals(promote(strong("bool"), strong(d)), strong(d));
    for (const f of isFloating(d) ? [] : FLOATS) {
      assertEquals(promote(strong(d), strong(f)), strong(f));
    }
  }
});

Deno.test("promote() lets a weak value yield to a dtype of its kind", () => {
  for (const d of INTEGERS) {
    assertEquals(promote(strong(d), weak("int32")), strong(d));
    assertEquals(promote(strong(d), weak("float32")), weak("float32"));
  }
  for (const d of FLOATS) {
    assertEquals(promote(strong(d), weak("int32")), strong(d));
    assertEquals(promote(strong(d), weak("float32")), strong(d));
    assertEquals(promote(strong(d), weak("float64")), strong(d));
  }
  assertEquals(promote(strong("bool"), weak("int32")), weak("int32"));
  assertEquals(promote(strong("bool"), weak("float32")), weak("float32"));
  assertEquals(promote(weak("int32"), weak("float32")), weak("float32"));
  assertEquals(promote(weak("bool"), weak("bool")), strong("bool"));
});

Deno.test("promote() is commutative, and idempotent on strong types", () => {
  const types = ALL.flatMap((d) => [strong(d), weak(d)]);
  for (const a of types) {
    for (const b of types) assertEquals(promote(a, b), promote(b, a));
  }
  for (const d of ALL) assertEquals(promote(strong(d), strong(d)), strong(d));
});

Deno.test("storage of every dtype holds what was written", () => {
  for (const dtype of ALL) {
    const storage = allocate(dtype, 3);
    writeValue(storage, dtype, 1, 1);
    const read = [0, 1, 2].map((i) => readValue(storage, dtype, i));
    assertEquals(read, [0, 1, 0], dtype);
    assertEquals(storage.byteLength, 3 * DTYPES[dtype].bytes);
    const view = storageOf(dtype, storage.buffer, DTYPES[dtype].bytes, 1);
    assertEquals(readValue(view, dtype, 0), 1);
  }
  assertEquals(allocate("float32", 0).length, 0);
  assertThrows(() => storageOf("int32", new ArrayBuffer(8), 2), RangeError);
});

Deno.test("dtypeOf() names the dtype of typed arrays, or says what to do", () => {
  for (const d of ALL) {
    if (d === "bool" || d === "bfloat16") continue;
    assertEquals(dtypeOf(allocate(d, 0)), d);
  }
  assertEquals(dtypeOf(new Uint8ClampedArray()), "uint8");
  assertEquals(dtypeOf(new (class Bytes extends Uint8Array {})()), "uint8");
  assertThrows(
    () => dtypeOf(new BigInt64Array()),
    ShapeError,
    "Cannot make an array from a BigInt64Array",
  );
  assertThrows(() => dtypeOf(new DataView(new ArrayBuffer(1))), ShapeError);
});

Deno.test("castValue() to integers truncates, saturates, and gives 0 for NaN", () => {
  for (const d of INTEGERS) {
    const { min, max } = iinfo(d);
    assertEquals(castValue(Infinity, d), max);
    assertEquals(castValue(-Infinity, d), min);
    assertEquals(castValue(1e300, d), max);
    assertEquals(castValue(NaN, d), 0);
    assertEquals(castValue(2.9, d), 2);
    assertEquals(castValue(-0.9, d), 0); // and not -0
    assertEquals(castValue(max + 0.5, d), max);
  }
  assertEquals(castValue(-2.9, "int8"), -2);
});

Deno.test("castValue() to bool and floats", () => {
  assertEquals([0, -0, 0.1, NaN].map((v) => castValue(v, "bool")), [
    0,
    0,
    1,
    1,
  ]);
  assertEquals(castValue(65519.99, "float16"), 65504);
  assertEquals(castValue(65520, "float16"), Infinity);
  assertEquals(castValue(2049, "float16"), 2048); // a tie, to even
  assertEquals(castValue(2051, "float16"), 2052);
  assertEquals(castValue(2 ** -25, "float16"), 0);
  // One rounding only: by way of float32 this would be the tie 2049.
  assertEquals(castValue(2049 + 2 ** -20, "float16"), 2050);
  assertEquals(castValue(0.1, "float32"), Math.fround(0.1));
  assertEquals(castValue(0.1, "float64"), 0.1);
  for (const d of FLOATS) {
    assertEquals(castValue(-0, d), -0);
    assertEquals(castValue(NaN, d), NaN);
  }
});

Deno.test("wrapInteger() is arithmetic modulo 2^bits", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), (v) => {
    for (const d of INTEGERS) {
      const wrap = isSigned(d) ? BigInt.asIntN : BigInt.asUintN;
      assertEquals(wrapInteger(v, d), Number(wrap(iinfo(d).bits, BigInt(v))));
    }
  }));
  assertEquals(wrapInteger(-1, "uint32"), 4294967295);
  assertEquals(wrapInteger(256, "bool"), 1);
  assertEquals(wrapInteger(257, "bfloat16"), 256);
});

/**
 * Nearest bfloat16 by search: compares exact distances to two neighbors, in
 * units of 2^-1074.
 */
function nearestBfloat16(v: number): number {
  const scaled = exact(v);
  // Bits of the largest bfloat16 up to |v|; that of infinity counts as 2^128.
  let [low, high] = [0, 0x7f80];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (exact(bfloat16FromBits(middle)) <= scaled) low = middle;
    else high = middle - 1;
  }
  if (low === 0x7f80) return Infinity;
  const below = scaled - exact(bfloat16FromBits(low));
  const above = exact(bfloat16FromBits(low + 1)) - scaled;
  const up = above < below || (above === below && low % 2 === 1);
  return bfloat16FromBits(low + (up ? 1 : 0));
}

/** `v >= 0` in units of 2^-1074, with 2^128 for infinity. */
function exact(v: number): bigint {
  if (v === Infinity) return 1n << BigInt(128 + 1074);
  const [bits] = new BigUint64Array(new Float64Array([v]).buffer);
  const exponent = bits! >> 52n;
  const fraction = bits! & ((1n << 52n) - 1n);
  return exponent === 0n ? fraction : (fraction | 1n << 52n) << (exponent - 1n);
}

Deno.test("roundBfloat16() is the nearest bfloat16, ties to even", () => {
  const check = (v: number) => {
    assertEquals(roundBfloat16(v), nearestBfloat16(v), String(v));
    assertEquals(roundBfloat16(-v), -nearestBfloat16(v), String(-v));
  };
  fc.assert(fc.property(fc.double({ min: 0, noNaN: true }), check));
  fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), check));
  // Ties, and what lies a hair beside them.
  const bits = fc.integer({ min: 0, max: 0x7f7e });
  fc.assert(
    fc.property(bits, (low) => {
      const tie = (bfloat16FromBits(low) + bfloat16FromBits(low + 1)) / 2;
      for (const v of [tie, tie * (1 - 2 ** -52), tie * (1 + 2 ** -52)]) {
        check(v);
      }
    }),
    { numRuns: 500 },
  );
  const { max } = finfo("bfloat16");
  for (const v of [max, max * (1 + 2 ** -9), max * (1 + 2 ** -10), 1e300]) {
    check(v);
  }
});

Deno.test("bfloat16 bits survive the way through a number", () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = bfloat16FromBits(bits);
    if (Number.isNaN(value)) assertEquals(bfloat16Bits(value), 0x7fc0);
    else assertEquals(bfloat16Bits(value), bits);
  }
});

Deno.test("castValue() is idempotent", () => {
  fc.assert(fc.property(double, fc.constantFrom(...ALL), (v, d) => {
    assertEquals(castValue(castValue(v, d), d), castValue(v, d));
  }));
});

Deno.test("finfo() agrees with NumPy and with the arithmetic", () => {
  assertEquals(finfo("float32"), {
    bits: 32,
    eps: 1.1920928955078125e-07,
    tiny: 1.1754943508222875e-38,
    smallestSubnormal: 1.401298464324817e-45,
    max: 3.4028234663852886e+38,
    min: -3.4028234663852886e+38,
  });
  assertEquals(finfo("float64").tiny, 2.2250738585072014e-308);
  assertEquals(finfo("float64").max, Number.MAX_VALUE);
  assertEquals(finfo("float64").smallestSubnormal, Number.MIN_VALUE);
  assertEquals(finfo("float16").tiny, 6.103515625e-05);
  assertEquals(finfo("bfloat16").max, bfloat16FromBits(0x7f7f));
  for (const d of FLOATS) {
    const { eps, smallestSubnormal } = finfo(d);
    assertEquals(castValue(1 + eps, d), 1 + eps);
    assertEquals(castValue(1 + eps / 2, d), 1);
    assertEquals(castValue(smallestSubnormal, d), smallestSubnormal);
    assertEquals(castValue(smallestSubnormal / 2, d), 0);
  }
});

Deno.test("finfo() and iinfo() refuse each other's dtypes", () => {
  assertEquals(iinfo("uint32").max, 4294967295);
  assertEquals(iinfo("int32").min, -2147483648);
  assertThrows(() => finfo("int8"), ShapeError, "limits of int8");
  assertThrows(() => iinfo("float32"), ShapeError, "Use finfo()");
  assertThrows(() => iinfo("bool"), ShapeError);
});
