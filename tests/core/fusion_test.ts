import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { NDArray } from "../../core/array.ts";
import { arrayFromStorage } from "../../core/concrete_array.ts";
import { runJaxpr } from "../../core/dispatch.ts";
import { checkJaxpr, evalJaxpr, type Jaxpr } from "../../core/jaxpr.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { exp } from "../../core/ops/exponential.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { transpose } from "../../core/ops/layout.ts";
import { stage } from "../../core/staging.ts";
import { assertClose } from "../_util/assert_close.ts";
import { addsInOrder, eachBackend } from "../_util/each_backend.ts";
import { randomJaxpr, type RandomJaxprOptions } from "../_util/random_jaxpr.ts";
import { isTame } from "../_util/tame.ts";

function array(...shape: number[]): NDArray {
  const size = shape.reduce((x, y) => x * y, 1);
  const data = Float64Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  return arrayFromStorage(data, shape, "float64");
}

/** One Program gives what Programs of single equations give. */
function assertFusionSame(
  jaxpr: Jaxpr,
  args: readonly NDArray[],
  tolerance: number,
): void {
  checkJaxpr(jaxpr);
  const together = runJaxpr(jaxpr, args);
  const alone = evalJaxpr(jaxpr, args);
  together.forEach((x, i) => {
    assertEquals(x.aval, alone[i]!.aval);
    assertClose(x, alone[i]!, { tolerance });
  });
}

/** Up to rounding where the order of additions depends on the Program. */
const toleranceOf = (device: string) => addsInOrder(device) ? 0 : 1e-9;

function assertSame(
  device: string,
  f: (...xs: NDArray[]) => readonly NDArray[],
  ...args: NDArray[]
): void {
  const { jaxpr } = stage(f, args.map((x) => x.aval), "f");
  assertFusionSame(jaxpr, args, toleranceOf(device));
}

/** Where rounding may differ, it must not decide what happens. */
function checkRandom(
  device: string,
  options: RandomJaxprOptions,
  numRuns: number,
): void {
  const tolerance = options.exact ? 0 : toleranceOf(device);
  const smooth = tolerance > 0;
  fc.assert(
    fc.property(randomJaxpr({ ...options, smooth }), ({ jaxpr, args }) => {
      if (smooth && !isTame(jaxpr, args)) return;
      assertFusionSame(jaxpr, args, tolerance);
    }),
    { numRuns },
  );
}

eachBackend(
  "a Program computes what its equations compute one by one",
  (device) => checkRandom(device, {}, 200),
);

eachBackend(
  "a Program of sums without rounding is exact",
  (device) => checkRandom(device, { exact: true }, 150),
);

eachBackend(
  "long programs too",
  (device) => checkRandom(device, { length: 40 }, 20),
);

eachBackend(
  "a contraction without rows or columns has an epilogue",
  (device) =>
    assertSame(device, (x) => [
      sin(dotGeneral(x, x, { contract: [[0], [0]], batch: [[1], [1]] })),
    ], array(3, 3)),
);

eachBackend("contractions and sums over no elements are zero", (device) => {
  const pairs = { contract: [[1], [1]], batch: [[], []] } as const;
  const x = array(2, 0);
  assertEquals(dotGeneral(x, x, pairs).js(), [[0, 0], [0, 0]]);
  assertEquals(sum(x, [1]).js(), [0, 0]);
  assertSame(
    device,
    (x) => [exp(dotGeneral(x, x, pairs)), sum(exp(x), [0, 1])],
    x,
  );
});

eachBackend(
  "a contraction of a repeated operand keeps the loops of both",
  (device) => {
    const pairs = { contract: [[1], [0]], batch: [[], []] } as const;
    assertSame(
      device,
      (x, y) => {
        const product = dotGeneral(broadcastInDim(x, [4, 3], [1]), y, pairs);
        return [product, sin(product)];
      },
      array(3),
      array(3, 2),
    );
  },
);

eachBackend(
  "sums along both axes of a square do not mix their loops",
  (device) => {
    const rows = (x: NDArray) => broadcastInDim(sum(x, [1]), x.shape, [0]);
    const columns = (x: NDArray) => broadcastInDim(sum(x, [0]), x.shape, [1]);
    assertSame(device, (x) => {
      const y = mul(exp(x), rows(exp(x)));
      const z = mul(y, columns(y));
      return [y, z, transpose(mul(z, columns(transpose(z, [1, 0]))), [1, 0])];
    }, array(4, 4));
  },
);

eachBackend(
  "a product of one element spreads over more elements than it",
  (device) =>
    assertSame(device, (x) => {
      const square = dotGeneral(x, x, {
        contract: [[0], [0]],
        batch: [[], []],
      });
      return [
        broadcastInDim(square, [3], []),
        broadcastInDim(square, [2, 3], []),
      ];
    }, array(3)),
);

eachBackend(
  "sums of a repeated number are many",
  (device) =>
    assertSame(device, (x) => [
      sum(broadcastInDim(x, [100_000, 2], []), [1]),
      sum(broadcastInDim(x, [2, 100_000], []), [0]),
    ], array()),
);
