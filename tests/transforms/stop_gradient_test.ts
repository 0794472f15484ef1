import { assertEquals } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import { mul } from "../../core/ops/arithmetic.ts";
import { grad } from "../../transforms/grad.ts";
import { jit } from "../../transforms/jit.ts";
import { jvp } from "../../transforms/jvp.ts";
import { stopGradient } from "../../transforms/stop_gradient.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

const f64 = (values: Parameters<typeof array>[0]) => array(values, "float64");

Deno.test("stopGradient() makes a constant of a tree", () => {
  const f = (x: NDArray) => {
    const { a, n } = stopGradient({ a: [x], n: array(1, "int32") });
    assertEquals(n.dtype, "int32");
    return mul(x, a[0]!);
  };
  for (const g of [f, jit(f)]) {
    assertEquals((grad(g)(f64(3)) as NDArray).js(), 3);
    assertEquals((jit(grad(g))(f64(3)) as NDArray).js(), 3);
    assertEquals((vmap(grad(g))(f64([3, 4])) as NDArray).js(), [3, 4]);
    assertEquals(jvp(g, [f64(3)], [f64(1)])[1].js(), 3);
    assertEquals((grad(grad(g))(f64(3)) as NDArray).js(), 0);
  }
});
