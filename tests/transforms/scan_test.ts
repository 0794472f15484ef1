import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import type { Jaxpr } from "../../core/jaxpr.ts";
import { add } from "../../core/ops/addition.ts";
import { mul, neg, sub } from "../../core/ops/arithmetic.ts";
import { broadcastInDim, sum } from "../../core/ops/broadcast_sum.ts";
import { scalar } from "../../core/ops/constants.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { convertElementType } from "../../core/ops/convert.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { numpy as np } from "../../mod.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { makeJaxpr } from "../../transforms/make_jaxpr.ts";
import { scan } from "../../transforms/scan.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");

type Pair = [NDArray, NDArray];
const step = (w: NDArray) => (c: NDArray, x: NDArray): Pair => {
  const next = sin(add(mul(c, w), x));
  return [next, mul(next, x)];
};

const looped = (w: NDArray, c: NDArray, xs: NDArray): Pair =>
  scan(step(w), c, xs) as Pair;

const [w, c0, xs] = [f64(0.7), f64(0.3), f64([0.1, -0.4, 0.9, 0.2])];

/** The same with a loop of JavaScript. */
function unrolled(w: number, c: number, xs: readonly number[]) {
  const ys = xs.map((x) => (c = Math.sin(c * w + x)) * x);
  return [c, ys] as const;
}

function equationsOf(jaxpr: Jaxpr, name: string) {
  return jaxpr.equations.filter((e) => e.primitive.name === name);
}

Deno.test("scan() is the unrolled loop", () => {
  const [c, ys] = looped(w, c0, xs);
  const [wanted, wantedYs] = unrolled(0.7, 0.3, [0.1, -0.4, 0.9, 0.2]);
  assertClose(c, wanted, { tolerance: 1e-15 });
  assertClose(ys, [...wantedYs], { tolerance: 1e-15 });
});

Deno.test("scan() in reverse stacks results where their slices were", () => {
  const [c, ys] = scan(step(w), c0, xs, { reverse: true }) as Pair;
  const [wanted, wantedYs] = unrolled(0.7, 0.3, [0.2, 0.9, -0.4, 0.1]);
  assertClose(c, wanted, { tolerance: 1e-15 });
  assertClose(ys, wantedYs.toReversed(), { tolerance: 1e-15 });
});

Deno.test("scan() carries and slices trees", () => {
  type State = { a: NDArray; b: readonly [NDArray, null] };
  const [last, ys] = scan(
    ({ a, b }: State, x: { p: NDArray; q: NDArray }) => [
      { a: add(a, x.p), b: [mul(b[0], x.q), null] },
      { out: [a, x.q] },
    ],
    { a: f64(1), b: [f64(1), null] },
    { p: f64([1, 2]), q: f64([3, 4]) },
  ) as [State, { out: NDArray[] }];
  assertEquals(last.a.js(), 4);
  assertEquals(last.b[0].js(), 12);
  assertEquals(last.b[1], null);
  assertEquals(ys.out.map((y) => y.js()), [[1, 2], [3, 4]]);
});

Deno.test("scan() without xs runs length steps", () => {
  const [last, ys] = scan(
    (c: NDArray) => [add(c, c), null],
    f64(1),
    null,
    { length: 5 },
  ) as [NDArray, null];
  assertEquals([last.js(), ys], [32, null]);
});

for (const length of [0, 1]) {
  Deno.test(`scan() of ${length} steps, its derivatives and its batches`, () => {
    const some = arrayOf([length], [0.4].slice(0, length), "float64");
    const [c, ys] = looped(w, c0, some);
    const [wanted, wantedYs] = unrolled(0.7, 0.3, [0.4].slice(0, length));
    assertClose(c, wanted);
    assertClose(ys, arrayOf([length], wantedYs, "float64"));
    assertClose(jit(looped)(w, c0, some)[0], wanted);
    checkGrads((w, c) => looped(w, c, some), [w, c0]);
    const dxs = grad((xs: NDArray) => looped(w, c0, xs)[0])(some) as NDArray;
    assertEquals(dxs.shape, [length]);
    const many = vmap(looped, [null, 0, null])(w, f64([0.3, 0.4]), some);
    assertEquals(many.map((x) => x.shape), [[2], [2, length]]);
  });
}

Deno.test("scan() is differentiated in both modes, to third order", () => {
  checkGrads(looped, [w, c0, xs]);
  checkGrads(jit(looped), [w, c0, xs]);
  checkGrads((w, c) => looped(w, c, xs)[0], [w, c0], { order: 3 });
  checkGrads(
    (w, c, xs) => scan(step(w), c, xs, { reverse: true }) as Pair,
    [w, c0, xs],
  );
});

Deno.test("a loop leaves the inputs of its program alone, after another loop too", () => {
  const c = f64(1);
  const doubled = (c: NDArray) =>
    scan((c: NDArray, x: NDArray) => [add(c, c), x], c, xs) as Pair;
  const twice = jit((c: NDArray) => [doubled(c)[1], doubled(c)[0]]);
  const first = jit((c: NDArray, xs: NDArray) => {
    const [, ys] = scan((c: null, x: NDArray) => [c, sin(x)], null, xs);
    return [ys, doubled(c)[0]] as Pair;
  });
  assertEquals([first(c, xs)[1]!.js(), twice(c)[1]!.js()], [16, 16]);
  assertEquals(c.js(), 1);
});

Deno.test("only the carry, only the results and only the slices have derivatives", () => {
  checkGrads((c) => looped(w, c, xs)[0], [c0]);
  checkGrads((xs) => looped(w, c0, xs)[1], [xs]);
  checkGrads((w) => looped(w, c0, xs)[1], [w]);
});

Deno.test("the gradient of the gradient of a loop is that of its power", () => {
  const cube = (x: NDArray) =>
    scan((y: NDArray) => [mul(y, x), null], f64(1), null, { length: 3 })[0];
  const second = grad(grad(cube));
  assertClose(second(f64(2)) as NDArray, 12);
  assertClose(jit(second)(f64(2)) as NDArray, 12);
  assertClose(jit(grad(jit(grad(jit(cube)))))(f64(2)) as NDArray, 12);
  assertClose(vmap(second)(f64([1, 2])) as NDArray, [6, 12]);
});

Deno.test("every combination of mapped consts, carries and slices is the stack of lanes", () => {
  const [ws, cs] = [f64([0.7, -0.2]), f64([0.3, 0.5])];
  const many = f64([[0.1, -0.4, 0.9, 0.2], [1, 2, 3, 4]]);
  for (let mask = 1; mask < 8; mask++) {
    const axes = [0, 1, 2].map((i) => mask & (1 << i) ? 0 : null);
    const args = [mask & 1 ? ws : w, mask & 2 ? cs : c0, mask & 4 ? many : xs];
    const lane = (at: number) =>
      looped(
        mask & 1 ? f64((ws.js() as number[])[at]!) : w,
        mask & 2 ? f64((cs.js() as number[])[at]!) : c0,
        mask & 4 ? f64((many.js() as number[][])[at]!) : xs,
      );
    const lanes = [lane(0), lane(1)];
    for (const f of [looped, jit(looped)]) {
      const [c, ys] = vmap(f, axes)(...args as [NDArray, NDArray, NDArray]);
      assertClose(c, lanes.map(([c]) => c.js()) as number[]);
      assertClose(ys, lanes.map(([, ys]) => ys.js()) as number[][]);
    }
    checkGrads(vmap(looped, axes), args, { order: 1 });
  }
});

Deno.test("carries that become mapped through one another are found", () => {
  const rotate = (xs: NDArray) =>
    scan(
      ([a, b, c]: NDArray[], x: NDArray) => [[b, c, add(a!, x)], a],
      [f64(0), f64(0), f64(0)],
      xs,
    ) as [NDArray[], NDArray];
  const [[a, b, c], ys] = vmap(rotate)(f64([[1, 2, 3, 4], [5, 6, 7, 8]]));
  assertEquals([a, b, c].map((x) => x!.js()), [[2, 6], [3, 7], [5, 13]]);
  assertEquals(ys.js(), [[0, 0, 0, 1], [0, 0, 0, 5]]);
});

Deno.test("scan() nests, and its derivatives too", () => {
  const inner = (c: NDArray, x: NDArray) =>
    scan(
      (d: NDArray, y: NDArray) => [sin(mul(d, add(y, x))), d],
      c,
      xs,
    ) as Pair;
  const outer = (c: NDArray, zs: NDArray) => scan(inner, c, zs) as Pair;
  const zs = f64([0.5, 1.5]);
  let wanted = 0.3;
  for (const z of [0.5, 1.5]) {
    for (const x of [0.1, -0.4, 0.9, 0.2]) wanted = Math.sin(wanted * (x + z));
  }
  assertClose(outer(c0, zs)[0], wanted);
  assertEquals(outer(c0, zs)[1].shape, [2, 4]);
  checkGrads(outer, [c0, zs]);
  checkGrads(jit(outer), [c0, zs], { order: 1 });
  checkGrads((xs) => vmap(outer, [null, 0])(c0, xs), [
    f64([[0.1, 0.2], [0.3, 0.4]]),
  ], {
    order: 1,
  });
});

Deno.test("jit of vmap of grad of scan is a stack of gradients", () => {
  const loss = (w: NDArray, xs: NDArray) => looped(w, c0, xs)[0];
  const many = f64([[0.1, -0.4], [1, 2], [3, 4]]);
  const got = jit(vmap(grad(loss), [null, 0]))(w, many) as NDArray;
  const wanted = (many.js() as number[][]).map((row) =>
    (grad(loss)(w, f64(row)) as NDArray).item()
  );
  assertClose(got, wanted);
});

Deno.test("a weakly typed carry takes the strong type of what replaces it", () => {
  const [c] = scan(
    (c: NDArray, x: NDArray) => [
      add(convertElementType(c, "float64"), x),
      null,
    ],
    0,
    xs,
  );
  assertEquals([c.dtype, c.weakType], ["float64", false]);
  const [d] = scan(
    (_: NDArray) => [scalar(1, "float32", true), null],
    c0,
    null,
    {
      length: 2,
    },
  );
  assertEquals(d.dtype, "float64");
});

Deno.test("scan() says what is wrong", () => {
  const say = (run: () => unknown, type: new () => Error, message: string) =>
    assertThrows(run, type, message);
  say(
    () => scan((c: NDArray) => [broadcastInDim(c, [2], []), null], f64(1), xs),
    ShapeError as new () => Error,
    "carry goes in as f64[] and comes out as f64[2]",
  );
  say(
    () =>
      scan(
        ({ a, b }: { a: NDArray; b: NDArray[] }) => [
          { a, b: [convertElementType(b[0]!, "float32")] },
          null,
        ],
        { a: f64(1), b: [f64(1)] },
        xs,
      ),
    ShapeError as new () => Error,
    "carry.b[0] goes in as f64[] and comes out as f32[]",
  );
  say(
    () => scan((c: NDArray) => [[c, c], null], f64(1), xs),
    TypeError,
    "They must have one structure",
  );
  say(
    () => scan(((c: NDArray) => c) as never, f64(1), xs),
    TypeError,
    "the function must return [carry, y]",
  );
  say(
    () => scan((c: NDArray) => [c, null], f64(1), [xs, f64([1, 2])]),
    ShapeError as new () => Error,
    "the first axes of xs ([4], [2])",
  );
  say(
    () => scan((c: NDArray) => [c, null], f64(1), xs, { length: 3 }),
    ShapeError as new () => Error,
    "length 3 must agree",
  );
  say(
    () => scan((c: NDArray) => [c, null], f64(1), null),
    ShapeError as new () => Error,
    "Give { length }",
  );
  say(
    () => scan((c: NDArray) => [c, null], f64(1), f64(1)),
    ShapeError as new () => Error,
    "must agree",
  );
});

Deno.test("residuals that do not change over the loop are not stacked", () => {
  const W = arrayOf([3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9], "float64");
  const loss = (W: NDArray, xs: NDArray) => {
    const squared = (x: NDArray) => mul(x, x);
    const [c] = scan(
      (c: NDArray, x: NDArray) => [
        sin(
          add(
            dotGeneral(squared(W), c, {
              contract: [[1], [0]],
              batch: [[], []],
            }),
            x,
          ),
        ),
        null,
      ],
      f64([0.1, 0.2, 0.3]),
      xs,
    );
    return sum(c, [0]);
  };
  const steps = arrayOf(
    [5, 3],
    Array.from({ length: 15 }, Math.sin),
    "float64",
  );
  const { jaxpr } = makeJaxpr(grad(loss))(W, steps);
  const [forwardLoop, backwardLoop] = equationsOf(jaxpr, "scan");
  const ranks = (atoms: readonly { readonly aval: { ndim: number } }[]) =>
    Math.max(...atoms.map((a) => a.aval.ndim));
  assertEquals(ranks(forwardLoop!.outputs), 2, "stacked [5, 3] only");
  assertEquals(ranks(backwardLoop!.inputs), 2, "W is given as [3, 3] only");
  checkGrads(loss, [W, steps], { order: 1, modes: ["rev"] });
});

Deno.test("stacked results are stored in place", () => {
  const f = (xs: NDArray) => looped(w, c0, xs)[1];
  const program = jit(f).lower(xs).toString().split("program")[1]!;
  const body = program.slice(program.indexOf("loop 4 times"));
  assertEquals(/copy|4\)/.test(body.split("slots")[0]!), false, program);
});

Deno.test("carries and results that nobody uses are not computed", () => {
  const f = (xs: NDArray) => {
    const [[, used]] = scan(
      ([a, b]: NDArray[], x: NDArray) => [[sin(a!), add(b!, x)], neg(a!)],
      [c0, c0],
      xs,
    ) as [NDArray[], NDArray];
    return used!;
  };
  const program = jit(f).lower(xs).toString().split("program")[1]!;
  assertEquals(/sin|neg/.test(program), false, program);
});

Deno.test("jvp of jit of scan, and of a loop over closed-over tracers", () => {
  const f = (w: NDArray) => {
    const closed = sub(w, f64(0.1));
    return scan(
      (c: NDArray, x: NDArray) => [mul(c, add(closed, x)), c],
      w,
      xs,
    )[0];
  };
  const [, along] = jvp(jit(f), [w], [f64(1)]) as Pair;
  assertClose(along, (grad(f)(w) as NDArray).item());
  checkGrads(f as (w: NDArray) => NDArray, [w], { order: 3 });
});

Deno.test("scan() keeps a whole number that it carries an integer among integers", () => {
  const total = (xs: NDArray) =>
    scan(
      (sum: NDArray, x: NDArray) => [np.add(sum, x), null],
      0,
      xs,
    )[0] as NDArray;
  const integers = total(np.array([1, 2], { dtype: "int32" }));
  assertEquals([integers.dtype, integers.item()], ["int32", 3]);
  const floats = total(np.array([0.5, 2]));
  assertEquals([floats.dtype, floats.item()], ["float32", 2.5]);
});
