import { assertEquals } from "@std/assert";
import { numpy as np } from "../../mod.ts";

/** What NumPy 2.4 prints, with its name replaced and the dtype on the same terms as JAX. */
const PRINTED: readonly (readonly [() => unknown, string])[] = [
  [() => np.array([1, 2.5, NaN]), "[1. , 2.5, nan], dtype=float32"],
  [
    () => np.array([[1, 2], [3, 4]]),
    "[[1., 2.],\n         [3., 4.]], dtype=float32",
  ],
  [() => np.array(3), "3., dtype=float32"],
  [() => np.array([]), "[], dtype=float32"],
  [() => np.zeros([0, 3]), "[], shape=[0, 3], dtype=float32"],
  [() => np.array([true, false]), "[ True, False], dtype=bool"],
  [
    () => np.arange(2000),
    "[   0,    1,    2, ..., 1997, 1998, 1999], dtype=int32",
  ],
  [
    () => np.array([1e10, 1, -3.25]),
    "[ 1.00e+10,  1.00e+00, -3.25e+00], dtype=float32",
  ],
  [
    () => np.array([Infinity, -Infinity, 1]),
    "[ inf, -inf,   1.], dtype=float32",
  ],
  [
    () => np.array([1 / 3, 0.1, -0]),
    "[ 0.33333334,  0.1       , -0.        ], dtype=float32",
  ],
  [
    () => np.array([1e-5, 1 / 3]),
    "[9.9999997e-06, 3.3333334e-01], dtype=float32",
  ],
  [
    () => np.array([1 / 3], { dtype: "float64" }),
    "[0.33333333], dtype=float64",
  ],
  [() => np.array([1.5], { dtype: "bfloat16" }), "[1.5], dtype=bfloat16"],
  [
    () => np.ones([2, 1, 1]),
    "[[[1.]],\n\n         [[1.]]], dtype=float32",
  ],
];

Deno.test("arrays print as in NumPy", () => {
  for (const [make, text] of PRINTED) {
    assertEquals(String(make()), `NDArray(${text})`);
  }
});

Deno.test("arrays print on lines of 75 characters", () => {
  assertEquals(
    Deno.inspect(np.arange(30)),
    `NDArray([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15,
         16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
        dtype=int32)`,
  );
});
