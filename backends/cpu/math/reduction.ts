/**
 * What is left of an angle when the nearest multiple of pi is taken off, with
 * the sign that this multiple gives to the sine.
 *
 * Up to `NEAR` by Cody and Waite's method, with pi as a sum of numbers, of
 * which the first have few bits so that their products are exact; above
 * by Payne and Hanek's, with as many bits of 1 / (2 pi) as the angle needs.
 */

import type { Code, FunctionBuilder } from "../wasm/function.ts";
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
import type { F32, I32, I64, Local, V128 } from "../wasm/value.ts";
import { number } from "./vector.ts";

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
  const turns = f32x4.mul(size, number(code, 1 / Math.PI));
  const shift = quarter ? f32x4.add(turns, number(code, 0.5)) : turns;
  const word = code.let(f32x4.add(shift, rounder));
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
    (r, c) => f32x4.sub(r, f32x4.mul(value, number(code, c))),
    size,
  );
  const angle = code.let(v128.xor(rest, sign));
  code.if(v128.any_true(f32x4.gt(size, number(code, NEAR))), (rare) => {
    const far = farAngles(rare);
    rare.set(angle, far.call(size, i32.const(quarter ? 1 : 0)));
  });
  return angle;
}

/** The same for four numbers of any size, in a function of the module. */
function farAngles(code: Code): FunctionRef<"v128"> {
  const one = farAngle(code);
  return code.fn.module.once("farAngles", {
    params: ["v128", "i32"],
    result: "v128",
  }, (fn) => {
    const [sizes, quarter] = fn.params as [Local<"v128">, Local<"i32">];
    const angles = [0, 1, 2, 3].reduce<V128>((result, lane) => {
      const size = f32x4.extract_lane(sizes, lane);
      return f32x4.replace_lane(result, lane, one.call(size, quarter));
    }, sizes);
    fn.body.result(angles);
  });
}

/** 1 / (2 pi) behind the point, after 64 zeros. */
const TURN = [
  0n,
  0x28be60db9391054an,
  0x7f09d5f47d4d3770n,
  0x36d8a5664f10e410n,
  0x7f9458eaf7aef158n,
] as const;

function farAngle(code: Code): FunctionRef<"f32"> {
  return code.fn.module.once("farAngle", {
    params: ["f32", "i32"],
    result: "f32",
  }, (fn) => {
    const [size, quarter] = fn.params as [Local<"f32">, Local<"i32">];
    writeFarAngle(fn, size, quarter);
  });
}

/**
 * The turns of `m 2^e`, behind the point, are the low bits of `m` times the
 * bits of 1 / (2 pi) from the place `e` on: 64 of them, and 32 that carry.
 */
function writeFarAngle(
  { body }: FunctionBuilder,
  size: Local<"f32">,
  quarter: I32,
): void {
  const word = body.let(i32.reinterpret_f32(size));
  const mantissa = body.let(i64.extend_i32_u(
    i32.or(i32.and(word, i32.const(0x7fffff)), i32.const(0x800000)),
  ));
  const e = i32.sub(i32.shr_u(word, i32.const(23)), i32.const(150));
  const place = body.let(i32.add(e, i32.const(64)));
  const [high, low] = window(body, place);
  const carry = i64.shr_u(
    i64.mul(mantissa, i64.shr_u(low, i64.const(32n))),
    i64.const(32n),
  );
  const shift = i64.shl(i64.extend_i32_u(quarter), i64.const(62n));
  const turns = body.let(
    i64.add(i64.add(i64.mul(mantissa, high), carry), shift),
  );
  const angle = body.let(angleOf(turns));
  const finite = f32.lt(size, f32.const(Infinity));
  body.result(select(finite, angle, f32.const(NaN)));
}

/** The angle of sine of so many 2^-64 of a turn. */
function angleOf(turns: Local<"i64">): F32 {
  // As a part of half a turn: the number of half turns gives the sign.
  const rest = f64.convert_i64_s(i64.shl(turns, i64.const(1n)));
  const angle = f64.mul(rest, f64.const(Math.PI * 2 ** -64));
  const odd = i64.shr_u(
    i64.add(turns, i64.const(2n ** 62n)),
    i64.const(63n),
  );
  return f32.demote_f64(
    select(i64.eqz(odd), angle, f64.neg(angle)),
  );
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
