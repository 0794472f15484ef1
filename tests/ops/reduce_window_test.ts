import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import {
  reduceWindowMax,
  reduceWindowMin,
  reduceWindowSum,
  type WindowOptions,
} from "../../core/ops/reduce_window.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

/** Windows of two by two, side by side. */
const pool: WindowOptions = {
  windowDimensions: [2, 2],
  windowStrides: [2, 2],
  padding: [[0, 0], [0, 0]],
};
const image = array([[1, 2, 0, 0], [4, 3, 0, -1]], "float64");

Deno.test("reduceWindow functions combine each window", () => {
  assertClose(reduceWindowSum(image, pool), [[10, -1]]);
  assertClose(reduceWindowMax(image, pool), [[4, 0]]);
  assertClose(reduceWindowMin(image, pool), [[1, -1]]);
});

Deno.test("reduceWindow functions ignore padding", () => {
  const padded = { ...pool, padding: [[1, 1], [0, 0]] } as const;
  assertClose(reduceWindowMax(array([[-1, -2], [-3, -4]]), padded), [[-1], [
    -3,
  ]]);
  const ints = array([[-1, -2], [-3, -4]], "int8");
  assertClose(reduceWindowMin(ints, padded), [[-2], [-4]]);
});

Deno.test("reduceWindow functions over nothing give what changes no result", () => {
  const outside = {
    windowDimensions: [1],
    windowStrides: [1],
    padding: [[1, 0]],
  } as const;
  const empty = arrayOf([0], [], "float64");
  assertClose(reduceWindowMax(empty, outside), [-Infinity]);
  assertClose(reduceWindowSum(empty, outside), [0]);
  const f = (x: NDArray) => sum(reduceWindowMax(x, outside), [0]);
  assertClose(grad(f)(empty) as NDArray, []);
  assertClose(grad(f)(array([1, 2])) as NDArray, [1, 1]);
});

Deno.test("reduceWindowMax() of a 0-d array is that array", () => {
  const none = { windowDimensions: [], windowStrides: [], padding: [] };
  assertEquals(reduceWindowMax(arrayOf([], [3]), none).item(), 3);
});

Deno.test("reduceWindowMax() gives NaN, and its derivative to the first NaN", () => {
  const x = array([[1, NaN], [NaN, 2]]);
  assertClose(reduceWindowMax(x, pool), [[NaN]]);
  const f = (x: NDArray) => sum(reduceWindowMax(x, pool), [0, 1]);
  assertClose(grad(f)(x) as NDArray, [[0, 1], [0, 0]]);
});

Deno.test("reduceWindowMax() gives the derivative to the first of equal elements", () => {
  const f = (x: NDArray) => sum(reduceWindowMax(x, pool), [0, 1]);
  assertClose(grad(f)(image) as NDArray, [[0, 0, 1, 0], [1, 0, 0, 0]]);
});

Deno.test("reduceWindow functions reject axes without a window", () => {
  const one = { windowDimensions: [2], windowStrides: [1], padding: [[0, 0]] };
  assertThrows(
    () => reduceWindowSum(image, one as unknown as WindowOptions),
    ShapeError,
    "Cannot reduce windows [2] of f64[2,4] by strides [1]: needs",
  );
});

Deno.test("the derivative of reduceWindowMax() is one scatter", () => {
  const f = (x: NDArray) => sum(reduceWindowMax(x, pool), [0, 1]);
  const text = jit(grad(f)).lower(image).toString();
  assertEquals(text.match(/ scatter /g)?.length, 1);
});

/** Windows over two axes, some of which cover nothing. */
const anyWindows: fc.Arbitrary<WindowOptions> = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 3 }),
    stride: fc.integer({ min: 1, max: 3 }),
    padding: fc.tuple(
      fc.integer({ min: -1, max: 2 }),
      fc.integer({ min: -1, max: 2 }),
    ),
    base: fc.integer({ min: 1, max: 2 }),
    dilation: fc.integer({ min: 1, max: 2 }),
  }),
  { minLength: 2, maxLength: 2 },
).map((axes) => ({
  windowDimensions: axes.map((a) => a.size),
  windowStrides: axes.map((a) => a.stride),
  padding: axes.map((a) => a.padding),
  baseDilation: axes.map((a) => a.base),
  windowDilation: axes.map((a) => a.dilation),
}));

/** The definition over one axis. */
function naiveSum(x: NDArray, w: WindowOptions): NDArray {
  const [size, stride] = [w.windowDimensions[1]!, w.windowStrides[1]!];
  const [lo, hi] = w.padding[1]!;
  const [base, dilation] = [w.baseDilation![1]!, w.windowDilation![1]!];
  const values = Array.from(x.dataSync(), Number);
  const whole = lo + hi + 1 + (values.length - 1) * base;
  const span = 1 + (size - 1) * dilation;
  const count = Math.max(0, Math.floor((whole - span) / stride) + 1);
  const sums = Array.from({ length: count }, (_, place) => {
    let total = 0;
    for (let tap = 0; tap < size; tap++) {
      total += values[(place * stride + tap * dilation - lo) / base] ?? 0;
    }
    return total;
  });
  return arrayOf([count], sums, "float64");
}

Deno.test("reduceWindowSum() equals its definition", () => {
  fc.assert(fc.property(anyWindows, (windows) => {
    const x = ramp([5]);
    const one: WindowOptions = {
      windowDimensions: [windows.windowDimensions[1]!],
      windowStrides: [windows.windowStrides[1]!],
      padding: [windows.padding[1]!],
      baseDilation: [windows.baseDilation![1]!],
      windowDilation: [windows.windowDilation![1]!],
    };
    assertClose(reduceWindowSum(x, one), naiveSum(x, windows));
  }));
});

const FAMILY = { reduceWindowSum, reduceWindowMax, reduceWindowMin };

for (const [name, reduce] of Object.entries(FAMILY)) {
  Deno.test(`${name}() obeys the laws`, () => {
    fc.assert(
      fc.property(anyWindows, (windows) => {
        const f = (x: NDArray) => reduce(sin(x), windows);
        checkJit(f, [ramp([4, 5])]);
        checkVmap(f, [ramp([2, 4, 5])]);
      }),
      { numRuns: 20 },
    );
  });

  Deno.test(`${name}() has right derivatives`, () => {
    const overlapping: WindowOptions = {
      windowDimensions: [3, 3],
      windowStrides: [2, 1],
      padding: [[1, 1], [0, 1]],
      windowDilation: [2, 1],
      baseDilation: [1, 2],
    };
    for (const windows of [pool, overlapping]) {
      checkGrads((x) => reduce(sin(x), windows), [ramp([4, 5])]);
      checkGrads((x) => jit((x: NDArray) => reduce(sin(x), windows))(x), [
        ramp([4, 5]),
      ], { order: 1 });
    }
  });
}
