import { assertEquals, assertThrows } from "@std/assert";
import type { NDArray } from "../../core/array.ts";
import * as random from "../../library/random/mod.ts";
import { jit } from "../../transforms/jit.ts";
import { vmap } from "../../transforms/vmap.ts";
import { array } from "../_util/array.ts";

// Expected values were printed by JAX 0.10.2 with its default settings
// (jax_threefry_partitionable=True), by the calls of the same names.

const { bits, foldIn, key, split } = random;

Deno.test("key() of a seed of 32 bits, negative ones too", () => {
  assertEquals(key(0).js(), [0, 0]);
  assertEquals(key(42).js(), [0, 42]);
  assertEquals(key(2 ** 32 - 1).js(), [0, 4294967295]);
  assertEquals(key(-1).js(), [0, 4294967295]);
  assertEquals(random.PRNGKey(7).js(), [0, 7]);
});

Deno.test("key() of a larger seed fills both words, as JAX does with 64-bit seeds", () => {
  assertEquals(key(2 ** 40 + 5).js(), [256, 5]);
});

Deno.test("key() of a traced seed", () => {
  assertEquals(jit(key)(array(42, "int32")).js(), [0, 42]);
  assertEquals(vmap(key)(array([1, 2], "int32")).js(), [[0, 1], [0, 2]]);
});

Deno.test("key() needs an integer", () => {
  assertThrows(() => key(0.5), RangeError, "Cannot make a key from 0.5");
});

Deno.test("split() gives the keys of JAX", () => {
  assertEquals(split(key(0)).js(), [
    [1797259609, 2579123966],
    [928981903, 3453687069],
  ]);
  assertEquals(split(key(42), [2, 3]).js(), [
    [[1832780943, 270669613], [64467757, 2916123636], [2465931498, 255383827]],
    [[3134548294, 894150801], [2954079971, 3276725750], [
      2765691542,
      824333390,
    ]],
  ]);
  assertEquals(split(key(0), 0).shape, [0, 2]);
});

Deno.test("foldIn() gives the keys of JAX", () => {
  assertEquals(foldIn(key(42), 7).js(), [2547012911, 1371500959]);
  assertEquals(foldIn(key(0), 2 ** 32 - 1).js(), [743310391, 3789761811]);
  assertEquals(foldIn(key(0), -1).js(), [743310391, 3789761811]);
  assertEquals(
    jit(foldIn)(key(42), array(7, "int32")).js(),
    [2547012911, 1371500959],
  );
});

Deno.test("bits() gives the bits of JAX in every width", () => {
  assertEquals(bits(key(42), [2, 3]).js(), [
    [2098992034, 2919706841, 2646866425],
    [2409546199, 1935504149, 2516274904],
  ]);
  assertEquals(bits(key(42), [5], "uint8").js(), [162, 217, 249, 215, 21]);
  assertEquals(bits(key(42), [3], "uint16").js(), [5026, 12505, 63993]);
  assertEquals(bits(key(42)).item(), 2098992034);
  assertEquals(bits(key(42), [0]).js(), []);
});

Deno.test("bits of an element depend on its position only", () => {
  const long = bits(key(3), [7]).js() as number[];
  assertEquals(bits(key(3), [5]).js(), long.slice(0, 5));
  assertEquals(bits(key(3), [2, 2]).js(), [
    long.slice(0, 2),
    long.slice(2, 4),
  ]);
});

Deno.test("keys under vmap draw per lane, one key for all draws the same", () => {
  const keys = split(key(1), 3);
  const rows = (keys.js() as number[][]).map((row) => array(row, "uint32"));
  const draw = (key: NDArray) => bits(key, [2]);
  assertEquals(vmap(draw)(keys).js(), rows.map((row) => draw(row).js()));
  assertEquals(vmap(split)(keys).js(), rows.map((row) => split(row).js()));
  const shared = vmap(
    (key: NDArray, x: NDArray) => [bits(key), x],
    [null, 0],
  )(key(1), array([1, 2]));
  assertEquals(shared[0]!.js(), [bits(key(1)).js(), bits(key(1)).js()]);
});

Deno.test("what is no key is an error that says so", () => {
  assertThrows(
    () => bits(split(key(0))),
    TypeError,
    "Cannot draw bits with an array of shape [2,2] and dtype uint32 as a key",
  );
  assertThrows(() => split(array([1, 2])), TypeError, "dtype float32 as a key");
  assertThrows(
    () => split(3 as unknown as NDArray),
    TypeError,
    "a value of type number as a key",
  );
});
