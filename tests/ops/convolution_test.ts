import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { convGeneralDilated } from "../../core/ops/convolution.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { transpose } from "../../core/ops/layout.ts";
import { jit } from "../../transforms/jit.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

/** A convolution over one axis. */
interface Case {
  readonly lhs: readonly [n: number, c: number, extent: number];
  readonly rhs: readonly [o: number, i: number, size: number];
  readonly stride: number;
  readonly padding: readonly [number, number];
  readonly holes: readonly [lhs: number, rhs: number];
  readonly features: number;
  readonly batches: number;
}

/** Small cases, some of whose results are empty. */
const anyCase: fc.Arbitrary<Case> = fc.record({
  n: fc.integer({ min: 1, max: 2 }),
  i: fc.integer({ min: 1, max: 2 }),
  o: fc.integer({ min: 1, max: 2 }),
  extent: fc.integer({ min: 1, max: 6 }),
  size: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  padding: fc.tuple(
    fc.integer({ min: -1, max: 2 }),
    fc.integer({ min: -1, max: 2 }),
  ),
  holes: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
  ),
  groups: fc.constantFrom([1, 1], [2, 1], [1, 2]),
}).map(({ n, i, o, extent, size, groups: [features, batches], ...rest }) => ({
  lhs: [n * batches!, i * features!, extent],
  rhs: [o * features! * batches!, i, size],
  features: features!,
  batches: batches!,
  ...rest,
}));

function convolve(x: NDArray, y: NDArray, c: Case): NDArray {
  return convGeneralDilated(x, y, {
    windowStrides: [c.stride],
    padding: [c.padding],
    lhsDilation: [c.holes[0]],
    rhsDilation: [c.holes[1]],
    featureGroupCount: c.features,
    batchGroupCount: c.batches,
  });
}

/** The definition, as loops. */
function naive(x: NDArray, y: NDArray, c: Case): NDArray {
  const [[n, channels, extent], [o, i, size]] = [c.lhs, c.rhs];
  const [left, right] = [x.dataSync(), y.dataSync()];
  const whole = 1 + (extent - 1) * c.holes[0] + c.padding[0] + c.padding[1];
  const span = 1 + (size - 1) * c.holes[1];
  const count = Math.max(0, Math.floor((whole - span) / c.stride) + 1);
  const shape = [n / c.batches, o, count] as const;
  const values = [];
  for (let b = 0; b < shape[0]; b++) {
    for (let out = 0; out < o; out++) {
      for (let place = 0; place < count; place++) {
        const row = b + Math.floor(out / (o / c.batches)) * shape[0];
        const first = Math.floor(out / (o / c.features)) * i;
        let total = 0;
        for (let channel = 0; channel < i; channel++) {
          for (let tap = 0; tap < size; tap++) {
            const at = place * c.stride + tap * c.holes[1] - c.padding[0];
            const element = at / c.holes[0];
            if (!Number.isInteger(element)) continue;
            if (element < 0 || element >= extent) continue;
            total += Number(
              left[(row * channels + first + channel) * extent + element],
            ) * Number(right[(out * i + channel) * size + tap]);
          }
        }
        values.push(total);
      }
    }
  }
  return arrayOf(shape, values, "float64");
}

Deno.test("convGeneralDilated() equals its definition", () => {
  fc.assert(
    fc.property(anyCase, (c) => {
      const [x, y] = [ramp(c.lhs), ramp(c.rhs)];
      assertClose(convolve(x, y, c), naive(x, y, c), { tolerance: 1e-12 });
    }),
    { numRuns: 150 },
  );
});

Deno.test("convGeneralDilated() has the derivatives of its definition", () => {
  fc.assert(
    fc.property(anyCase, (c) => {
      checkGrads((x, y) => convolve(x, y, c), [ramp(c.lhs), ramp(c.rhs)]);
    }),
    { numRuns: 25 },
  );
});

Deno.test("convGeneralDilated() under vmap is the stack of convolutions", () => {
  fc.assert(
    fc.property(anyCase, (c) => {
      checkVmap((x, y) => convolve(x, y, c), [
        ramp([2, ...c.lhs]),
        ramp([2, ...c.rhs]),
      ]);
    }),
    { numRuns: 25 },
  );
});

Deno.test("convGeneralDilated() of an image", () => {
  const image = array([[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]]]);
  const kernel = array([[[[1, 0], [0, -1]]]]);
  const out = convGeneralDilated(image, kernel, {
    windowStrides: [1, 1],
    padding: [[0, 0], [0, 1]],
  });
  assertClose(out, [[[[-4, -4, 3], [-4, -4, 6]]]]);
});

Deno.test("convGeneralDilated() in the layout NHWC, HWIO", () => {
  const [x, y] = [ramp([2, 3, 5, 4]), ramp([6, 3, 2, 3])];
  const options = {
    windowStrides: [1, 2],
    padding: [[1, 1], [0, 2]] as const,
  };
  const last = convGeneralDilated(
    transpose(x, [0, 2, 3, 1]),
    transpose(y, [2, 3, 1, 0]),
    {
      ...options,
      dimensionNumbers: {
        lhsSpec: [0, 3, 1, 2],
        rhsSpec: [3, 2, 0, 1],
        outSpec: [0, 3, 1, 2],
      },
    },
  );
  const first = convGeneralDilated(x, y, options);
  assertClose(last, transpose(first, [0, 2, 3, 1]), { tolerance: 1e-12 });
});

Deno.test("convGeneralDilated() without spatial axes is a matrix product", () => {
  const none = { windowStrides: [], padding: [] };
  const out = convGeneralDilated(
    array([[1, 2]]),
    array([[3, 4], [5, 6]]),
    none,
  );
  assertClose(out, [[11, 17]]);
});

Deno.test("convGeneralDilated() over no channels gives zeros", () => {
  const [x, y] = [arrayOf([1, 0, 3], []), arrayOf([2, 0, 2], [])];
  const out = convGeneralDilated(x, y, {
    windowStrides: [1],
    padding: [[0, 0]],
  });
  assertClose(out, [[[0, 0], [0, 0]]]);
});

Deno.test("convGeneralDilated() pads computed operands with zeros", () => {
  const f = (x: NDArray) =>
    convGeneralDilated(
      add(x, fullLike(x, 1)),
      array([[[1, 1]]], "float64"),
      { windowStrides: [1], padding: [[1, 0]] },
    );
  const x = array([[[1, 2]]], "float64");
  assertClose(jit(f)(x), [[[2, 5]]]);
  assertEquals(jit(f).lower(x).toString().match(/ nest /g), null);
});

Deno.test("convGeneralDilated() rejects operands that do not fit", () => {
  const options = { windowStrides: [1], padding: [[0, 0]] as const };
  assertThrows(
    () => convGeneralDilated(ramp([1, 3, 4]), ramp([2, 2, 2]), options),
    ShapeError,
    "Cannot convolve f64[1,3,4] (NC...) with f64[2,2,2] (OI...)",
  );
});

Deno.test("convGeneralDilated() and what follows are one contract kernel", () => {
  const f = (x: NDArray, y: NDArray) =>
    sin(convGeneralDilated(x, y, {
      windowStrides: [2, 2],
      padding: [[1, 1], [1, 1]],
    }));
  const args = [ramp([2, 3, 6, 6]), ramp([4, 3, 3, 3])] as const;
  const text = jit(f).lower(...args).toString();
  assertEquals(text.match(/ contract /g)?.length, 1);
  assertEquals(text.match(/ nest /g), null);
  checkJit(f, args);
  checkGrads((x, y) => mul(f(x, y), f(x, y)), args, { order: 1 });
});
