import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import {
  allGather,
  axisIndex,
  pmax,
  pmean,
  pmin,
  ppermute,
  psum,
} from "../../transforms/collectives.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { scan } from "../../transforms/scan.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";
import { checkGrads } from "../_util/check_grads.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");
const over = (f: (x: NDArray) => NDArray, axisName = "i") =>
  vmap(f, 0, 0, { axisName });
const xs = f64([1, 2, 6]);

Deno.test("collectives are functions of all lanes", () => {
  assertEquals(over((x) => psum(x, "i"))(xs).js(), [9, 9, 9]);
  assertEquals(over((x) => pmean(x, "i"))(xs).js(), [3, 3, 3]);
  assertEquals(over((x) => pmax(x, "i"))(xs).js(), [6, 6, 6]);
  assertEquals(over((x) => pmin(x, "i"))(xs).js(), [1, 1, 1]);
  const places = over(() => axisIndex("i"))(xs);
  assertEquals([places.js(), places.dtype], [[0, 1, 2], "int32"]);
  assertEquals(
    over((x) => mul(x, x) && (psum(1, "i") as unknown as NDArray))(xs).js(),
    [3, 3, 3],
  );
});

Deno.test("integers and booleans", () => {
  const ints = array([3, 0, 7], "uint8");
  assertEquals(over((x) => pmin(x, "i"))(ints).js(), [0, 0, 0]);
  assertEquals(over((x) => pmax(x, "i"))(ints).js(), [7, 7, 7]);
  const mean = over((x) => pmean(x, "i"))(array([1, 2, 2], "int32"));
  assertEquals(mean.dtype, "float32");
  const count = over((x) => psum(x, "i"))(array([true, false, true], "bool"));
  assertEquals([count.js(), count.dtype], [[2, 2, 2], "int32"]);
});

Deno.test("nested axes are told apart by name", () => {
  const table = f64([[1, 2], [3, 4]]);
  const f = (name: string) =>
    over(over((x) => psum(x, name), "j"), "i")(table).js();
  assertEquals(f("j"), [[3, 3], [7, 7]]);
  assertEquals(f("i"), [[4, 6], [4, 6]]);
});

Deno.test("a name that is not in scope is an error that lists those that are", () => {
  assertThrows(() => psum(xs, "i"), RangeError, 'Cannot use axis "i"');
  assertThrows(
    () => over((x) => psum(x, "k"))(xs),
    RangeError,
    '(names in scope: "i")',
  );
});

Deno.test("jit inside vmap knows names and sizes in scope", () => {
  const f = jit((x: NDArray) => add(psum(x, "i"), psum(x, "i")));
  assertEquals(over(f)(xs).js(), [18, 18, 18]);
  assertEquals(over(f)(f64([1, 2])).js(), [6, 6]);
  assertThrows(() => f(xs), RangeError);
  assertEquals(over(jit(() => axisIndex("i")))(xs).js(), [0, 1, 2]);
});

Deno.test("loops use names in their bodies", () => {
  const f = (x: NDArray) =>
    scan((c: NDArray) => [psum(c, "i"), axisIndex("i")], x, null, {
      length: 2,
    });
  const [c, ys] = vmap(f, 0, 0, { axisName: "i" })(xs) as [NDArray, NDArray];
  assertEquals(c.js(), [27, 27, 27]);
  assertEquals(ys.js(), [[0, 0], [1, 1], [2, 2]]);
});

Deno.test("collectives are differentiated", () => {
  for (const p of [psum, pmean, pmax, pmin]) {
    const f = over((x) => mul(p(mul(x, x), "i"), x));
    checkGrads(f, [xs]);
    checkGrads(jit(f), [xs], { order: 1 });
  }
  const inner = over(
    grad((x: NDArray) => mul(psum(x, "i"), psum(x, "i"))) as (
      x: NDArray,
    ) => NDArray,
  );
  assertEquals(inner(xs).js(), [54, 54, 54]);
});

Deno.test("allGather() stacks lanes, ppermute() sends between them", () => {
  const all = over((x) => allGather(x, "i"))(xs);
  assertEquals(all.js(), [[1, 2, 6], [1, 2, 6], [1, 2, 6]]);
  const sent = over((x) => ppermute(x, "i", [[0, 1], [1, 2]]));
  assertEquals(sent(xs).js(), [0, 1, 2]);
  assertEquals(jit(sent)(xs).js(), [0, 1, 2]);
  checkGrads(sent, [xs]);
  checkGrads(over((x) => mul(allGather(mul(x, x), "i"), allGather(x, "i"))), [
    xs,
  ]);
  const nested = over(over((x) => allGather(x, "i"), "j"), "i");
  const table = f64([[1, 2], [3, 4]]);
  assertEquals(nested(table).js(), [[[1, 3], [2, 4]], [[1, 3], [2, 4]]]);
  checkGrads(nested, [table], { order: 1 });
  assertThrows(
    () => over((x) => ppermute(x, "i", [[0, 1], [1, 1]]))(xs),
    RangeError,
    "each of the 3 lanes may send once and receive once",
  );
});
