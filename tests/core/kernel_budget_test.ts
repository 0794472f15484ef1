import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { add } from "../../core/ops/addition.ts";
import { rev } from "../../core/ops/layout.ts";
import { pad } from "../../core/ops/slice_pad.ts";
import { scalar } from "../../core/ops/constants.ts";
import { jit } from "../../transforms/jit.ts";
import { array } from "../_util/array.ts";

Deno.test("results that read each other at other indices stay within the budget", () => {
  const steps = (x: NDArray) => {
    const outs = [x];
    for (let by = 1; by < 13; by++) {
      const last = outs.at(-1)!;
      const before = pad(last, scalar(0, "float64"), [[by, -by, 0]]);
      outs.push(add(rev(last, [0]), before));
    }
    return outs;
  };
  const x = array(Array.from({ length: 64 }, (_, i) => i % 5), "float64");
  const [together, alone] = [jit(steps)(x), steps(x)];
  assertEquals(together.map((y) => y.js()), alone.map((y) => y.js()));
});
