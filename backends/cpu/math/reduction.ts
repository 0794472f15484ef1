/**
 * What is left of an angle when the nearest multiple of pi is taken off, with
 * the sign that this multiple gives to the sine.
 *
 * Up to `NEAR` by Cody and Waite's method, with pi as a sum of numbers, of
 * which the first have few bits so that their products are exact; above
 * by Payne and Hanek's, with as many bits of 1 / (2 pi) as the angle needs.
 */

import type { Code } from "../wasm/function.ts";
import {
  f32,
  f32x4,
  f64,
  i32,
  i32x4,
  i64,
  select,
  v128,
} from "../wasm/instructions.ts";
import type { FunctionRef } from "../wasm/module.ts";
import type { F32, I64, Local, V128 } from "../wasm/value.ts";
import { choose, madd, number } from "./vector.ts";

/**
 * pi as a sum; it lacks 5e-20. 12, 8 and 12 bits, and the rest: products of the
 * first three with multiples of 1/2 below 2^11 are exact, and so are the first
 * two differences.
 */
const PI = [
  3.1416015625,
  -8.881092071533203e-6,
  -2.7815985959023237e-8,
  -2.149269260828812e-12,
] as const;

/** The largest angle that the short way is exact enough for. */
const NEAR = 6400;

/** Added to a number below 2^22 it leaves the nearest integer in the low bits. */
const ROUNDER = 1.5 * 2 ** 23;

/** The nearest whole number, and its lowest bit at the sign. */
interface Multiple {
  readonly value: Local<"v128">;
  readonly sign: V128;
}

/** Which multiple of pi is nearest: of pi / 2 more or less, if `quarter`. */
function nearestMultiple(
  code: Code,
  size: Local<"v128">,
  quarter: boolean,
): Multiple {
  const rounder = number(code, ROUNDER);
  const perTurn = number(code, 1 / Math.PI);
  const word = code.let(
    quarter
      ? f32x4.add(madd(size, perTurn, number(code, 0.5)), rounder)
      : madd(size, perTurn, rounder),
  );
  const whole = f32x4.sub(word, rounder);
  return {
    value: code.let(quarter ? f32x4.sub(whole, number(code, 0.5)) : whole),
    sign: i32x4.shl(word, i32.const(31)),
  };
}

/**
 * `r` in `[-pi / 2, pi / 2]` with `sin(r) = sin(size)`, or `cos(size)` if
 * `quarter`. `size` is not negative.
 */
export function reduceAngle(
  code: Code,
  size: Local<"v128">,
  { quarter }: { readonly quarter: boolean },
): Local<"v128"> {
  const { value, sign } = nearestMultiple(code, size, quarter);
  const rest = PI.reduce<V128>(
    (r, c) => madd(value, number(code, -c), r),
    size,
  );
  const angle = code.let(v128.xor(rest, sign));
  whereFar(code, size, (rare, replace) => {
    const far = onLanes(rare, "farAngles", farAngle(rare));
    replace(angle, far.call(size, i32.const(quarter ? 1 : 0)));
  });
  return angle;
}

/**
 * Code for vectors with lanes above `NEAR`, where it may replace values. The
 * other lanes keep theirs: a number's result does not depend on its neighbors.
 */
function whereFar(
  code: Code,
  size: Local<"v128">,
  then: (
    rare: Code,
    replace: (local: Local<"v128">, value: V128) => void,
  ) => void,
): void {
  const isFar = code.let(f32x4.gt(size, number(code, NEAR)));
  code.if(
    v128.any_true(isFar),
    (rare) =>
      then(rare, (local, value) => {
        rare.set(local, choose(isFar, value, local));
      }),
  );
}

/** What is left of an angle when a multiple of pi / 2 is taken off. */
interface QuarterAngle {
  readonly angle: Local<"v128">;
  /** What the angle lost when it was rounded. */
  readonly lost: Local<"v128">;
  /** Where the multiple is odd. */
  readonly odd: Local<"v128">;
}

/** The angle in `[-pi / 4, pi / 4]`, for tangents. `size` is not negative. */
export function reduceToQuarter(
  code: Code,
  size: Local<"v128">,
): QuarterAngle {
  const rounder = number(code, ROUNDER);
  const word = code.let(madd(size, number(code, 2 / Math.PI), rounder));
  const value = code.let(f32x4.sub(word, rounder));
  const [first, second, third, last] = PI.map((c) =>
    f32x4.mul(value, number(code, c / 2))
  ) as [V128, V128, V128, V128];
  const exact = code.let(f32x4.sub(f32x4.sub(size, first), second));
  const less = code.let(third);
  const angle = code.let(f32x4.sub(exact, less));
  const lost = code.let(
    f32x4.sub(f32x4.sub(f32x4.sub(exact, angle), less), last),
  );
  const odd = code.let(lowestBit(word));
  whereFar(code, size, (rare, replace) => {
    const [angles, multiples] = [0, 1].map((part) =>
      onLanes(rare, "farQuarters", farQuarter(rare))
        .call(size, i32.const(part))
    );
    replace(angle, angles!);
    replace(lost, number(rare, 0));
    replace(odd, lowestBit(multiples!));
  });
  return { angle, lost, odd };
}

/** All bits of a lane are its lowest bit. */
function lowestBit(word: V128): V128 {
  return i32x4.shr_s(i32x4.shl(word, i32.const(31)), i32.const(31));
}

type FarFunction = FunctionRef<"f32">;

/** A function of each of four numbers and of one integer. */
function onLanes(
  code: Code,
  name: string,
  one: FarFunction,
): FunctionRef<"v128"> {
  return code.fn.module.once(name, {
    params: ["v128", "i32"],
    result: "v128",
  }, (fn) => {
    const [xs, y] = fn.params as [Local<"v128">, Local<"i32">];
    fn.body.result([0, 1, 2, 3].reduce<V128>((result, lane) => {
      const x = f32x4.extract_lane(xs, lane);
      return f32x4.replace_lane(result, lane, one.call(x, y));
    }, xs));
  });
}

/** The sine's or, if its second argument is 1, the cosine's angle of any number. */
function farAngle(code: Code): FarFunction {
  const turns = turnsOf(code);
  return code.fn.module.once("farAngle", FAR, ({ params, body }) => {
    const [size, quarter] = params as [Local<"f32">, Local<"i32">];
    const shift = i64.shl(i64.extend_i32_u(quarter), i64.const(62n));
    const turned = body.let(i64.add(turns.call(size), shift));
    // As a part of half a turn: the number of half turns gives the sign.
    const angle = body.let(angleOf(turned, 1n));
    const half = i64.add(turned, i64.const(2n ** 62n));
    const odd = i64.shr_u(half, i64.const(63n));
    body.result(
      orNaN(size, select(i64.eqz(odd), angle, f32.neg(angle))),
    );
  });
}

/** The tangent's angle or, if its second argument is 1, the bits of the multiple. */
function farQuarter(code: Code): FarFunction {
  const turns = turnsOf(code);
  return code.fn.module.once("farQuarter", FAR, ({ params, body }) => {
    const [size, part] = params as [Local<"f32">, Local<"i32">];
    const turned = body.let(turns.call(size));
    const eighth = i64.add(turned, i64.const(2n ** 61n));
    const multiple = i32.wrap_i64(i64.shr_u(eighth, i64.const(62n)));
    body.result(select(
      part,
      f32.reinterpret_i32(multiple),
      orNaN(size, angleOf(turned, 2n)),
    ));
  });
}

const FAR = { params: ["f32", "i32"], result: "f32" } as const;

function orNaN(size: F32, angle: F32): F32 {
  return select(f32.lt(size, f32.const(Infinity)), angle, f32.const(NaN));
}

/** The angle of so many 2^-64 of a turn, without whole parts of 2^-shift turns. */
function angleOf(turns: I64, shift: bigint): F32 {
  const part = f64.convert_i64_s(i64.shl(turns, i64.const(shift)));
  const unit = 2 * Math.PI / 2 ** (64 + Number(shift));
  return f32.demote_f64(f64.mul(part, f64.const(unit)));
}

/** 1 / (2 pi) behind the point, after 64 zeros. */
const TURN = [
  0n,
  0x28be60db9391054an,
  0x7f09d5f47d4d3770n,
  0x36d8a5664f10e410n,
  0x7f9458eaf7aef158n,
] as const;

/**
 * A number's turns behind the point, times 2^64. Those of `m 2^e` are the low
 * bits of `m` times the bits of 1 / (2 pi) from the place `e` on: 64 of them,
 * and 32 that carry.
 */
function turnsOf(code: Code): FunctionRef<"i64"> {
  const signature = { params: ["f32"], result: "i64" } as const;
  return code.fn.module.once("turns", signature, ({ params, body }) => {
    const word = body.let(i32.reinterpret_f32(params[0] as Local<"f32">));
    const mantissa = body.let(i64.extend_i32_u(
      i32.or(i32.and(word, i32.const(0x7fffff)), i32.const(0x800000)),
    ));
    const e = i32.sub(i32.shr_u(word, i32.const(23)), i32.const(150));
    const [high, low] = window(body, body.let(i32.add(e, i32.const(64))));
    const carry = i64.shr_u(
      i64.mul(mantissa, i64.shr_u(low, i64.const(32n))),
      i64.const(32n),
    );
    body.result(i64.add(i64.mul(mantissa, high), carry));
  });
}

/** 128 bits of `TURN` from the bit `place` on. */
function window(code: Code, place: Local<"i32">): readonly [I64, I64] {
  const index = code.let(i32.shr_u(place, i32.const(6)));
  const shift = code.let(i64.extend_i32_u(i32.and(place, i32.const(63))));
  const [first, second, third] = [0, 1, 2].map((offset) =>
    code.let(
      [0, 1].reduceRight<I64>(
        (other, i) =>
          select(
            i32.eq(index, i32.const(i)),
            i64.const(TURN[i + offset]!),
            other,
          ),
        i64.const(TURN[2 + offset]!),
      ),
    )
  ) as [Local<"i64">, Local<"i64">, Local<"i64">];
  // By 64 a shift would do nothing: one step is apart.
  const joined = (x: I64, y: I64) =>
    i64.or(
      i64.shl(x, shift),
      i64.shr_u(
        i64.shr_u(y, i64.const(1n)),
        i64.xor(shift, i64.const(63n)),
      ),
    );
  return [joined(first, second), joined(second, third)];
}
