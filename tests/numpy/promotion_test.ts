import { assertEquals } from "@std/assert";
import { jit, type NDArray, numpy as np } from "../../mod.ts";

Deno.test("a number keeps its digits beside a float64 array", () => {
  const x = np.array([1, 3], { dtype: "float64" });
  assertEquals(x.mul(0.1).js(), [0.1, 3 * 0.1]);
  assertEquals(jit((x: NDArray) => np.multiply(0.1, x))(x).js(), [
    0.1,
    3 * 0.1,
  ]);
});
