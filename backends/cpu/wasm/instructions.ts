/**
 * The instructions of WebAssembly that code generation uses, as functions from
 * expressions to expressions, under the names of the specification.
 *
 * Source of the codes: WebAssembly specification 3.0, "Binary Format", with
 * the proposals for SIMD and relaxed SIMD that it includes.
 */

import type { Bytes } from "./bytes.ts";
import {
  Effect,
  type F32,
  type F64,
  type I32,
  type I64,
  type V128,
  Value,
  type ValueType,
} from "./value.ts";

type Types<T> = { readonly [K in keyof T]: Value<T[K] & ValueType> };
type Instruction<R extends ValueType, A extends readonly ValueType[]> = (
  ...args: Types<A>
) => Value<R>;

const SIMD = 0xfd;

/** For the bits of numbers. */
const FLOAT = new DataView(new ArrayBuffer(8));

function opcode(to: Bytes, code: number, prefix?: number): void {
  if (prefix === undefined) to.byte(code);
  else to.byte(prefix).unsigned(code);
}

/** Pushes its arguments, then does one thing. */
function make<R extends ValueType, A extends readonly ValueType[]>(
  result: R,
  code: number,
  prefix?: number,
): Instruction<R, A> {
  return (...args) =>
    new Value(result, (to) => {
      for (let i = 0; i < args.length; i++) args[i]!.write(to);
      opcode(to, code, prefix);
    });
}

const un = <T extends ValueType>(type: T, code: number) =>
  make<T, [T]>(type, code);
const bin = <T extends ValueType>(type: T, code: number) =>
  make<T, [T, T]>(type, code);
const test = <T extends ValueType>(_: T, code: number) =>
  make<"i32", [T, T]>("i32", code);
const vun = (code: number) => make<"v128", ["v128"]>("v128", code, SIMD);
const vbin = (code: number) =>
  make<"v128", ["v128", "v128"]>("v128", code, SIMD);
const vtri = (code: number) =>
  make<"v128", ["v128", "v128", "v128"]>("v128", code, SIMD);
const vshift = (code: number) =>
  make<"v128", ["v128", "i32"]>("v128", code, SIMD);
const vtest = (code: number) => make<"i32", ["v128"]>("i32", code, SIMD);
const splat = <T extends ValueType>(_: T, code: number) =>
  make<"v128", [T]>("v128", code, SIMD);

/** Natural alignment is only a hint: 0 promises nothing and costs nothing. */
const ALIGNMENT = 0;

const load =
  <T extends ValueType>(type: T, code: number, prefix?: number) =>
  (address: I32, offset = 0): Value<T> =>
    new Value(type, (to) => {
      address.write(to);
      opcode(to, code, prefix);
      to.byte(ALIGNMENT).unsigned(offset);
    });

const store =
  <T extends ValueType>(_: T, code: number, prefix?: number) =>
  (address: I32, value: Value<T>, offset = 0): Effect =>
    new Effect((to) => {
      address.write(to);
      value.write(to);
      opcode(to, code, prefix);
      to.byte(ALIGNMENT).unsigned(offset);
    });

const vload = (code: number) => load("v128", code, SIMD);

const storeLane =
  (code: number) =>
  (address: I32, vector: V128, lane: number, offset = 0): Effect =>
    new Effect((to) => {
      address.write(to);
      vector.write(to);
      to.byte(SIMD).unsigned(code).byte(ALIGNMENT).unsigned(offset).byte(lane);
    });

const extract =
  <T extends ValueType>(type: T, code: number) =>
  (vector: V128, lane: number): Value<T> =>
    new Value(type, (to) => {
      vector.write(to);
      to.byte(SIMD).unsigned(code).byte(lane);
    });

const replace =
  <T extends ValueType>(_: T, code: number) =>
  (vector: V128, lane: number, value: Value<T>): V128 =>
    new Value("v128", (to) => {
      vector.write(to);
      value.write(to);
      to.byte(SIMD).unsigned(code).byte(lane);
    });

/** `condition ? x : y`; both are computed. */
export function select<T extends ValueType>(
  condition: I32,
  x: Value<T>,
  y: Value<T>,
): Value<T> {
  return new Value(x.type, (to) => {
    x.write(to);
    y.write(to);
    condition.write(to);
    if (x.type === "v128") to.byte(0x1c).byte(1).byte(0x7b);
    else to.byte(0x1b);
  });
}

export const i32 = {
  const: (value: number): I32 =>
    new Value("i32", (to) => void to.byte(0x41).signed(value | 0)),
  load: load("i32", 0x28),
  load8_s: load("i32", 0x2c),
  load8_u: load("i32", 0x2d),
  load16_s: load("i32", 0x2e),
  load16_u: load("i32", 0x2f),
  store: store("i32", 0x36),
  store8: store("i32", 0x3a),
  store16: store("i32", 0x3b),
  eqz: make<"i32", ["i32"]>("i32", 0x45),
  eq: test("i32", 0x46),
  ne: test("i32", 0x47),
  lt_s: test("i32", 0x48),
  lt_u: test("i32", 0x49),
  gt_s: test("i32", 0x4a),
  gt_u: test("i32", 0x4b),
  le_s: test("i32", 0x4c),
  le_u: test("i32", 0x4d),
  ge_s: test("i32", 0x4e),
  ge_u: test("i32", 0x4f),
  popcnt: un("i32", 0x69),
  add: bin("i32", 0x6a),
  sub: bin("i32", 0x6b),
  mul: bin("i32", 0x6c),
  div_s: bin("i32", 0x6d),
  div_u: bin("i32", 0x6e),
  rem_s: bin("i32", 0x6f),
  rem_u: bin("i32", 0x70),
  and: bin("i32", 0x71),
  or: bin("i32", 0x72),
  xor: bin("i32", 0x73),
  shl: bin("i32", 0x74),
  shr_s: bin("i32", 0x75),
  shr_u: bin("i32", 0x76),
  wrap_i64: make<"i32", ["i64"]>("i32", 0xa7),
  trunc_sat_f32_s: make<"i32", ["f32"]>("i32", 0, 0xfc),
  trunc_sat_f32_u: make<"i32", ["f32"]>("i32", 1, 0xfc),
  trunc_sat_f64_s: make<"i32", ["f64"]>("i32", 2, 0xfc),
  trunc_sat_f64_u: make<"i32", ["f64"]>("i32", 3, 0xfc),
  reinterpret_f32: make<"i32", ["f32"]>("i32", 0xbc),
};

export const i64 = {
  const: (value: bigint): I64 =>
    new Value("i64", (to) => void to.byte(0x42).signed(value)),
  load: load("i64", 0x29),
  store: store("i64", 0x37),
  eqz: make<"i32", ["i64"]>("i32", 0x50),
  add: bin("i64", 0x7c),
  sub: bin("i64", 0x7d),
  mul: bin("i64", 0x7e),
  and: bin("i64", 0x83),
  or: bin("i64", 0x84),
  xor: bin("i64", 0x85),
  shl: bin("i64", 0x86),
  shr_s: bin("i64", 0x87),
  shr_u: bin("i64", 0x88),
  clz: un("i64", 0x79),
  extend_i32_u: make<"i64", ["i32"]>("i64", 0xad),
  reinterpret_f64: make<"i64", ["f64"]>("i64", 0xbd),
};

export const f32 = {
  const: (value: number): F32 =>
    new Value("f32", (to) => void to.byte(0x43).float32(value)),
  load: load("f32", 0x2a),
  store: store("f32", 0x38),
  eq: test("f32", 0x5b),
  ne: test("f32", 0x5c),
  lt: test("f32", 0x5d),
  gt: test("f32", 0x5e),
  le: test("f32", 0x5f),
  ge: test("f32", 0x60),
  abs: un("f32", 0x8b),
  neg: un("f32", 0x8c),
  ceil: un("f32", 0x8d),
  floor: un("f32", 0x8e),
  nearest: un("f32", 0x90),
  sqrt: un("f32", 0x91),
  add: bin("f32", 0x92),
  sub: bin("f32", 0x93),
  mul: bin("f32", 0x94),
  div: bin("f32", 0x95),
  min: bin("f32", 0x96),
  max: bin("f32", 0x97),
  convert_i32_s: make<"f32", ["i32"]>("f32", 0xb2),
  convert_i32_u: make<"f32", ["i32"]>("f32", 0xb3),
  demote_f64: make<"f32", ["f64"]>("f32", 0xb6),
  reinterpret_i32: make<"f32", ["i32"]>("f32", 0xbe),
};

export const f64 = {
  const: (value: number): F64 =>
    new Value("f64", (to) => void to.byte(0x44).float64(value)),
  load: load("f64", 0x2b),
  store: store("f64", 0x39),
  eq: test("f64", 0x61),
  ne: test("f64", 0x62),
  lt: test("f64", 0x63),
  gt: test("f64", 0x64),
  le: test("f64", 0x65),
  ge: test("f64", 0x66),
  abs: un("f64", 0x99),
  neg: un("f64", 0x9a),
  ceil: un("f64", 0x9b),
  floor: un("f64", 0x9c),
  trunc: un("f64", 0x9d),
  nearest: un("f64", 0x9e),
  sqrt: un("f64", 0x9f),
  add: bin("f64", 0xa0),
  sub: bin("f64", 0xa1),
  mul: bin("f64", 0xa2),
  div: bin("f64", 0xa3),
  min: bin("f64", 0xa4),
  max: bin("f64", 0xa5),
  copysign: bin("f64", 0xa6),
  convert_i32_s: make<"f64", ["i32"]>("f64", 0xb7),
  convert_i32_u: make<"f64", ["i32"]>("f64", 0xb8),
  convert_i64_s: make<"f64", ["i64"]>("f64", 0xb9),
  promote_f32: make<"f64", ["f32"]>("f64", 0xbb),
  reinterpret_i64: make<"f64", ["i64"]>("f64", 0xbf),
};

export const v128 = {
  /** Four 32-bit words, the lowest first. */
  const: (words: ArrayLike<number>): V128 =>
    new Value("v128", (to) => {
      to.byte(SIMD).unsigned(0x0c);
      for (let i = 0; i < 4; i++) to.word(words[i]!);
    }),
  load: vload(0x00),
  load32_splat: vload(0x09),
  load64_splat: vload(0x0a),
  load32_zero: vload(0x5c),
  load64_zero: vload(0x5d),
  store: store("v128", 0x0b, SIMD),
  store16_lane: storeLane(0x59),
  store32_lane: storeLane(0x5a),
  store64_lane: storeLane(0x5b),
  not: vun(0x4d),
  and: vbin(0x4e),
  /** `x & ~y` */
  andnot: vbin(0x4f),
  or: vbin(0x50),
  xor: vbin(0x51),
  /** `(x & mask) | (y & ~mask)`, called with `(x, y, mask)`. */
  bitselect: vtri(0x52),
  any_true: vtest(0x53),
};

export const i8x16 = {
  /** Bytes of `x` (0 to 15) and `y` (16 to 31). */
  shuffle: (x: V128, y: V128, lanes: readonly number[]): V128 =>
    new Value("v128", (to) => {
      x.write(to);
      y.write(to);
      to.byte(SIMD).unsigned(0x0d).raw(lanes);
    }),
  popcnt: vun(0x62),
  narrow_i16x8_s: vbin(0x65),
  narrow_i16x8_u: vbin(0x66),
};

export const i16x8 = {
  narrow_i32x4_s: vbin(0x85),
  narrow_i32x4_u: vbin(0x86),
  extend_low_i8x16_s: vun(0x87),
  extend_low_i8x16_u: vun(0x89),
  extadd_pairwise_i8x16_u: vun(0x7d),
};

export const i32x4 = {
  splat: splat("i32", 0x11),
  extract_lane: extract("i32", 0x1b),
  replace_lane: replace("i32", 0x1c),
  eq: vbin(0x37),
  ne: vbin(0x38),
  lt_s: vbin(0x39),
  lt_u: vbin(0x3a),
  gt_s: vbin(0x3b),
  gt_u: vbin(0x3c),
  le_s: vbin(0x3d),
  le_u: vbin(0x3e),
  ge_s: vbin(0x3f),
  ge_u: vbin(0x40),
  extadd_pairwise_i16x8_u: vun(0x7f),
  abs: vun(0xa0),
  neg: vun(0xa1),
  extend_low_i16x8_s: vun(0xa7),
  extend_low_i16x8_u: vun(0xa9),
  shl: vshift(0xab),
  shr_s: vshift(0xac),
  shr_u: vshift(0xad),
  add: vbin(0xae),
  sub: vbin(0xb1),
  mul: vbin(0xb5),
  min_s: vbin(0xb6),
  min_u: vbin(0xb7),
  max_s: vbin(0xb8),
  max_u: vbin(0xb9),
  trunc_sat_f32x4_s: vun(0xf8),
  trunc_sat_f32x4_u: vun(0xf9),
  trunc_sat_f64x2_s_zero: vun(0xfc),
  trunc_sat_f64x2_u_zero: vun(0xfd),
};

export const i64x2 = {
  extend_low_i32x4_s: vun(0xc7),
  shl: vshift(0xcb),
  shr_u: vshift(0xcd),
  add: vbin(0xce),
  sub: vbin(0xd1),
};

export const f32x4 = {
  /** One number in all lanes. */
  const: (value: number): V128 => {
    FLOAT.setFloat32(0, value);
    const bits = FLOAT.getInt32(0);
    return v128.const([bits, bits, bits, bits]);
  },
  splat: splat("f32", 0x13),
  extract_lane: extract("f32", 0x1f),
  replace_lane: replace("f32", 0x20),
  eq: vbin(0x41),
  ne: vbin(0x42),
  lt: vbin(0x43),
  gt: vbin(0x44),
  le: vbin(0x45),
  ge: vbin(0x46),
  ceil: vun(0x67),
  floor: vun(0x68),
  trunc: vun(0x69),
  nearest: vun(0x6a),
  abs: vun(0xe0),
  neg: vun(0xe1),
  sqrt: vun(0xe3),
  add: vbin(0xe4),
  sub: vbin(0xe5),
  mul: vbin(0xe6),
  div: vbin(0xe7),
  min: vbin(0xe8),
  max: vbin(0xe9),
  /** `y < x ? y : x`: one instruction, and `x` where one is NaN. */
  pmin: vbin(0xea),
  /** `x < y ? y : x`: one instruction, and `x` where one is NaN. */
  pmax: vbin(0xeb),
  convert_i32x4_s: vun(0xfa),
  convert_i32x4_u: vun(0xfb),
  demote_f64x2_zero: vun(0x5e),
  /** `x * y + z`, rounded once or twice as the machine does faster. */
  relaxed_madd: vtri(0x105),
};

export const f64x2 = {
  /** One number in both lanes. */
  const: (value: number): V128 => {
    FLOAT.setFloat64(0, value, true);
    const [low, high] = [FLOAT.getInt32(0, true), FLOAT.getInt32(4, true)];
    return v128.const([low, high, low, high]);
  },
  splat: splat("f64", 0x14),
  extract_lane: extract("f64", 0x21),
  replace_lane: replace("f64", 0x22),
  eq: vbin(0x47),
  ne: vbin(0x48),
  lt: vbin(0x49),
  gt: vbin(0x4a),
  le: vbin(0x4b),
  ge: vbin(0x4c),
  ceil: vun(0x74),
  floor: vun(0x75),
  trunc: vun(0x7a),
  nearest: vun(0x94),
  abs: vun(0xec),
  neg: vun(0xed),
  sqrt: vun(0xef),
  add: vbin(0xf0),
  sub: vbin(0xf1),
  mul: vbin(0xf2),
  div: vbin(0xf3),
  min: vbin(0xf4),
  max: vbin(0xf5),
  pmin: vbin(0xf6),
  pmax: vbin(0xf7),
  convert_low_i32x4_s: vun(0xfe),
  convert_low_i32x4_u: vun(0xff),
  promote_low_f32x4: vun(0x5f),
  /** `x * y + z`, rounded once or twice as the machine does faster. */
  relaxed_madd: vtri(0x107),
};

/** Sets `count` bytes. */
export function memoryFill(to: I32, value: I32, count: I32): Effect {
  return new Effect((bytes) => {
    for (const x of [to, value, count]) x.write(bytes);
    bytes.byte(0xfc).unsigned(11).byte(0);
  });
}

export type { F32, F64, I32, I64, V128 };
