import { assertEquals } from "@std/assert";
import { NEXTAFTER } from "../../../backends/cpu/math/neighbor.ts";
import { scalarFunction } from "../../../core/ir/semantics.ts";
import { vectorFunctionOf } from "./_vector_function.ts";

const SMALL = [0, 2 ** -24, 3 * 2 ** -24, 2 ** -14 - 2 ** -24, 2 ** -14];
const LARGE = [0.75, 1, 1 + 2 ** -7, 2, 1000, 65504, Infinity];
const TINY = [2 ** -133, 2 ** -127, 2 ** -126, 255 * 2 ** 120];
const NUMBERS = {
  float32: [...SMALL, ...LARGE, ...TINY, 2 ** -149],
  bfloat16: [0, ...TINY, 0.75, 1, 1 + 2 ** -7, 2, 1000, Infinity],
  float16: [...SMALL, ...LARGE],
};

for (const dtype of ["float32", "float16", "bfloat16"] as const) {
  Deno.test(`nextafter() of vectors of ${dtype}`, () => {
    const reference = scalarFunction("nextafter", dtype, dtype);
    const numbers = [...NUMBERS[dtype].flatMap((x) => [x, -x]), NaN];
    const pairs = numbers.flatMap((x) => numbers.map((y) => [x, y] as const));
    const { x, y, out, run } = vectorFunctionOf(NEXTAFTER[dtype]);
    x.set(pairs.map(([from]) => from));
    y.set(pairs.map(([, to]) => to));
    run(pairs.length);
    const round = scalarFunction("cast", "float32", dtype); // as kernels do
    const said = (i: number, next: number) =>
      `${pairs[i]} -> ${Object.is(next, -0) ? "-0" : next}`;
    assertEquals(
      pairs.map((_, i) => said(i, round(out[i]!, 0, 0))),
      pairs.map(([from, to], i) => said(i, reference(from, to, 0))),
    );
  });
}
