import { assertEquals } from "@std/assert";
import {
  evalShape,
  jit,
  makeJaxpr,
  numpy as np,
  ShapeDtype,
  tree,
} from "../../mod.ts";

Deno.test("console.log() shows programs and structures as they print", () => {
  const double = (x: np.Array) => x.mul(2);
  const closed = makeJaxpr(double)(1);
  for (
    const value of [
      closed,
      closed.jaxpr,
      closed.jaxpr.inputs[0]!.aval,
      jit(double).lower(np.ones([2])),
      tree.structure({ a: 1 }),
      evalShape(double, new ShapeDtype([2], "float32")),
    ]
  ) {
    assertEquals(Deno.inspect(value), String(value));
  }
});
