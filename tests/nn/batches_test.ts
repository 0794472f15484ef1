import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import * as random from "../../library/random/mod.ts";
import { batches } from "../../nn/data/batches.ts";
import { array } from "../_util/array.ts";
import "../../library/numpy/mod.ts";

const DATA = {
  images: array([[1, 1], [2, 2], [3, 3], [4, 4], [5, 5]]),
  labels: new Uint8Array([1, 2, 3, 4, 5]),
};

Deno.test("batches() have every example once, in random order", () => {
  const seen: number[] = [];
  for (const { images, labels } of batches(DATA, { batchSize: 2, seed: 4 })) {
    assertEquals(labels instanceof Uint8Array, true);
    assertEquals(
      (images.js() as number[][]).map(([pixel]) => pixel),
      [...labels],
    );
    seen.push(...labels);
  }
  assertEquals(seen.toSorted(), [1, 2, 3, 4, 5]);
  const key = random.key(4);
  const again = [...batches(DATA, { batchSize: 2, key })];
  assertEquals(again.flatMap(({ labels }) => [...labels]), seen);
});

Deno.test("batches() without key keep the order; dropLast leaves the rest out", () => {
  const sizes = (dropLast: boolean) =>
    [...batches(DATA, { batchSize: 2, dropLast })].map((b) => [...b.labels]);
  assertEquals(sizes(false), [[1, 2], [3, 4], [5]]);
  assertEquals(sizes(true), [[1, 2], [3, 4]]);
  assertEquals([...batches(array([]), { batchSize: 3 })], []);
});

Deno.test("batches() refuse what does not fit", () => {
  const first = (data: unknown, batchSize: number) => () =>
    batches(data, { batchSize }).next();
  assertThrows(first(DATA, 0), RangeError, "batches of 0 examples");
  const uneven: { x: NDArray; y: NDArray[] } = {
    x: array([1, 2]),
    y: [array([1])],
  };
  assertThrows(
    first(uneven, 1),
    TypeError,
    "data.x has 2 examples, and data.y[0] has 1",
  );
});
