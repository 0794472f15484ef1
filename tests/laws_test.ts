/** What must hold of every function: laws on random programs. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { NDArray } from "../core/array.ts";
import { arrayFromStorage } from "../core/concrete_array.ts";
import { checkJaxpr, evalJaxpr, type Jaxpr } from "../core/jaxpr.ts";
import { add } from "../core/ops/addition.ts";
import { mul } from "../core/ops/arithmetic.ts";
import { sum } from "../core/ops/broadcast_sum.ts";
import { sin } from "../core/ops/trigonometric.ts";
import { simplify } from "../core/simplify.ts";
import { grad, vjp } from "../transforms/grad.ts";
import { jit } from "../transforms/jit.ts";
import { jvp, jvpJaxpr } from "../transforms/jvp.ts";
import { linearize } from "../transforms/linearize.ts";
import { makeJaxpr } from "../transforms/make_jaxpr.ts";
import { splitJaxpr } from "../transforms/partial_eval.ts";
import { transposeJaxpr } from "../transforms/transpose.ts";
import { batchJaxpr, vmap } from "../transforms/vmap.ts";
import { assertClose } from "./_util/assert_close.ts";
import { addsInOrder, eachBackend } from "./_util/each_backend.ts";
import {
  type RandomJaxpr,
  randomJaxpr,
  type RandomJaxprOptions,
} from "./_util/random_jaxpr.ts";
import { areTame, isTame } from "./_util/tame.ts";

type Arrays = readonly NDArray[];

/** The program as a function that a user could have written. */
const functionOf = (jaxpr: Jaxpr) => (...xs: NDArray[]) => [
  ...evalJaxpr(jaxpr, xs),
];

/** One number that depends on all outputs, and not linearly. */
function lossOf(jaxpr: Jaxpr): (...xs: NDArray[]) => NDArray {
  return (...xs) =>
    evalJaxpr(jaxpr, xs).map((y) => sum(sin(y), y.shape.map((_, a) => a)))
      .reduce(add);
}

/** Numbers in [-1, 1) in the shape of `x`. */
function directionLike(x: NDArray, seed: number): NDArray {
  const data = Float64Array.from(
    { length: x.size },
    (_, i) => Math.sin(1 + 3.7 * i + 11.3 * seed),
  );
  return arrayFromStorage(data, x.shape, "float64");
}

const directions = (xs: Arrays, seed: number) =>
  xs.map((x, i) => directionLike(x, seed + 10 * i));

function inner(xs: Arrays, ys: Arrays): number {
  return xs.reduce((total, x, i) => {
    const y = ys[i]!.dataSync();
    return Array.from(x.dataSync())
      .reduce((sum, value, j) => sum + value * y[j]!, total);
  }, 0);
}

/** Arrays one after the other along a new first axis. */
function stacked(xs: Arrays): NDArray {
  const [first] = xs;
  const data = xs.flatMap((x) => [...x.dataSync()]);
  const shape = [xs.length, ...first!.shape];
  return arrayFromStorage(Float64Array.from(data), shape, "float64");
}

function moved(xs: Arrays, along: Arrays, by: number): NDArray[] {
  return xs.map((x, i) => {
    const d = along[i]!.dataSync();
    const data = Float64Array.from(x.dataSync(), (v, j) => v + by * d[j]!);
    return arrayFromStorage(data, x.shape, "float64");
  });
}

function assertSame(actual: Arrays, expected: Arrays, tolerance = 0): void {
  assertEquals(actual.map((x) => x.aval), expected.map((x) => x.aval));
  actual.forEach((x, i) => assertClose(x, expected[i]!, { tolerance }));
}

/** How a law holds on a device. */
interface Device {
  /**
   * 0 where numbers are added in one order. Elsewhere what else is computed
   * decides the order, so equal programs differ by rounding.
   */
  readonly rounding: number;
}

interface LawOptions extends RandomJaxprOptions {
  readonly numRuns?: number;
  /** Whether the law is about one way to run a program. */
  readonly exact?: boolean;
}

/** Rounding must not decide what happens: programs are then smooth, and tame. */
function law(
  statement: string,
  check: (program: RandomJaxpr, device: Device) => void,
  { numRuns = 60, length = 10, exact = false, ...options }: LawOptions = {},
): void {
  eachBackend(statement, (name) => {
    const isExact = exact || addsInOrder(name);
    const programs = randomJaxpr(
      isExact
        ? { ...options, kinks: true, length }
        : { ...options, smooth: true, length },
    );
    const device = { rounding: isExact ? 0 : 1e-9 };
    fc.assert(
      fc.property(programs, (program) => {
        if (isExact || isTame(program.jaxpr, program.args)) {
          check(program, device);
        }
      }),
      { numRuns },
    );
  });
}

law("jit(f) is f", ({ jaxpr, args }, { rounding }) => {
  const f = functionOf(jaxpr);
  assertSame(jit(f)(...args), f(...args), rounding);
  assertSame(jit(jit(f))(...args), f(...args), rounding);
});

law("vmap(f) is a stack of f", ({ jaxpr, args }, { rounding }) => {
  const f = functionOf(jaxpr);
  const examples = [0, 1, 2].map((i) => moved(args, directions(args, i), i));
  const batch = args.map((_, at) => stacked(examples.map((xs) => xs[at]!)));
  const each = examples.map((xs) => f(...xs));
  const expected = each[0]!.map((_, at) => stacked(each.map((ys) => ys[at]!)));
  assertSame(vmap(f)(...batch), expected, rounding + 1e-12);
  assertSame(jit(vmap(jit(f)))(...batch), expected, rounding + 1e-12);
});

law("vmap(f) over some arguments repeats the others", (
  { jaxpr, args },
  { rounding },
) => {
  const f = functionOf(jaxpr);
  const [first, ...rest] = args;
  const examples = [0, 1].map((i) => directionLike(first!, i));
  const inAxes = [0, ...rest.map(() => null)];
  const each = examples.map((x) => f(x, ...rest));
  const expected = each[0]!.map((_, at) => stacked(each.map((ys) => ys[at]!)));
  assertSame(
    vmap(f, inAxes)(stacked(examples), ...rest),
    expected,
    rounding + 1e-12,
  );
});

law("jvp(f) is a central difference", ({ jaxpr, args }, { rounding }) => {
  const f = functionOf(jaxpr);
  const along = directions(args, 1);
  const eps = 1e-6; // float64: truncation and rounding errors meet near here
  const [above, below] = [eps, -eps].map((by) => f(...moved(args, along, by)));
  if (!areTame([...above!, ...below!])) return;
  const [y, dy] = jvp(f, args, along);
  assertSame(y, f(...args), rounding + 1e-12);
  dy.forEach((tangent, i) => {
    const [high, low] = [above![i]!.dataSync(), below![i]!.dataSync()];
    const numeric = Float64Array.from(
      high,
      (x, j) => (x - low[j]!) / (2 * eps),
    );
    const expected = arrayFromStorage(numeric, tangent.shape, "float64");
    assertClose(tangent, expected, { tolerance: 1e-4 });
  });
}, { smooth: true, length: 8 });

law("<ct, J dx> is <J' ct, dx>", ({ jaxpr, args }) => {
  const f = functionOf(jaxpr);
  const along = directions(args, 1);
  const [y, dy] = jvp(f, args, along);
  if (!areTame([...y, ...dy])) return;
  const cts = directions(y, 2);
  const [, pullback] = vjp(f, args);
  const back = pullback(cts) as Arrays;
  assertEquals(back.map((x) => x.aval), args.map((x) => x.aval));
  const forward = inner(cts, dy);
  const scale = 1 + inner(dy.map((d) => mul(d, d)), y.map((v) => mul(v, v)));
  assertClose(inner(back, along), forward, { tolerance: 1e-9 * scale });
}, { smooth: true });

law("linearize(f) is jvp(f)", ({ jaxpr, args }, { rounding }) => {
  const f = functionOf(jaxpr);
  const along = directions(args, 3);
  const [y, dy] = jvp(f, args, along);
  const [out, derivative] = linearize(f, args);
  assertSame(out, y, rounding);
  assertSame(derivative(...along), dy, rounding + 1e-9);
}, { kinks: false });

law("a second derivative is symmetric, and a difference of gradients", (
  { jaxpr, args },
) => {
  const loss = lossOf(jaxpr);
  const argnums = args.map((_, i) => i);
  const gradient = (...xs: NDArray[]) =>
    grad(loss, { argnums })(...xs) as Arrays;
  const [u, v] = [directions(args, 4), directions(args, 5)];
  const [, hu] = jvp(gradient, args, u) as [Arrays, Arrays];
  const [, pullback] = vjp(gradient, args);
  const hv = pullback(v as never) as Arrays;
  if (!areTame(hu) || !areTame(hv)) return;
  assertClose(inner(hv, u), inner(hu, v), { tolerance: 1e-8 });
  const eps = 1e-6;
  const [above, below] = [eps, -eps].map((by) =>
    gradient(...moved(args, u, by))
  );
  const numeric = (inner(above!, v) - inner(below!, v)) / (2 * eps);
  assertClose(inner(hu, v), numeric, { tolerance: 1e-3 });
}, { smooth: true, length: 6, numRuns: 60 });

law("transforms compose in any order", ({ jaxpr, args }) => {
  const loss = lossOf(jaxpr);
  const examples = [0, 1].map((i) => moved(args, directions(args, i), 0.1));
  const batch = args.map((_, at) => stacked(examples.map((xs) => xs[at]!)));
  const each = examples.map((xs) => grad(loss)(...xs));
  const expected = [stacked(each)];
  if (!areTame(expected)) return;
  const total = (...xs: NDArray[]) => sum(jit(vmap(loss))(...xs), [0]);
  for (
    const f of [
      jit(vmap(grad(loss))),
      vmap(jit(grad(loss))),
      vmap(grad(jit(loss))),
      grad(total),
      jit(grad(total)),
    ]
  ) assertSame([f(...batch)], expected, 1e-8);
  const second = (g: (...xs: NDArray[]) => NDArray) => (...xs: NDArray[]) =>
    jvp(g, xs, directions(xs, 7))[1];
  assertSame(
    [jit(second(jit(grad(jit(loss)))))(...args)],
    [second(grad(loss))(...args)],
    1e-6,
  );
}, { kinks: false, length: 8 });

law("a traced program evaluates to the same, and traces to the same", (
  { jaxpr, args },
) => {
  const { jaxpr: again, consts } = makeJaxpr(functionOf(jaxpr))(...args);
  assertEquals(consts, []);
  checkJaxpr(again);
  assertEquals(again === jaxpr, true); // programs are interned
  assertSame(evalJaxpr(again, args), evalJaxpr(jaxpr, args));
}, { exact: true });

law("derived programs are well formed", ({ jaxpr }) => {
  const all = jaxpr.inputs.map(() => true);
  const forced = jaxpr.outputs.map(() => true);
  const { jaxpr: both } = jvpJaxpr(jaxpr, {
    nonzero: all,
    instantiate: forced,
  });
  checkJaxpr(both);
  const unknown = both.inputs.map((_, i) => i >= all.length);
  const split = splitJaxpr(both, {
    unknown,
    forced: both.outputs.map((_, i) => i >= forced.length),
  });
  checkJaxpr(split.known);
  checkJaxpr(split.unknown);
  const linear = split.unknown.inputs.map((_, i) => i >= split.residuals);
  checkJaxpr(transposeJaxpr(split.unknown, { linear }).jaxpr);
  const axis = { size: 3, name: null };
  checkJaxpr(
    batchJaxpr(both, {
      mapped: unknown,
      axis,
      forced: both.outputs.map(() => false),
    }).jaxpr,
  );
}, { exact: true });

law("simplification preserves values", ({ jaxpr, args }, { rounding }) => {
  const simpler = simplify(jaxpr);
  checkJaxpr(simpler);
  assertSame(evalJaxpr(simpler, args), evalJaxpr(jaxpr, args), rounding);
});
