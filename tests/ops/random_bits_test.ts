import { assertEquals, assertThrows } from "@std/assert";
import { threefry2x32 } from "../../core/ops/random_bits.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

const u32 = (...values: number[]) => array(values, "uint32");

// Known answers for 20 rounds that come with the authors' library Random123.
const KNOWN = [
  { key: [0, 0], x: [0, 0], y: [0x6b200159, 0x99ba4efe] },
  {
    key: [0xffffffff, 0xffffffff],
    x: [0xffffffff, 0xffffffff],
    y: [0x1cb996fc, 0xbb002be7],
  },
  {
    key: [0x13198a2e, 0x03707344],
    x: [0x243f6a88, 0x85a308d3],
    y: [0xc4923a9c, 0x483df7a0],
  },
];
const column = (of: "key" | "x" | "y", word: number) =>
  u32(...KNOWN.map((test) => test[of][word]!));

Deno.test("threefry2x32() gives the known answers of Random123", () => {
  const [y0, y1] = threefry2x32(
    [column("key", 0), column("key", 1)],
    [column("x", 0), column("x", 1)],
  );
  assertEquals(y0.js(), column("y", 0).js());
  assertEquals(y1.js(), column("y", 1).js());
});

Deno.test("threefry2x32() is the same under jit and vmap, where keys may be shared", () => {
  const [key0, key1] = [u32(1, 2, 3), u32(4, 5, 6)];
  const counts = u32(7, 8, 9);
  const [y0, y1] = threefry2x32([key0, key1], [counts, counts]);
  const f = (a: typeof y0, b: typeof y0, c: typeof y0) => [
    ...threefry2x32([a, b], [c, c]),
  ];
  const pairs = [y0.js(), y1.js()];
  assertEquals(jit(f)(key0, key1, counts).map((y) => y.js()), pairs);
  assertEquals(vmap(f)(key0, key1, counts).map((y) => y.js()), pairs);
  const rows = array([[7, 8, 9], [1, 2, 3]], "uint32");
  const shared = vmap(f, [null, null, 0])(key0, key1, rows);
  assertEquals(shared.map((y) => (y.js() as number[][])[0]), pairs);
});

Deno.test("threefry2x32() accepts empty arrays and rejects other dtypes", () => {
  const none = u32();
  assertEquals(threefry2x32([none, none], [none, none])[0].shape, [0]);
  const x = array([1], "int32");
  assertThrows(
    () => threefry2x32([x, x], [x, x]),
    TypeError,
    "needs uint32",
  );
});
