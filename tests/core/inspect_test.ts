import { assertEquals, assertThrows } from "@std/assert";
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

Deno.test("JSON.stringify() writes the nested lists of an array", () => {
  const x = np.array([[1, NaN], [3, 4]]);
  assertEquals(JSON.stringify({ x }), '{"x":[[1,null],[3,4]]}');
});

Deno.test("a list where an array is needed says how to make one", () => {
  assertThrows(
    () => np.array([1]).add([1] as never),
    TypeError,
    "numpy.array() makes an array of it",
  );
});
