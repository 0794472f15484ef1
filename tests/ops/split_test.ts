import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { ShapeError } from "../../core/errors.ts";
import { add } from "../../core/ops/addition.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { sum } from "../../core/ops/broadcast_sum.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { dotGeneral } from "../../core/ops/contract.ts";
import { split } from "../../core/ops/split.ts";
import { sin } from "../../core/ops/trigonometric.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { makeJaxpr } from "../../transforms/make_jaxpr.ts";
import { array, arrayOf } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";
import { checkGrads } from "../_util/check_grads.ts";
import { checkJit, checkVmap } from "../_util/op_laws.ts";
import { ramp } from "../_util/ramp.ts";

const js = (parts: readonly NDArray[]) => parts.map((part) => part.js());

Deno.test("split() gives parts of the sizes, one after the other", () => {
  const x = array([[1, 2, 3], [4, 5, 6]]);
  assertEquals(js(split(x, [1, 2], 1)), [[[1], [4]], [[2, 3], [5, 6]]]);
  assertEquals(js(split(x, [1, 1])), [[[1, 2, 3]], [[4, 5, 6]]]);
});

Deno.test("split() into empty parts, and of an empty array", () => {
  assertEquals(js(split(array([1, 2]), [0, 2, 0])), [[], [1, 2], []]);
  assertEquals(js(split(arrayOf([0], []), [0, 0])), [[], []]);
});

Deno.test("split() into one part returns the array", () => {
  const x = array([1, 2]);
  assertEquals(split(x, [2]), [x]);
});

Deno.test("split() rejects sizes that do not fit", () => {
  const x = array([1, 2, 3]);
  assertThrows(
    () => split(x, [1, 1]),
    ShapeError,
    "Cannot split f32[3] along axis 0 into parts of sizes [1,1]: needs",
  );
  for (const sizes of [[], [4, -1], [1.5, 1.5]]) {
    assertThrows(() => split(x, sizes), ShapeError, "add up to its extent");
  }
  assertThrows(() => split(x, [3, 0], 1), ShapeError, "along axis 1");
  assertThrows(() => split(x, [3, 0], -1), ShapeError, "along axis -1");
});

Deno.test("split() obeys the laws", () => {
  const f = (x: NDArray) => {
    const [a, b, c] = split(sin(x), [2, 1, 2], 1);
    return add(mul(a!, c!), mul(a!, concatenate([b!, b!], 1)));
  };
  checkJit(f, [ramp([2, 5])]);
  checkVmap(f, [ramp([2, 2, 5])]);
  checkGrads(f, [ramp([2, 5])]);
});

Deno.test("split() has a tangent for each part, and none where there is none", () => {
  const x = array([1, 2, 3]);
  const [ys, dys] = jvp((x: NDArray) => split(x, [1, 2]), [x], [
    array([4, 5, 6]),
  ]);
  assertEquals([js(ys), js(dys)], [[[1], [2, 3]], [[4], [5, 6]]]);
});

Deno.test("cotangents of parts are concatenated; those of unused parts are 0", () => {
  const f = (x: NDArray) => {
    const [a, , c] = split(x, [1, 2, 2]);
    return add(sum(mul(a!, a!), [0]), sum(mul(c!, c!), [0]));
  };
  const x = array([1, 2, 3, 4, 5]);
  assertClose(grad(f)(x), [2, 0, 0, 8, 10]);
  const text = String(makeJaxpr(grad(f))(x));
  assertEquals(text.match(/ concatenate\[/g)?.length, 1);
  assertEquals(text.match(/ (pad|add_any|slice)\b/g), null);
});

Deno.test("parts are read in place: of a stored array, and of one that must be stored", () => {
  const pairs = { contract: [[1], [0]], batch: [[], []] } as const;
  const f = (x: NDArray, w: NDArray) => {
    const [a, b] = split(sin(dotGeneral(x, w, pairs)), [3, 3], 1);
    return dotGeneral(a!, b!, pairs);
  };
  const text = jit(f).lower(ramp([3, 4]), ramp([4, 6])).toString();
  assertEquals(text.match(/ contract /g)?.length, 2);
  assertEquals(text.match(/ nest |copy/g), null, text);
});
