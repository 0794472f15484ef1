/** Conversions between dtypes: by value and by bits. */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import { INTEGER_LIMITS } from "../../../core/limits.ts";
import type { IntegerDType } from "../../../core/dtype.ts";
import {
  f32,
  f32x4,
  f64,
  f64x2,
  i32,
  i32x4,
  select,
  v128,
} from "../wasm/instructions.ts";
import type { F32, F64, I32, V128, Value } from "../wasm/value.ts";
import { arithmeticOf } from "./arithmetic.ts";
import { valueOfBfloat16, valueOfFloat16 } from "./half.ts";
import {
  bits16,
  lane,
  narrowMask,
  scalarConst,
  splat,
  vectorConst,
} from "./lanes.ts";
import { fitted, type Operation } from "./operation.ts";
import { roundedToOdd, shortened } from "./shortened.ts";

/** A value as another dtype; see `castValue` for what each pair means. */
export function cast(o: Operation): Value {
  const [x] = o.args;
  const { from, to } = o;
  if (from === to) return x!;
  if (to === "bool") return truth(o);
  if (isFloating(from)) {
    return isFloating(to)
      ? fitted(o, betweenFloats(o, x!))
      : truncated(o, x!, to as IntegerDType);
  }
  const number = from === "bool" ? numberOfBool(o, x!) : x!;
  return fitted(o, isFloating(to) ? floatOfInteger(o, number) : number);
}

function truth({ code, lanes, args, from }: Operation): Value {
  const [x] = args;
  const zero = lanes > 1 ? vectorConst(code, 0, from) : scalarConst(0, from);
  const result = arithmeticOf(from, lanes).ne(x!, zero);
  return lanes > 1 && from === "float64"
    ? narrowMask(code.let(result as V128))
    : result;
}

/** 0 or 1; as a scalar a bool is that already. */
function numberOfBool({ code, lanes }: Operation, x: Value): Value {
  return lanes > 1 ? v128.and(x as V128, vectorConst(code, 1, "int32")) : x;
}

function betweenFloats(o: Operation, x: Value): Value {
  const { lanes, from, to } = o;
  if (from === "float64") {
    if (isHalf(to)) return roundedToOdd(o, x);
    return lanes > 1
      ? f32x4.demote_f64x2_zero(x as V128)
      : f32.demote_f64(x as F64);
  }
  if (to !== "float64") return x;
  return lanes > 1
    ? f64x2.promote_low_f32x4(x as V128)
    : f64.promote_f32(x as F32);
}

/** The nearest bfloat16 has 8 digits; up to 24 are those of a float32. */
function bfloat16OfInteger(o: Operation, given: Value): Value {
  const { code, lanes } = o;
  const x = code.let(given);
  const wide = { ...o, to: "float32" as const };
  const exact = code.let(floatOfInteger(wide, x));
  const short = code.let(floatOfInteger(wide, code.let(shortened(o, x))));
  const { abs, lt } = arithmeticOf("float32", lanes);
  const limit = 2 ** 24;
  if (lanes === 1) {
    return select(lt(abs(exact), f32.const(limit)) as I32, exact, short);
  }
  const mask = lt(abs(exact), vectorConst(code, limit, "float32")) as V128;
  return v128.bitselect(exact as V128, short as V128, mask);
}

function floatOfInteger(o: Operation, x: Value): Value {
  const { lanes, from, to } = o;
  if (to === "bfloat16" && DTYPES[from].bytes === 4) {
    return bfloat16OfInteger(o, x);
  }
  const isUnsigned = from === "uint32";
  if (to === "float64") {
    if (lanes > 1) {
      return isUnsigned
        ? f64x2.convert_low_i32x4_u(x as V128)
        : f64x2.convert_low_i32x4_s(x as V128);
    }
    return isUnsigned
      ? f64.convert_i32_u(x as I32)
      : f64.convert_i32_s(x as I32);
  }
  if (lanes > 1) {
    return isUnsigned
      ? f32x4.convert_i32x4_u(x as V128)
      : f32x4.convert_i32x4_s(x as V128);
  }
  return isUnsigned ? f32.convert_i32_u(x as I32) : f32.convert_i32_s(x as I32);
}

/** Toward zero, to the nearest that the dtype holds; NaN gives 0. */
function truncated(o: Operation, x: Value, to: IntegerDType): Value {
  const whole = to === "uint32" ? unsignedOf(o, x) : signedOf(o, x);
  if (DTYPES[to].bytes === 4) return whole;
  const { min, max } = INTEGER_LIMITS[to];
  const { code, lanes } = o;
  const limit = (n: number) =>
    lanes > 1 ? vectorConst(code, n, "int32") : scalarConst(n, "int32");
  const { max: larger, min: smaller } = arithmeticOf("int32", lanes);
  const raised = code.let(larger(code.let(whole), limit(min)));
  return smaller(raised, limit(max));
}

function signedOf({ lanes, from }: Operation, x: Value): Value {
  if (from === "float64") {
    return lanes > 1
      ? i32x4.trunc_sat_f64x2_s_zero(x as V128)
      : i32.trunc_sat_f64_s(x as F64);
  }
  return lanes > 1
    ? i32x4.trunc_sat_f32x4_s(x as V128)
    : i32.trunc_sat_f32_s(x as F32);
}

function unsignedOf({ lanes, from }: Operation, x: Value): Value {
  if (from === "float64") {
    return lanes > 1
      ? i32x4.trunc_sat_f64x2_u_zero(x as V128)
      : i32.trunc_sat_f64_u(x as F64);
  }
  return lanes > 1
    ? i32x4.trunc_sat_f32x4_u(x as V128)
    : i32.trunc_sat_f32_u(x as F32);
}

/** The same bits as another dtype of the same width. */
export function bitcast(o: Operation): Value {
  const { code, lanes, from, to, args } = o;
  const x = args[0]!;
  if (lanes === 1 && isFloating(from) !== isFloating(to)) {
    if (DTYPES[from].bytes === 4) {
      return isFloating(from)
        ? i32.reinterpret_f32(x as F32)
        : f32.reinterpret_i32(x as I32);
    }
    const wide = { ...o, lanes: 4 as const };
    const vector = code.let(splat(x, from));
    return lane(code.let(bitcast({ ...wide, args: [vector] })) as V128, 0, to);
  }
  if (isHalf(from) && isHalf(to) && from !== to) {
    const bits: DType = "uint16";
    const y = code.let(bitcast({ ...o, to: bits }));
    return bitcast({ ...o, from: bits, to, args: [y] });
  }
  if (isHalf(from) && !isHalf(to)) {
    return fitted(o, bits16(code, from, x as V128));
  }
  if (isHalf(to) && !isHalf(from)) {
    const word = vectorConst(code, 0xffff, "int32");
    const bits = code.let(v128.and(x as V128, word));
    return to === "bfloat16"
      ? valueOfBfloat16(bits)
      : valueOfFloat16(code, bits);
  }
  return fitted(o, x);
}

function isHalf(dtype: DType): dtype is "float16" | "bfloat16" {
  return dtype === "float16" || dtype === "bfloat16";
}
