/** What each scalar operation is in WebAssembly, on scalars and on vectors. */

import { type DType, DTYPES, isFloating } from "../../../core/dtype.ts";
import type { Reducer, ScalarOp } from "../../../core/ir/scalar.ts";
import {
  i16x8,
  i32,
  i32x4,
  i8x16,
  select,
  v128,
} from "../wasm/instructions.ts";
import type { I32, V128, Value } from "../wasm/value.ts";
import { arithmeticOf } from "./arithmetic.ts";
import { bitcast, cast } from "./casts.ts";
import { extremum } from "./extremum.ts";
import { fitted, type Operation } from "./operation.ts";
import {
  fromLanes,
  lane,
  maskFor,
  narrowMask,
  scalarConst,
  vectorConst,
} from "./lanes.ts";
import { callMath, type MathOp } from "./math.ts";

type Rule = (o: Operation) => Value;

/** The result of an operation, of the dtype that it is stored as. */
export function operation(o: Operation): Value {
  return RULES[o.op](o);
}

/** An operation as its rounded or wrapped counterpart in float32 or int32. */
const arithmetic = (name: "add" | "sub" | "mul"): Rule => (o) => {
  const [x, y] = o.args;
  if (o.to === "bool") return BOOLEAN[name](o);
  return fitted(o, arithmeticOf(o.to, o.lanes)[name](x!, y!));
};

const comparison =
  (name: "eq" | "ne" | "lt" | "le" | "gt" | "ge"): Rule => (o) => {
    const [x, y] = o.args;
    const result = arithmeticOf(o.from, o.lanes)[name](x!, y!);
    return narrowed(o, result);
  };

/** A comparison's result as a bool. */
function narrowed({ code, lanes, from }: Operation, result: Value): Value {
  return lanes > 1 && from === "float64"
    ? narrowMask(code.let(result as V128))
    : result;
}

const bits = (name: "and" | "or" | "xor"): Rule => ({ lanes, args }) => {
  const [x, y] = args;
  return lanes > 1
    ? v128[name](x as V128, y as V128)
    : i32[name](x as I32, y as I32);
};

const BOOLEAN: Readonly<Record<"add" | "sub" | "mul", Rule>> = {
  add: bits("or"),
  sub: bits("xor"),
  mul: bits("and"),
};

/** An instruction on floats; integers are left as they are. */
const rounding = (name: "floor" | "ceil" | "nearest" | "sqrt"): Rule => (o) =>
  isFloating(o.to)
    ? fitted(o, arithmeticOf(o.to, o.lanes)[name](o.args[0]!))
    : o.args[0]!;

const math = (op: MathOp): Rule => (o) => fitted(o, callMath(op, o));

/** The number in the form of the operation's arguments. */
function constant({ code, lanes }: Operation, value: number, dtype: DType) {
  return lanes > 1
    ? vectorConst(code, value, dtype)
    : scalarConst(value, dtype);
}

/** `mask ? x : y` in the form of the operation's arguments, of dtype `to`. */
function choose(o: Operation, mask: Value, x: Value, y: Value): Value {
  if (o.lanes === 1) return select(mask as I32, x, y);
  return v128.bitselect(x as V128, y as V128, maskFor(o.to, mask as V128));
}

/** Computes an integer operation lane by lane. */
function eachLane(
  o: Operation,
  f: (...args: readonly I32[]) => Value,
): Value {
  const { code, lanes, args, from, to } = o;
  if (lanes === 1) return fitted(o, f(...args as readonly I32[]));
  return fitted(
    o,
    fromLanes(
      code,
      lanes,
      to,
      (i) => f(...args.map((x) => code.let(lane(x as V128, i, from)) as I32)),
    ),
  );
}

/** As XLA: a division by zero gives -1, its remainder the dividend. */
function divideIntegers(o: Operation, isRemainder: boolean): Value {
  const isUnsigned = o.to.startsWith("u") || o.to === "bool";
  const [zero, one, minusOne] = [0, 1, -1].map(i32.const);
  return eachLane(o, (x, y) => {
    const is = (d: I32) => i32.eq(y!, d);
    // The machine traps at a zero and at the one quotient that overflows.
    const isTrap = isUnsigned ? is(zero!) : i32.or(is(zero!), is(minusOne!));
    const safe = select(isTrap, one!, y!);
    const divide = isUnsigned
      ? (isRemainder ? i32.rem_u : i32.div_u)
      : (isRemainder ? i32.rem_s : i32.div_s);
    const usual = divide(x!, safe);
    if (isRemainder) return select(is(zero!), x!, usual);
    const signed = isUnsigned
      ? usual
      : select(is(minusOne!), i32.sub(zero!, x!), usual);
    return select(is(zero!), minusOne!, signed);
  });
}

/** Shifts by `count` bits; `outside` where the count is not below the width. */
function shift(
  o: Operation,
  name: "shl" | "shr_s" | "shr_u",
  outside: "zero" | "sign",
): Value {
  const width = 8 * DTYPES[o.to].bytes;
  const [x] = o.args;
  const count = o.known.at(-1) ?? width;
  const isWithin = count >= 0 && count < width;
  if (o.lanes > 1 && isWithin) {
    return fitted(
      o,
      i32x4[name](widened(o, x!, name) as V128, i32.const(count)),
    );
  }
  const one: Operation = { ...o, lanes: 1 };
  return eachLane(o, (a, b) => {
    const value = o.code.let(widened(one, a!, name) as I32);
    const fits = i32.lt_u(b!, i32.const(width));
    const beyond = outside === "zero"
      ? i32.const(0)
      : i32.shr_s(value, i32.const(31));
    return select(fits, i32[name](value, b!), beyond);
  });
}

/** The bits of `x` as a shift to the right wants to find them above its width. */
function widened(
  o: Operation,
  x: Value,
  name: "shl" | "shr_s" | "shr_u",
): Value {
  const { bytes, kind } = DTYPES[o.to];
  if (bytes === 4 || name === "shl") return x;
  const wanted = name === "shr_s" ? "int" : "uint";
  return kind === wanted
    ? x
    : fitted({ ...o, to: `${wanted}${8 * bytes}` as DType }, x);
}

function absolute(o: Operation): Value {
  const [x] = o.args;
  if (isFloating(o.to)) return arithmeticOf(o.to, o.lanes).abs(x!);
  if (DTYPES[o.to].kind !== "int") return x!;
  if (o.lanes > 1) return fitted(o, i32x4.abs(x as V128));
  const isNegative = i32.lt_s(x as I32, i32.const(0));
  return fitted(
    o,
    select(isNegative, i32.sub(i32.const(0), x as I32), x as I32),
  );
}

function negated(o: Operation): Value {
  const [x] = o.args;
  if (o.to === "bool") return x!;
  if (isFloating(o.to)) return arithmeticOf(o.to, o.lanes).neg(x!);
  return fitted(
    o,
    arithmeticOf(o.to, o.lanes).sub(constant(o, 0, o.to), x!),
  );
}

/** NaN and zeros stay what they are. */
function signOf(o: Operation): Value {
  const [x] = o.args;
  if (o.to === "bool") return x!;
  const a = arithmeticOf(o.to, o.lanes);
  const zero = constant(o, 0, o.to);
  const compare = (name: "gt" | "lt") => narrowed(o, a[name](x!, zero));
  const unsigned = choose(o, compare("gt"), constant(o, 1, o.to), x!);
  if (DTYPES[o.to].kind === "uint") return unsigned;
  return choose(o, compare("lt"), constant(o, -1, o.to), o.code.let(unsigned));
}

function isFiniteNumber(o: Operation): Value {
  if (!isFloating(o.from)) return constant(o, 1, "bool");
  const a = arithmeticOf(o.from, o.lanes);
  const infinity = constant(o, Infinity, o.from);
  return narrowed(o, a.lt(a.abs(o.args[0]!), infinity));
}

function isNotANumber(o: Operation): Value {
  if (!isFloating(o.from)) return constant(o, 0, "bool");
  const [x] = o.args;
  return narrowed(o, arithmeticOf(o.from, o.lanes).ne(x!, x!));
}

function complement(o: Operation): Value {
  const [x] = o.args;
  if (o.lanes > 1) return fitted(o, v128.not(x as V128));
  const mask = i32.const(o.to === "bool" ? 1 : -1);
  return fitted(o, i32.xor(x as I32, mask));
}

function countOnes(o: Operation): Value {
  const unsigned = `uint${8 * DTYPES[o.to].bytes}` as DType;
  const x = o.to === "bool"
    ? o.args[0]!
    : fitted({ ...o, to: unsigned }, o.args[0]!);
  if (o.lanes === 1) return i32.popcnt(x as I32);
  const bytes = i8x16.popcnt(x as V128);
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes));
}

const RULES: Readonly<Record<ScalarOp, Rule>> = {
  add: arithmetic("add"),
  sub: arithmetic("sub"),
  mul: arithmetic("mul"),
  div: (o) =>
    isFloating(o.to)
      ? fitted(o, arithmeticOf(o.to, o.lanes).div(o.args[0]!, o.args[1]!))
      : divideIntegers(o, false),
  rem: (o) => isFloating(o.to) ? math("rem")(o) : divideIntegers(o, true),
  max: (o) => extremum(o, "max"),
  min: (o) => extremum(o, "min"),
  neg: negated,
  abs: absolute,
  sign: signOf,
  floor: rounding("floor"),
  ceil: rounding("ceil"),
  round: rounding("nearest"),
  sqrt: rounding("sqrt"),
  not: complement,
  isFinite: isFiniteNumber,
  isNan: isNotANumber,
  populationCount: countOnes,
  and: bits("and"),
  or: bits("or"),
  xor: bits("xor"),
  shiftLeft: (o) => shift(o, "shl", "zero"),
  shiftRightLogical: (o) => shift(o, "shr_u", "zero"),
  shiftRightArithmetic: (o) => shift(o, "shr_s", "sign"),
  eq: comparison("eq"),
  ne: comparison("ne"),
  lt: comparison("lt"),
  le: comparison("le"),
  gt: comparison("gt"),
  ge: comparison("ge"),
  select: (o) => choose(o, o.args[0]!, o.args[1]!, o.args[2]!),
  cast: (o) => cast(o),
  bitcast: (o) => bitcast(o),
  rsqrt: math("rsqrt"),
  cbrt: math("cbrt"),
  exp: math("exp"),
  exp2: math("exp2"),
  expm1: math("expm1"),
  log: math("log"),
  log1p: math("log1p"),
  logistic: math("logistic"),
  sin: math("sin"),
  cos: math("cos"),
  tan: math("tan"),
  asin: math("asin"),
  acos: math("acos"),
  atan: math("atan"),
  sinh: math("sinh"),
  cosh: math("cosh"),
  tanh: math("tanh"),
  asinh: math("asinh"),
  acosh: math("acosh"),
  atanh: math("atanh"),
  erf: math("erf"),
  erfc: math("erfc"),
  erfInv: math("erfInv"),
  pow: math("pow"),
  atan2: math("atan2"),
  nextafter: math("nextafter"),
  logAddExp: math("logAddExp"),
};

/** How a reducer combines two values. */
export function combine(
  reducer: Reducer,
  dtype: DType,
  given: Pick<Operation, "code" | "lanes">,
  args: readonly [Value, Value],
): Value {
  return operation({
    ...given,
    op: reducer,
    args,
    from: dtype,
    to: dtype,
    known: [null, null],
  });
}
