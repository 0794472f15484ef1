import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { concatenate } from "../../core/ops/concatenate.ts";
import { fullLike } from "../../core/ops/constants.ts";
import { slice } from "../../core/ops/slice_pad.ts";
import { jit } from "../../transforms/jit.ts";
import { foriLoop } from "../../transforms/loops.ts";
import { array } from "../_util/array.ts";
import { assertClose } from "../_util/assert_close.ts";

Deno.test("the next value of a carry keeps its memory until the iteration ends", () => {
  const body = (_i: NDArray, [x]: readonly [NDArray, NDArray]) => {
    const turned = concatenate([slice(x, [1], [3]), slice(x, [0], [1])], 0);
    return [turned, add(turned, fullLike(turned, 1))];
  };
  const f = (x: NDArray) => foriLoop(0, 2, body, [x, x]);
  const [turned, more] = jit(f)(array([1, 2, 3])) as readonly NDArray[];
  assertClose(turned!, [3, 1, 2]);
  assertClose(more!, [4, 2, 3]);
});
